"""Is a written log parse output right? Compared with a reference parse in Python, record by record.

Records are compared as hashes (of this process), with their types; keys may stand in any order."""
import json
import re
from array import array
from collections import Counter

KEYS = ("ip", "user", "ts", "method", "path", "proto", "status", "bytes", "referer", "agent", "class")
LINE = re.compile(r'(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\S+) "([^"]*)" "([^"]*)"$')


def record_of(line):
    """The log parse task, told once more: a tuple in the order of KEYS, or None for a line to leave out."""
    match = LINE.match(line)
    if match is None:
        return None
    ip, user, ts, method, path, proto, status, size, referer, agent = match.groups()
    if path == "/healthz":
        return None
    return (ip, user, ts, method, path, proto, int(status), 0 if size == "-" else int(size), referer, agent, status[0] + "xx")


def lines_of(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n", buffering=1 << 20) as f:
        for line in f:
            yield line.rstrip("\n")


def reference(log):
    """The hashes of the records that a log must give, in its order."""
    return array("q", (hash(r) for r in map(record_of, lines_of(log)) if r is not None))


def hash_of(text):
    """The hash of one output line; a record with keys missing or more than asked for gets one that fits nothing."""
    record = json.loads(text, parse_float=str)  # 200.0 is not 200
    if not isinstance(record, dict) or len(record) != len(KEYS):
        return hash(text)
    return hash(tuple(record.get(k) for k in KEYS))


def problem_with(expected, output, ordered=False):
    """What is wrong with an output file, in a few words, or None."""
    try:
        got = array("q", map(hash_of, lines_of(output)))
    except (OSError, ValueError, TypeError) as problem:
        return str(problem)
    if got == expected:
        return None
    if sorted(got) == sorted(expected):
        return "the input's order is not kept" if ordered else None
    want, have = Counter(expected), Counter(got)
    missing, extra = (want - have).total(), (have - want).total()
    return f"expected {len(expected)} records, got {len(got)}: {missing} missing, {extra} too many"
