"""What was measured: a flat list of samples, and what can be said of several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """One figure of one peer in one round: `work` says which, and in which unit."""

    round: int
    peer: str
    work: str
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of several samples, the least and the greatest of them."""

    median: float
    least: float
    greatest: float


def figure(values: Sequence[float]) -> Figure | None:
    """The figure for these values; None for none."""
    return Figure(median(values), min(values), max(values)) if values else None


class Samples:
    """All samples of a run."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        """These, and what is added."""
        self.all = list(samples)

    def add(self, *samples: Sample) -> None:
        """More of them."""
        self.all.extend(samples)

    def by_round(self, peer: str, work: str) -> dict[int, float]:
        """The value of each round that has one."""
        return {s.round: s.value for s in self.all if (s.peer, s.work) == (peer, work)}

    def figure(self, peer: str, work: str) -> Figure | None:
        """What the rounds say of a peer's work."""
        return figure(list(self.by_round(peer, work).values()))

    def ratio(self, over: tuple[str, str], under: tuple[str, str]) -> Figure | None:
        """One (peer, work) divided by another, round by round: a slow moment hits both."""
        top, bottom = self.by_round(*over), self.by_round(*under)
        return figure([top[n] / bottom[n] for n in top.keys() & bottom.keys() if bottom[n]])

    def difference(self, one: tuple[str, str], other: tuple[str, str]) -> Figure | None:
        """One (peer, work) less another, round by round."""
        left, right = self.by_round(*one), self.by_round(*other)
        return figure([left[n] - right[n] for n in left.keys() & right.keys()])
