"""The group about queue files, beside Redis on the same disk."""
import os

from .engine import by_round, figure, same
from .model import Derived, Group, Row
from .pools import ratio


def queue(places, inputs, options):
    """Messages that go in, are leased and are done, by batches; and a queue of a million."""
    folder = os.path.join(places.benchmarks, ".work", "queue")  # not with the inputs, which may lie in memory
    rows, derived = [], []

    def add(name, command, messages, unit="messages/s", key="messages_per_s", **more):
        rows.append(Row(name, command, unit, figure(key), count=messages, output=folder, folder=True, **more))
        return rows[-1]

    for batch, messages in ((1, 2_000), (16, 32_000), (256, 256_000)):
        messages //= 10 if options.quick else 1
        size = f"batches of {batch}"
        ours = add(f"tidemill, {size}", [places.tidemill_bench, "queue", "--messages", str(messages), "--batch", str(batch),
                                         "--folder", folder], messages)
        for way, at_least in (("always", 1), ("everysec", None)):
            command = [places.peer("redis_queue"), str(messages), str(batch), way, folder]
            redis = add(f"Redis, {way}, {size}", command, messages, needs=places.peer("redis_queue"))
            derived.append(ratio(ours, redis, at_least))
    deep = 100_000 if options.quick else 1_000_000
    row = add(f"lease and settle 16 of {deep:,}, median", [places.tidemill_bench, "queue-deep", "--messages", str(deep), "--folder", folder],
              deep, "us", "p50_us")
    derived += [Derived(f"lease and settle 16 of {deep:,}, p99", "us", by_round(row, "p99_us"), same),
                Derived(f"count {deep:,}", "ms", by_round(row, "stats_ms"), same)]
    return Group("queue", "Queue file, enqueue + lease + done", rows, derived,
                 note="One program, one call after the other; bodies of 200 bytes. Tidemill has each batch on the disk before it is leased, as Redis has "
                      "with `always`, which also syncs leases and acknowledgements; with `everysec` it may lose a second of all of them. Redis has a "
                      "Unix socket and a pipeline for each step; XACK leaves messages in the stream.")
