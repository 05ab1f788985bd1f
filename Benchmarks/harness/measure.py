"""Running commands one by one and round by round."""
import json
import os
import shutil
import subprocess
import sys

from .figures import others_share
from .model import Sample

TICK = 1 / os.sysconf("SC_CLK_TCK")
PROCESSORS = os.cpu_count() or 1
DISTURBED = 0.15  # a larger share of the machine taken by others makes a run count as disturbed
ATTEMPTS = 4
TIMEOUT = 900  # seconds; a command that hangs must not hold up everything


def busy_seconds():
    """CPU seconds that the whole machine has spent so far, stolen time included."""
    with open("/proc/stat") as f:
        ticks = [int(x) for x in f.readline().split()[1:9]]
    idle, waiting = ticks[3], ticks[4]
    return (sum(ticks) - idle - waiting) * TICK


def clear(row):
    """Takes away what an earlier run wrote."""
    if row.folder:
        shutil.rmtree(row.output, ignore_errors=True)
        os.makedirs(row.output)
    elif row.output and os.path.exists(row.output):
        os.unlink(row.output)


class Runner:
    """Runs a row's command once, through the small program that takes its time and memory."""

    def __init__(self, measure, work, directory):
        self.measure, self.directory = measure, directory
        self.report = os.path.join(work, "measure.json")

    def __call__(self, row):
        clear(row)
        command = [self.measure] + ["--first-byte"] * row.first_byte + [self.report] + row.command
        before = busy_seconds()
        done = subprocess.run(command, env={**os.environ, **row.env}, cwd=self.directory, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        busy = busy_seconds() - before
        if done.returncode:
            raise RuntimeError(f"cannot run {row.command[0]}: {done.stderr.strip()}")
        with open(self.report) as f:
            took = json.load(f)
        others = others_share(busy, took["cpu"], took["wall"], PROCESSORS, TICK)
        return Sample(others=others, stdout=done.stdout, stderr=done.stderr, **took)


def calmest(run, row):
    """Run until others leave the machine alone; the least disturbed run and whether it was disturbed all the same."""
    best = None
    for _ in range(ATTEMPTS):
        sample = run(row)
        if sample.status != 0:
            return sample, False
        if best is None or sample.others < best.others:
            best = sample
        if best.others <= DISTURBED:
            return best, False
    return best, True


def take(run, row, number, verify):
    """One round of one row, kept in the row."""
    try:
        sample, disturbed = calmest(run, row)
        if sample.status != 0:
            last = (sample.stderr.strip() or sample.stdout.strip() or "no message").splitlines()[-1]
            row.error = f"exit {sample.status}: {last[:300]}"
            return
        sample.value = row.value(sample)
    except (RuntimeError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as problem:
        row.error = f"{type(problem).__name__}: {problem}"
        return
    row.samples[number] = sample
    row.dirty = row.dirty or disturbed
    if verify and row.verify and row.verified is None:
        wrong = row.verify()
        row.verified = wrong is None
        row.error = wrong and f"wrong output: {wrong}"


def measure(group, rounds, run, verify=True, progress=sys.stderr):
    """Measure all rows of a group round by round. Every other round goes backwards, so that no row always follows
    the same neighbour. Returns the rows whose programs are not installed; a row that fails is not run again."""
    left_out = [r for r in group.rows if r.needs and not shutil.which(r.needs)]
    rows = [r for r in group.rows if r not in left_out]
    rounds *= group.times
    for number in range(rounds):
        for row in rows if number % 2 == 0 else reversed(rows):
            if row.error:
                continue
            take(run, row, number, verify)
            sample = row.samples.get(number)
            state = row.error or f"{sample.wall:.2f} s, others {sample.others:.0%}{' ~' if row.dirty else ''}"
            print(f"{group.name} {number + 1}/{rounds}  {row.name}: {state}", file=progress, flush=True)
    return left_out
