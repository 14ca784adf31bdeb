"""What the figures must show, as ratios within one run."""

# ruff: noqa: RUF001  the sign for "times"

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench import changed, flooded, ways, work
from bench.lineup import MILLION
from bench.samples import Figure, Samples

C_PROGRAM: Final = "nfq-c"
PYTHON_LOOP: Final = "nfq-python"
STATEFUL: Final = "nft-stateful"
PLAIN: Final = "plain"
NETFILTERQUEUE: Final = "netfilterqueue-1"
PROTECTED: Final = "batch-1"
FAST_PATH: Final = "fast-path"
OF_MILLION: Final = work.with_mappings(work.PPS, MILLION)
FAST: Final = (
    ("packets/s inbound, against plain forwarding", 1.15, PLAIN, ways.INBOUND),
    ("packets/s outbound, against plain forwarding", 1.15, PLAIN, ways.OUTBOUND),
    ("packets/s inbound, against nft with conntrack", 1.4, STATEFUL, ways.INBOUND),
    ("packets/s outbound, against nft with conntrack", 1.4, STATEFUL, ways.OUTBOUND),
    ("100,000 flows, against nft with conntrack", 1.8, STATEFUL, work.PPS_FLOWS),
    ("a million mappings, against nft with conntrack", 1.6, STATEFUL, OF_MILLION),
    ("one TCP stream, against plain forwarding", 1.05, PLAIN, ways.STREAM),
)
FAST_TRIPS: Final = (
    ("a round trip, idle, against plain forwarding", 1.15, ways.IDLE),
    ("a round trip beside half of what that carries", 1.3, ways.EQUAL),
)
LOST_MAX: Final = {flooded.UNASSIGNED: 0.1, flooded.BLOCKED: 0.1, flooded.SYNS: 2.0}  # percent
LIMITED_SHARE: Final = 0.95  # of what was offered
LIMITED_MARK: Final = " ⁺"


@dataclass(frozen=True, slots=True)
class Kept:
    """One promise: what was wanted, and what was measured, if it was."""

    text: str
    wanted: str
    measured: Figure | None
    unit: str
    holds: bool | None  # None: it wasn't measured


def added_us(samples: Samples, peer: str, work_name: str, baseline: str) -> Figure | None:
    """What the peer adds to a round trip through the same network without NAT."""
    return samples.difference((peer, work_name), (PLAIN, baseline))


def mark(samples: Samples, peer: str, work_name: str) -> str:
    """`LIMITED_MARK` if nearly all came through: the sender was the limit then, not the peer."""
    share = samples.ratio((peer, work_name), (peer, work.offered(work_name)))
    return LIMITED_MARK if share and share.median > LIMITED_SHARE else ""


def kept(samples: Samples, ours: str) -> Sequence[Kept]:
    """Every promise, for one of our engines."""
    return [
        _at_least(samples, "packets/s, against the C program", 1.5, ours, C_PROGRAM, work.PPS),
        _at_least(
            samples,
            "packets/s, against NetfilterQueue's Python loop",
            2.3,
            ours,
            PYTHON_LOOP,
            work.PPS,
        ),
        _at_least(
            samples,
            "one TCP stream, against NetfilterQueue's Python loop",
            6.0,
            ours,
            PYTHON_LOOP,
            work.STREAM_1,
        ),
        _at_least(
            samples,
            "one TCP stream, against the kernel's stateful nft NAT",
            0.5,
            ours,
            STATEFUL,
            work.STREAM_1,
        ),
        _ratio(
            "packets/s with a million mappings, against one mapping",
            0.85,
            samples.ratio((ours, OF_MILLION), (ours, work.PPS)),
        ),
        _latency(samples, "added latency, idle, p50, less the C program's", ours, work.IDLE_P50),
        _latency(samples, "the same, each at half of its own load", ours, work.HALF_P50),
        _at_least(
            samples,
            "packets/s of the engine netfilterqueue, against that Python loop",
            1.0,
            NETFILTERQUEUE,
            PYTHON_LOOP,
            work.PPS,
        ),
        _at_least(
            samples,
            "one TCP stream by that engine, against that Python loop",
            1.0,
            NETFILTERQUEUE,
            PYTHON_LOOP,
            work.STREAM_1,
        ),
        *(
            _at_least(samples, f"the fast path: {text}", least, FAST_PATH, peer, work_name)
            for text, least, peer, work_name in FAST
        ),
        _ratio(
            "the fast path: a million mappings, against one mapping",
            0.6,
            samples.ratio((FAST_PATH, OF_MILLION), (FAST_PATH, work.PPS)),
        ),
        *(
            _ratio(
                f"the fast path: {text}",
                most,
                samples.ratio((FAST_PATH, work_name), (PLAIN, work_name)),
                is_most=True,
            )
            for text, most, work_name in FAST_TRIPS
        ),
        *(_change(samples, mappings, most) for mappings, most in changed.WANTED_MS.items()),
        *(_at_most(samples, PROTECTED, what, most) for what, most in LOST_MAX.items()),
        *(_at_most(samples, FAST_PATH, what, 0.0) for what in flooded.FLOODED),
    ]


def _at_least(
    samples: Samples, text: str, least: float, ours: str, peer: str, work_name: str
) -> Kept:
    text += mark(samples, ours, work_name)
    return _ratio(text, least, samples.ratio((ours, work_name), (peer, work_name)))


def _ratio(text: str, bound: float, found: Figure | None, *, is_most: bool = False) -> Kept:
    keeps = operator.le if is_most else operator.ge
    holds = None if found is None else keeps(found.median, bound)
    return Kept(text, f"{'≤' if is_most else '≥'} {bound:g} ×", found, "×", holds)


def _latency(samples: Samples, text: str, ours: str, work_name: str) -> Kept:
    # What plain forwarding takes is in both, so it goes away.
    found = samples.difference((ours, work_name), (C_PROGRAM, work_name))
    return Kept(text, "≤ 0 µs", found, "µs", None if found is None else found.median <= 0)


def _change(samples: Samples, mappings: int, most: float) -> Kept:
    found = samples.figure(changed.PEER, changed.in_force(mappings, by_fast_path=True))
    text = f"a change to {mappings:,} mappings, in force everywhere"
    return Kept(text, f"≤ {most:g} ms", found, "ms", None if not found else found.median <= most)


def _at_most(samples: Samples, peer: str, work_name: str, most: float) -> Kept:
    found = samples.figure(peer, work_name)
    percent = found and Figure(100 * found.median, 100 * found.least, 100 * found.greatest)
    holds = None if percent is None else percent.median <= most
    by = "the fast path: " if peer == FAST_PATH else ""
    return Kept(f"{by}another's packets {work_name}", f"≤ {most:g} %", percent, "%", holds)
