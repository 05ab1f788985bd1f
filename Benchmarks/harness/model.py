"""What a group of measurements is made of."""
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Sample:
    """One run of one command."""
    wall: float
    cpu: float  # user + system seconds
    rss_mib: float  # peak
    others: float  # share of the machine that other processes used meanwhile
    status: int
    first_byte: float  # seconds from exec to the first byte of output; -1 where that was not asked for
    stdout: str = ""
    stderr: str = ""
    value: float | None = None  # the row's own figure, in the row's unit


@dataclass
class Row:
    """One line of a table: a command, the figure taken from its run, and what that is held against."""
    name: str
    command: list[str]
    unit: str
    value: Callable[[Sample], float]
    env: dict[str, str] = field(default_factory=dict)
    needs: str | None = None  # a program without which the row is left out
    count: int | None = None  # jobs or lines in one run, for the CPU time each
    output: str | None = None  # a file that is removed before each run
    folder: bool = False  # the output is a folder, which is made empty before each run
    verify: Callable[[], str | None] | None = None  # looks at the first round's output; returns what is wrong with it
    against: str | None = None  # the row to divide by, round by round
    at_least: float | None = None  # target for that ratio
    below: float | None = None  # target for the figure itself
    first_byte: bool = False
    # Filled while measuring:
    samples: dict[int, Sample] = field(default_factory=dict)  # by round
    dirty: bool = False  # some round stayed disturbed by other processes
    error: str | None = None
    verified: bool | None = None  # None: not looked at

    def values(self):
        return {n: s.value for n, s in self.samples.items()}

    def cpu_each(self):
        """Microseconds of CPU for each line or job, by round."""
        return {n: s.cpu / self.count * 1e6 for n, s in self.samples.items()} if self.count else {}


@dataclass
class Derived:
    """A figure calculated from several rows, round by round."""
    name: str
    unit: str
    inputs: Callable[[], list[dict[int, float]]]  # figures by round
    function: Callable[..., float]
    below: float | None = None
    at_least: float | None = None
    of: tuple[Row, ...] = ()  # the rows without which it is left out


@dataclass
class Group:
    name: str
    title: str
    rows: list[Row]
    derived: list[Derived] = field(default_factory=list)
    times: int = 1  # rounds for each round asked for
    note: str = ""
