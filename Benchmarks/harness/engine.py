"""Groups without peers: how soon jobs stop, what it costs that they could, and how a stage follows its load."""
import json
import os

from .model import Derived, Group, Row


def figure(key):
    """The figure that a program prints about itself, in one JSON line."""
    return lambda sample: float(json.loads(sample.stdout)[key])


def by_round(row, key):
    return lambda: [{n: figure(key)(s) for n, s in row.samples.items()}]


def same(value):
    return value


def cancel(places, inputs, options):
    """From the wish that an endless job stops to the source's hearing of it."""
    rows, derived = [], []
    ways = [("endless_run_p99_ms", "cancel to the end of run(), p99", None), ("shared_p99_ms", "cancel, jobs that also wait, p99", 10),
            ("withdrawn_p50_ms", "one message withdrawn, p50", None), ("withdrawn_p99_ms", "one message withdrawn, p99", 10),
            ("timeout_p50_ms", "beyond a timeout of 20 ms, p50", None), ("timeout_p99_ms", "beyond a timeout of 20 ms, p99", 10)]
    for workers in (1, 8, 64):
        runs = 2 if options.quick else 20 if workers == 1 else 5
        name = f"{workers} worker{'s' * (workers > 1)}"
        row = Row(f"cancel to a job's end, p99, {name}", [places.tidemill_bench, "cancel", "--workers", str(workers), "--runs", str(runs)],
                  "ms", figure("endless_p99_ms"), below=10)
        rows.append(row)
        derived += [Derived(f"{what}, {name}", "ms", by_round(row, key), same, below=below) for key, what, below in ways]
    return Group("cancel", "Stopping endless Lua jobs", rows, derived,
                 note="Busy loops, some of them in pcall, in coroutines and in string functions; a stage has at most one thread for each core, "
                      "and the jobs that wait for one count, too.")


def overhead(places, inputs, options):
    """What a stage costs more because its jobs could be stopped or tried again."""
    jobs = 200_000 if options.quick else 1_000_000
    command = [places.tidemill_bench, "overhead", "--jobs", str(jobs), "--runs", "2"]
    row = Row("empty handler, timeout", command, "times none", figure("empty_timeout"), below=1.03)
    keys = [(task, way) for task in ("empty", "parse") for way in ("timeout", "retry", "deadline")][1:]
    titles = {"empty": "empty handler", "parse": "log parsing", "timeout": "timeout", "retry": "retry", "deadline": "timeout and deadline"}
    derived = [Derived(f"{titles[task]}, {titles[way]}", "times none", by_round(row, f"{task}_{way}"), same,
                       below=None if way == "deadline" else 1.03) for task, way in keys]
    return Group("overhead", "What precautions cost while nothing is stopped and nothing fails", [row], derived,
                 note="The time of one worker with a timeout, retries or a deadline over that without, turn by turn in one process. With "
                      "a deadline each job is looked at by itself, which costs what it costs.")


def scaling(places, inputs, options):
    """A stage's load goes from 10 % of what one worker does to 300 % and back."""
    rows, derived = [], []
    works = (("io", "jobs that wait 50 ms", 64), ("cpu", "jobs that compute 5 ms", (os.cpu_count() or 1) + 1))
    for work, title, most in works:
        row = Row(f"{title}: until there are enough workers", [places.tidemill_bench, "scaling", "--work", work], "s", figure("settle_s"),
                  below=5 if work == "io" else None)
        rows.append(row)
        derived += [Derived(f"{title}: changes after that, until the load ends", "changes", by_round(row, "changes_after"), same),
                    Derived(f"{title}: most workers", "workers", by_round(row, "most"), same, below=most + 0.5),
                    Derived(f"{title}: from the end of the load to one worker", "s", by_round(row, "shrink_s"), same)]
    return Group("scaling", "A stage that has as many workers as it needs", rows, derived,
                 note="Jobs come at a steady rate; 1 to 64 workers may be there. Computing jobs ask for three cores, and while the queue is full they "
                      "come more slowly.")
