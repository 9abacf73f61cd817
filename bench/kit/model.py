"""The words of the benchmark: what a row is made of, and which way is better."""

from dataclasses import dataclass, field
from typing import Callable

OURS = "headwater"

# measure -> True if more is better. A ratio is always "how many times better ours is".
MORE_IS_BETTER = {
    "requests/s": True,
    "CPU us/request": False,
    "p99 ms": False,
    "bad %": False,
    "lost": False,
    "surplus": False,
    "records/s": True,
    "CPU us/record": False,
    "lines/CPU s": True,
    "rows/CPU s": True,
    "rows/s": True,
    "MB/s": True,
    "wall s": False,
    "CPU s": False,
    "peak MiB": False,
    "peak MB": False,
    "start ms": False,
    "RSS MB": False,
    "PSS MB": False,
    "idle CPU %": False,
    "size MB": False,
    "list page ms": False,
    "filtered page ms": False,
    "one record ms": False,
    "first view kB": False,
    "requests": False,
    "paint map ms": False,
    "paint view ms": False,
    "paint empty ms": False,
    "record to pixel p95 ms": False,
    "alone p50 ms": False,
    "alone p95 ms": False,
    "update ms": False,
    "heap growth MB": False,
    "0 viewers CPU %": False,
    "50 viewers CPU %": False,
    "PNG ms": False,
    "1 M histogram ms": False,
    "replicas": False,
    "worker s": False,
    "holder s": False,
}


class Missing(Exception):
    """A contestant that could not be had, or did not run; the text says why."""


@dataclass
class Options:
    rounds: int = 3
    quick: bool = False

    def pick(self, full, quick):
        """The full amount of work, or the small one under --quick."""
        return quick if self.quick else full


@dataclass
class Contestant:
    """`sample()` measures once and answers {measure: number}; it may raise Missing."""

    name: str
    sample: Callable[[], dict]


@dataclass
class Against:
    """Ours divided by a peer; `want` is the ratio to reach, None only shows it."""

    peer: str
    measure: str
    want: float | None = None


@dataclass
class Limit:
    """A fixed bound for one of our own figures."""

    measure: str
    bound: float
    who: str = OURS


@dataclass
class Published:
    """A figure from elsewhere: shown beside ours, claims nothing."""

    source: str
    measure: str
    value: float
    want: float | None = None


@dataclass
class Row:
    number: int
    title: str
    ours: Contestant
    peers: list[Contestant]
    goals: list[Against | Limit | Published]
    variants: list[Contestant] = field(default_factory=list)  # ours in another setting
    notes: list[str] = field(default_factory=list)
