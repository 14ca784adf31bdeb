"""What a change to the table costs: from its commit until it is in force everywhere.

Control, its log, the files and two worker processes are real; the workers carry no packets. One
change binds an EIP to an instance. With the fast path there is the kernel's copy of the table, too,
and its wait until no packet sees the one before. Most mappings of the table belong to no instance
here, so that a million are there within a minute: what control does for one change doesn't depend
on how many instances there are.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from bench.ours import forget_fast_path
from bench.rig import PREFIX, UPLINK, UPLINK_ADDRESS
from bench.samples import Sample
from support.publishing import Crowd, bindings, working

from gateway.fastpath.carrier import Carrier
from gateway.fastpath.maps import Place
from gateway.net import namespace
from gateway.net.links import Links

PEER: Final = "change"
WORKERS: Final = 2
CHANGES: Final = 60
WARM_UP: Final = 4  # the first two changes after a start of control write their file whole
WANTED_MS: Final = {100_000: 10.0, 1_000_000: 50.0}


def in_force(mappings: int, *, by_fast_path: bool) -> str:
    """From commit to in force, in ms, with so many mappings."""
    return f"ms, {mappings} mappings" + (", with the fast path" if by_fast_path else "")


def measure(mappings: int) -> list[Sample]:
    """Some changes by workers alone, then some by the fast path, too."""
    work, fast = (in_force(mappings, by_fast_path=by) for by in (False, True))
    with memory() as directory, ExitStack() as running:
        crowd = running.enter_context(
            closing(Crowd(directory, instances=CHANGES, eips=CHANGES, others=mappings - CHANGES))
        )
        running.enter_context(working(directory, WORKERS))
        changes = bindings(CHANGES)
        by_workers = crowd.in_force_ms(*changes[: CHANGES // 2])
        with carrying(directory):
            by_both = crowd.in_force_ms(*changes[CHANGES // 2 :])
    return [*_samples(work, by_workers), *_samples(fast, by_both)]


def _samples(work: str, values_ms: Sequence[float]) -> Iterator[Sample]:
    for number, value in enumerate(values_ms[WARM_UP:], 1):
        yield Sample(number, PEER, work, value)


@contextmanager
def memory() -> Iterator[Path]:
    """A directory in memory, as /run is on a machine that boots with systemd."""
    shared = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as directory:
        yield Path(directory)


@contextmanager
def carrying(directory: Path) -> Iterator[None]:
    """The kernel carries by the table that is published there, in a namespace of its own."""
    host = f"{PREFIX}.{os.getpid()}.changed"
    place = Place(host.replace(".", "-"), directory, host, UPLINK, UPLINK_ADDRESS)
    try:
        namespace.create(host)
        with Links(host) as links:
            links.veth(UPLINK, peer="far", peer_namespace=host)
            links.up(UPLINK)
        carrier = Carrier(place)
        with namespace.inside(host):
            carrier.prepare()
            carrier.carry()
        yield
    finally:
        forget_fast_path(directory, host)
        namespace.remove(host)
