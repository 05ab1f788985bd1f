"""The groups: what is run, and what it is held against."""
import os

from .check import problem_with
from .engine import cancel, figure as own_figure, overhead, scaling
from .model import Derived, Group, Row
from .nats import nats
from .photos import images
from .pools import idle, order, pool, waits
from .queues import queue

MIB = 1 << 20


class Places:
    """Where programs, scripts and configurations are."""

    def __init__(self, benchmarks, tidemill, tidemill_bench):
        self.benchmarks, self.tidemill, self.tidemill_bench = benchmarks, tidemill, tidemill_bench

    def peer(self, name):
        return os.path.join(self.benchmarks, ".work", "bin", name)

    def source(self, name):
        return os.path.join(self.benchmarks, "peers", name)

    def python(self, environment):
        return os.path.join(self.benchmarks, ".work", environment, "bin", "python3")

    def config(self, name):
        return os.path.join(self.benchmarks, "configs", name + ".json")

    def script(self, name):
        return os.path.join(self.benchmarks, "scripts", name + ".lua")


def log(places, inputs, options):
    """Lines a second from a file, through a Lua handler, to a file of JSON lines."""
    lines = options.lines
    source, out = inputs.access_log(lines), inputs.path("out.jsonl")
    rows = []

    def add(name, command, env=None, ordered=False, writes=True, **more):
        verify = (lambda: problem_with(inputs.reference(lines), out, ordered)) if writes else None
        rows.append(Row(name, command, "lines/s", lambda s: lines / s.wall, env or {}, count=lines, output=out, verify=verify, **more))

    def peer(name, program, *arguments):
        add(name, [places.peer(program), *arguments, source, out], needs=places.peer(program))

    def tidemill(name, config, workers, order="none", **more):
        env = {"IN": source, "OUT": out, "WORKERS": str(workers), "ORDER": order}
        add(name, [places.tidemill, "run", places.config(config)], env, order == "input", **more)

    peer("chost 1 thread", "chost", "1", places.script("parse"))
    tidemill("tidemill 1 worker", "one_stage", 1, against="chost 1 thread", at_least=0.9)
    peer("chost 2 threads", "chost", "2", places.script("parse"))
    tidemill("tidemill 2 workers", "one_stage", 2, against="chost 2 threads", at_least=0.9)
    tidemill("tidemill 2 workers, order input", "one_stage", 2, "input", against="chost 2 threads", at_least=0.9)
    tidemill("tidemill 1 worker, 3 stages", "three_stages", 1, against="tidemill 1 worker")
    tidemill("tidemill 2 workers, 3 stages", "three_stages", 2, against="tidemill 2 workers")
    add("lua5.4, handler only: no JSON, no output",
        ["lua5.4", os.path.join(places.benchmarks, "peers/lua/lines.lua"), places.script("parse"), source], writes=False, needs="lua5.4")
    peer("Go by hand, hand-written parser, 2 workers", "logpipe", "-workers", "2", "-parse", "hand")
    peer("Go by hand, regexp, 2 workers", "logpipe", "-workers", "2", "-parse", "regexp")

    by_name = {r.name: r for r in rows}
    hops = [Derived(f"CPU of one hop, {w}", "us/line",
                    lambda w=w: [by_name[f"tidemill {w}, 3 stages"].cpu_each(), by_name[f"tidemill {w}"].cpu_each()],
                    lambda three, one: (three - one) / 2) for w in ("1 worker", "2 workers")]
    return Group("log", f"Log parsing, {lines:,} lines of {os.path.getsize(source) / lines:.0f} bytes", rows, hops,
                 note="A hop is a channel between two Lua stages with a record of ten or eleven fields: the CPU of three stages less that "
                      "of one, halved.")


