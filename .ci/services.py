"""What the checks of the examples with brokers have in common: builds, servers and programs that run meanwhile."""

import contextlib
import functools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# One for all of them, so that Tidemill is built once.
SCRATCH = ROOT / ".build-examples/services"
# How long anything but a build may take before it counts as hung.
PATIENCE = 60


class Wrong(Exception):
    pass


def expect(condition, what, shown=""):
    if not condition:
        raise Wrong(f"{what}\n{shown}")


def run(command, **options):
    """The standard output of a command that must succeed."""
    options = {"timeout": 1200, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    done = subprocess.run([str(word) for word in command], **options)
    expect(done.returncode == 0, f"status {done.returncode} of: {command}", (done.stdout or "") + (done.stderr or ""))
    return done.stdout


def build(package):
    """Builds a package's programs; the folder that has them."""
    run(["swift", "build", "--package-path", package, "--scratch-path", SCRATCH])
    return SCRATCH / "debug"


@functools.cache
def tidemill():
    """The folder of the command, which `make build` makes; TIDEMILL names another one that is up to date."""
    if "TIDEMILL" in os.environ:
        return pathlib.Path(os.environ["TIDEMILL"]).resolve()
    run(["make", "build"], cwd=ROOT)
    return ROOT / ".build/release"


def eventually(what, condition, shown=lambda: ""):
    """Waits for something that another program does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        expect(time.monotonic() < end, f"it never came to this: {what}", shown())
        time.sleep(0.05)


class Program:
    """A program that runs beside the check; all that it writes is kept."""

    def __init__(self, command, **options):
        self.output = tempfile.NamedTemporaryFile("w+", prefix="tidemill-check-")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdout=self.output, stderr=subprocess.STDOUT, **options
        )

    @property
    def text(self):
        return pathlib.Path(self.output.name).read_text(errors="replace")

    def wait_for(self, text):
        eventually(f"\"{text}\"", lambda: text in self.text or self.process.poll() is not None, lambda: self.text)
        expect(text in self.text, f"it ended without saying \"{text}\"", self.text)

    def stop(self, number=signal.SIGTERM):
        """Sends a signal; the status with which the program ends then."""
        self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Wrong(f"it does not end on signal {number}:\n{self.text}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def nats_server():
    """The address of a server with JetStream whose streams go when it ends."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = ["nats-server", "-js", "-a", "127.0.0.1", "-p", port, "-sd", folder]
        with Program(command) as server:
            server.wait_for("Server is ready")
            yield f"nats://127.0.0.1:{port}"


def check(name, body):
    """Runs a check, says how it went, and ends the script."""
    start = time.monotonic()
    try:
        body()
    except (Wrong, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"FAILED: {name}: {error}")
    print(f"ok: {name} ({time.monotonic() - start:.0f} s)")
