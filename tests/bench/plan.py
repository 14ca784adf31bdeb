"""How often and how long everything is measured."""

from dataclasses import dataclass
from typing import Final

MANY_FLOWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds, and seconds of each kind of work in a round."""

    name: str
    rounds: int
    warm_s: float
    flood_s: float
    stream_s: int  # iperf3 takes whole seconds; 0 would be for ever
    idle_s: float
    half_s: float
    flooded_s: float
    turns: int  # how often each peer's slice comes where all stand side by side
    slice_s: float
    tables: tuple[int, ...]  # numbers of mappings, besides one
    changed: tuple[int, ...]  # mappings, of which a change is measured
    quiet_s: float = 15.0  # how long the machine may take to become quiet before each peer


FULL: Final = Plan(
    name="full",
    rounds=3,
    warm_s=0.5,
    flood_s=2.0,
    stream_s=2,
    idle_s=1.5,
    half_s=2.0,
    flooded_s=1.0,
    turns=8,
    slice_s=0.4,
    tables=(1_000, 100_000, 1_000_000),
    changed=(100_000, 1_000_000),
)
QUICK: Final = Plan(
    name="quick",
    rounds=2,
    warm_s=0.2,
    flood_s=0.7,
    stream_s=1,
    idle_s=0.5,
    half_s=0.8,
    flooded_s=1.0,
    turns=3,
    slice_s=0.25,
    tables=(1_000_000,),
    changed=(100_000,),
    quiet_s=5.0,
)
