"""What the figures were measured on and with."""
import os
import platform
import subprocess


def said(*command, directory=None):
    """The first line of what a command prints, or None where it does not work."""
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else None


def field(path, key, separator):
    with open(path) as f:
        for line in f:
            name, _, value = line.partition(separator)
            if name.strip() == key:
                return value.strip().strip('"')
    return None


def machine():
    return {
        "processor": field("/proc/cpuinfo", "model name", ":") or platform.machine(),
        "processors": os.cpu_count(),
        "memory": field("/proc/meminfo", "MemTotal", ":"),
        "kernel": platform.release(),
        "system": field("/etc/os-release", "PRETTY_NAME", "=") if os.path.exists("/etc/os-release") else platform.system(),
    }


def versions(places):
    go = os.path.join(places.benchmarks, ".work", "go-version")
    found = {
        "tidemill": said(places.tidemill, "--version"),
        "lua": said("lua5.4", "-v"),
        "go": said("cat", go),
        "cc": said("cc", "--version"),
        "python": platform.python_version(),
    }
    return {k: v for k, v in found.items() if v}


def commit(root):
    """The commit that is checked out, with + where files were changed since."""
    head = said("git", "rev-parse", "--short=12", "HEAD", directory=root)
    if head is None:
        return "unknown"
    return head + ("+" if said("git", "status", "--porcelain", "--untracked-files=no", directory=root) else "")
