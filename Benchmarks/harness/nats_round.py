"""One round of consuming from JetStream: a server, a stream full of messages, and a program that empties it.

usage: nats_round.py NATS_LOOP MESSAGES SIZE COMMAND...

COMMAND finds the server's address in URL. The time runs from its start until the consumer `bench` of the stream BENCH has
nothing left, as another connection sees it. Prints one JSON line: the rate, the command's CPU time for a message, and
its greatest memory in the first and in the last quarter of the time.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident_mib(pid):
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except OSError:
        return 0


def watch(pid, done, samples):
    while not done.wait(0.05):
        samples.append(resident_mib(pid))


def consume(loop, command, url):
    samples, done = [], threading.Event()
    start = time.monotonic()
    program = subprocess.Popen(command, env={**os.environ, "URL": url}, stdout=subprocess.DEVNULL)
    watcher = threading.Thread(target=watch, args=(program.pid, done, samples))
    watcher.start()
    subprocess.check_call([loop, "await", url, "BENCH", "bench", "0", "0"])
    seconds = time.monotonic() - start
    done.set()
    watcher.join()
    os.kill(program.pid, signal.SIGTERM)  # it may have ended by itself: nothing has taken note of that yet
    _, _, usage = os.wait4(program.pid, 0)
    return seconds, usage.ru_utime + usage.ru_stime, samples or [0]


def main(loop, messages, size, *command):
    with tempfile.TemporaryDirectory(prefix="tidemill-nats-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as store:
        port = free_port()
        url = f"nats://127.0.0.1:{port}"
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        server = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", store], stderr=subprocess.PIPE,
                                  env={**os.environ, "PATH": path}, text=True)
        try:
            for line in server.stderr:
                if "Server is ready" in line:
                    break
            threading.Thread(target=server.stderr.read, daemon=True).start()
            subprocess.check_call([loop, "publish", url, "BENCH", "bench", messages, size], stdout=subprocess.DEVNULL)
            seconds, cpu, samples = consume(loop, command, url)
        finally:
            server.terminate()
            server.wait()
    quarter = max(1, len(samples) // 4)
    print(json.dumps({"messages_per_s": int(messages) / seconds, "cpu_us": cpu / int(messages) * 1e6,
                      "early_mib": max(samples[:quarter]), "late_mib": max(samples[-quarter:])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
