"""Messages from NATS JetStream, beside the least that a program in C can do with them."""
import os
import sys

from .engine import figure
from .model import Group, Row

SIZE = 1024


def nats(places, inputs, options):
    """A stream full of messages of 1 KiB is emptied, and every one acknowledged."""
    count = 50_000 if options.quick else 500_000
    loop = places.peer("nats_loop")
    command = [sys.executable, os.path.join(places.benchmarks, "harness", "nats_round.py"), loop, str(count), str(SIZE)]
    rows = []
    for batch in (256, 1024):
        peer = f"nats.c, {batch} at a time"
        consume = ["sh", "-c", f'exec {loop} consume "$URL" BENCH bench {count} {batch}']
        rows.append(Row(peer, command + consume, "messages/s", figure("messages_per_s"), needs=loop))
        rows.append(Row(f"tidemill, an empty Lua stage, prefetch {4 * batch}", command + [places.tidemill, "run", "--quiet", places.config("nats")],
                        "messages/s", figure("messages_per_s"), {"PREFETCH": str(4 * batch)}, needs=loop, against=peer, at_least=0.9))
    return Group("nats", f"{count:,} messages of {SIZE} bytes from JetStream", rows,
                 note="The server runs on the same machine and takes most of it. A source asks for a quarter of its prefetch at a time at "
                      "least, as much as the peer beside it.")
