"""Groups about pools of workers: Tidemill's beside Go's patterns and libraries."""
from .engine import by_round, figure, same
from .model import Derived, Group, Row

GO = "Go"
SCALE_QUICK = 10

# What a stage can be told about its workers; a new way is one word here and one case in programs/.
DISPATCHES = ("shared", "idle")
ORDERS = ("none", "key", "input")


def ratio(ours, theirs, at_least=None):
    """Ours over a peer's, for rows that are held against several peers."""
    return Derived(f"{ours.name} / {theirs.name}", "times", lambda: [ours.values(), theirs.values()], lambda a, b: a / b,
                   at_least=at_least, of=(ours, theirs))


def pool(places, inputs, options):
    """Trivial jobs through one pool of workers."""
    scale = SCALE_QUICK if options.quick else 1
    # name, program, pattern, jobs, target for Tidemill over it
    peers = [("dispatcher", "pool", "dispatch", 2_000_000, 4), ("idle workers' channels (W2)", "pool", "w2", 2_000_000, 4),
             ("goroutine a job, semaphore", "pool", "goroutinesem", 4_000_000, 4), ("jobs and results, context", "pool", "ctxpool", 5_000_000, 2),
             ("one channel", "pool", "chan", 20_000_000, 1), ("ants", "pool-ants", "ants", 3_000_000, None),
             ("pond", "pool-pond", "pond", 5_000_000, None)]
    rows, derived = [], []

    def add(name, command, jobs, **more):
        rows.append(Row(name, [*command, "--jobs", str(jobs)], "jobs/s", figure("jobs_per_s"), count=jobs, **more))
        return rows[-1]

    def go(name, program, pattern, workers, jobs):
        path = places.peer(program)
        return add(f"{GO} {name}", [path, "--pattern", pattern, "--workers", str(workers)], jobs // scale, needs=path)

    unlimited = go("goroutine a job, no limit", "pool", "goroutine", 1, 2_000_000)
    for workers in (2, 8, 32, 256, 10_000):
        theirs = [(go(f"{name}, {workers:,} workers", program, pattern, workers, jobs), at_least)
                  for name, program, pattern, jobs, at_least in peers]
        ours = add(f"tidemill, {workers:,} workers", [places.tidemill_bench, "chan", "--workers", str(workers)], 20_000_000 // scale)
        derived += [ratio(ours, row, at_least) for row, at_least in [*theirs, (unlimited, 4)]]
    return Group("pool", "Pools of workers, trivial jobs", rows, derived,
                 note="One source, one stage of N workers, one sink, with 256 slots a channel; Go's channels have as many. Sums are checked.")


def together(sample, jobs):
    """The peak of a run in which nearly all jobs waited at once; in another the last began when the first was done."""
    most = figure("most_waiting")(sample)
    if most < 0.95 * jobs:
        raise ValueError(f"only {most:,.0f} of {jobs:,} jobs waited at once")
    return sample.rss_mib


def waits(places, inputs, options):
    """Many jobs that wait at once: whole processes, and what a waiting job weighs."""
    jobs, wait = (100_000 if options.quick else 1_000_000), 10
    peers = [("goroutines, semaphore", "waits", "goroutinesem"), ("ants", "waits-ants", "ants"), ("pond", "waits-pond", "pond")]
    rows, derived = [], []

    def add(name, command, workers, jobs, wait, unit, value, **more):
        size = ["--workers", str(workers), "--jobs", str(jobs), "--wait", str(wait)]
        rows.append(Row(name, [*command, *size], unit, value, count=jobs, **more))
        return rows[-1]

    def each(title, workers, jobs, wait, unit, value):
        go = [add(f"{GO} {name}, {title}", [places.peer(program), "--pattern", pattern], workers, jobs, wait, unit, value,
                  needs=places.peer(program)) for name, program, pattern in peers]
        return go, [add(f"{name}, {title}", [places.tidemill_bench, pattern], workers, jobs, wait, unit, value)
                    for name, pattern in (("Swift tasks", "sleeps"), ("tidemill", "waits"))]

    for workers in (10_000, 50_000, 200_000):
        go, (tasks, ours) = each(f"{workers:,} at a time", workers, jobs, wait, "jobs/s", lambda s: jobs / s.wall)
        derived += [ratio(ours, row) for row in [*go, tasks]]
    few, many, long = 1_000, 20_000 if options.quick else 51_000, 5
    groups = [[row for part in each(f"{n:,} that all wait", n, n, long * 1_000, "MiB peak", lambda s, n=n: together(s, n)) for row in part]
              for n in (few, many)]
    for low, high in zip(*groups):
        name = high.name.split(",")[0]
        derived.append(Derived(f"one waiting job, {name}", "bytes", lambda a=high, b=low: [a.values(), b.values()],
                               lambda a, b: (a - b) * (1 << 20) / (many - few), of=(low, high)))
    return Group("waits", f"{jobs:,} jobs that wait {wait} ms each", rows, derived,
                 note="Whole processes, start to exit. Swift tasks: as many tasks that sleep in turn, without a pipeline. The weight of a "
                      f"waiting job is the difference of the peaks between {many:,} jobs that all wait {long} s at once and {few:,}, for each job.")


def idle(places, inputs, options):
    """How long short jobs wait for a worker while others take long."""
    size = ["--workers", "4", "--jobs", "20000" if options.quick else "100000"]
    rows, derived = [], []

    def add(name, command, **more):
        rows.append(Row(name, [*command, *size], "us, p99", figure("p99_us"), **more))
        derived.extend(Derived(f"{name}, {what}", "us", by_round(rows[-1], key), same, of=(rows[-1],))
                       for what, key in (("median", "p50_us"), ("longest", "max_us")))

    for long in ("wait", "compute"):
        go = ["--sleeps"] if long == "wait" else []
        for name, pattern in (("one channel", "chan"), ("one channel, batches of 64", "batch"), ("idle workers' channels (W2)", "w2")):
            add(f"{GO} {name}, long jobs {long}", [places.peer("latency"), "--pattern", pattern, *go], needs=places.peer("latency"))
        for dispatch in DISPATCHES:
            add(f"tidemill, dispatch {dispatch}, long jobs {long}",
                [places.tidemill_bench, "idle", "--dispatch", dispatch, "--long", long],
                against=None if dispatch == "shared" else f"tidemill, dispatch shared, long jobs {long}")
    return Group("idle", "Short jobs behind long ones", rows, derived,
                 note="Four workers; one job in a hundred takes 5 ms, waiting or computing, the others compute for 5 to 20 us. 12,000 jobs come each second in "
                      "bursts of 16. The time is from a burst's arrival to a short job's start.")


def order(places, inputs, options):
    """What keeping an order costs."""
    jobs = 500_000 if options.quick else 3_000_000
    rows = []
    for keys in ("uniform", "zipf"):
        for way in ORDERS:
            name = f"order {way}, {keys} keys"
            command = [places.tidemill_bench, "order", "--order", way, "--keys", keys, "--workers", "8", "--jobs", str(jobs)]
            rows.append(Row(name, command, "jobs/s", figure("jobs_per_s"), count=jobs,
                            against=None if way == "none" else f"order none, {keys} keys"))
    for keys in ("uniform", "zipf"):
        command = [places.tidemill_bench, "keys", "--keys", keys, "--jobs", "4000" if options.quick else "40000"]
        rows.append(Row(f"dispatch key, 1 ms waits, {keys} keys", command, "% busy", figure("utilisation_percent")))
    return Group("order", "Order, 8 workers, jobs of random length", rows,
                 note="A job keeps a core busy for 2 us in the middle, with an exponential spread; there are 1,024 keys. The sink checks every "
                      "job's place.")