def dispatch(places, inputs, options):
    """Trivial jobs a second through channels and workers, timed inside each program after its warm-up."""
    scale = 10 if options.quick else 1
    rows = []

    def add(name, program, arguments, jobs, **more):
        needs = None if program == places.tidemill_bench else program
        rows.append(Row(name, [program, *arguments], "jobs/s", own_figure("jobs_per_s"), needs=needs, count=jobs, **more))

    def pair(pattern, workers, jobs, at_least):
        jobs //= scale
        size = [str(workers), str(jobs)]
        go = f"Go {pattern}, {workers} workers"
        add(go, places.peer("pool"), ["-pattern", pattern, "-workers", size[0], "-jobs", size[1]], jobs)
        add(f"tidemill {pattern}, {workers} workers", places.tidemill_bench, [pattern, "--workers", size[0], "--jobs", size[1]], jobs,
            against=go, at_least=at_least)

    for workers in (2, 8, 32, 256):
        pair("pipe", workers, 4_000_000, 2.0)
    batched = 20_000_000 // scale
    add("Go pipe, 2 workers, batches of 64 made by hand", places.peer("pool"),
        ["-pattern", "pipebatch", "-workers", "2", "-jobs", str(batched)], batched)
    pair("chan", 2, 10_000_000, 1.0)
    calls = 10_000_000 // scale
    add("C lua_pcall loop", places.peer("pcall_loop"), [str(calls)], calls)
    for workers in (1, 2):
        add(f"tidemill lua-empty, {workers} worker{'s' * (workers > 1)}", places.tidemill_bench,
            ["lua-empty", "--workers", str(workers), "--jobs", str(calls)], calls, against="C lua_pcall loop", at_least=0.5)
    return Group("dispatch", "Dispatch of trivial jobs", rows,
                 note="pipe: three stages with N workers each, 256-slot channels, one sink. chan: one 256-slot channel, one producer, N "
                      "consumers. CPU and memory are the whole process's, warm-up included.")


def memory(places, inputs, options):
    """What a long run and an idle worker weigh."""
    size = (128 if options.quick else 1024) * MIB
    source, out = inputs.access_log_of_size(size, options.lines), inputs.path("out.jsonl")

    def too_small():
        """JSON lines are longer than the log's, so a run that really did the work wrote more than it read."""
        written = os.path.getsize(out) if os.path.exists(out) else 0
        return None if written > os.path.getsize(source) else f"only {written} bytes"

    rows = [Row(f"tidemill 2 workers, {size // MIB} MiB of log", [places.tidemill, "run", places.config("one_stage")], "MiB peak",
                lambda s: s.rss_mib, {"IN": source, "OUT": out, "WORKERS": "2", "ORDER": "none"}, output=out, verify=too_small, below=64)]
    few, many = 10, 1010
    for n in (few, many):
        rows.append(Row(f"tidemill, {n} idle workers", [places.tidemill_bench, "idle-workers", "--workers", str(n)], "KiB",
                        own_figure("rss_kib")))
        rows.append(Row(f"C, {n} bare Lua states", [places.peer("bare_states"), str(n)], "KiB", own_figure("rss_kib"),
                        needs=places.peer("bare_states")))
    _, tidemill_few, bare_few, tidemill_many, bare_many = rows

    def slope(high, low):
        return (high - low) / (many - few)

    pairs = [(tidemill_many, tidemill_few), (bare_many, bare_few)]
    derived = [
        Derived("one idle worker", "KiB", lambda: [r.values() for r in pairs[0]], slope),
        Derived("one bare Lua state", "KiB", lambda: [r.values() for r in pairs[1]], slope),
        Derived("one idle worker above a bare Lua state", "KiB", lambda: [r.values() for pair in pairs for r in pair],
                lambda a, b, c, d: slope(a, b) - slope(c, d), below=64),
    ]
    return Group("memory", "Memory", rows, derived)


def startup(places, inputs, options):
    """From exec to the first byte of output."""
    env = {"IN": inputs.access_log(1000)}

    def first(sample):
        if sample.first_byte < 0:
            raise ValueError("it wrote nothing")
        return sample.first_byte * 1e3

    rows = [Row("lua5.4 -e 'print(1)'", ["lua5.4", "-e", "print(1)"], "ms", first, needs="lua5.4", first_byte=True),
            Row("tidemill run, first record", [places.tidemill, "run", places.config("startup")], "ms", first, env, below=100,
                first_byte=True)]
    return Group("startup", "Start-up, exec to first byte of output", rows, times=4)


GROUPS = {"log": log, "dispatch": dispatch, "pool": pool, "waits": waits, "idle": idle, "order": order, "memory": memory, "startup": startup, "images": images, "nats": nats,
          "cancel": cancel, "overhead": overhead, "scaling": scaling, "queue": queue}
