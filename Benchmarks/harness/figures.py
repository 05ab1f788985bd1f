"""The arithmetic of the tables: nothing here runs, reads or prints anything."""
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float


def spread(values):
    """Median, least and greatest; None for no values."""
    values = list(values)
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values))


def paired(function, *series):
    """Apply function round by round, to the rounds that every series (round -> value) has."""
    if not series:
        return {}
    rounds = set(series[0]).intersection(*series[1:])
    return {n: function(*(s[n] for s in series)) for n in sorted(rounds)}


def ratios(ours, theirs):
    """Ours over theirs, each pair from the same round, so that a slow spell of the machine falls on both."""
    return paired(lambda a, b: a / b, ours, {n: v for n, v in theirs.items() if v})


def others_share(busy, own_cpu, wall, processors, tick=0.01):
    """The share of the machine that other processes used. The kernel counts in ticks, so two of them are forgiven:
    without that every run of a few milliseconds would look disturbed."""
    if wall <= 0:
        return 0.0
    return max(0.0, busy - own_cpu - 2 * tick) / (wall * processors)


def met(value, at_least=None, below=None):
    """Whether the target is met; None where there is no target or nothing was measured."""
    if value is None or (at_least is None and below is None):
        return None
    return value >= at_least if at_least is not None else value < below


def short(value):
    """A figure for a table: three digits or so, k and M for the large."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.2f} M"
    if size >= 1e4:
        return f"{value / 1e3:.0f} k"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3f}"
