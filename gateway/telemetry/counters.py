"""All counters of one gateway at one moment: addresses, reasons, guard and kernel queue."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.dataplane.queues import queues
from gateway.exchange.worker_page import Traffic, counts, fast_counts
from gateway.metering.attribution import by_address
from gateway.nat.reasons import Reason
from gateway.steering import early, kernel

# What the kernel counts of packets that it refuses, and where: file, line, column.
PROC: Final = Path("/proc/thread-self/net")
KERNEL_DROPS: Final = {
    "bad_header": ("snmp", "Ip", "InHdrErrors"),
    "truncated": ("netstat", "IpExt", "InTruncatedPkts"),
}


@dataclass(frozen=True, slots=True)
class Counters:
    """Where every packet went that came to the gateway's uplink or wanted to leave through it."""

    addresses: dict[str, Traffic]  # public address → what was translated for it
    reasons: dict[str, int]  # reason's label → packets; `translated` is the accepted ones
    guard: dict[str, int]  # packets that came to no queue, or left it untranslated
    queue: dict[str, int]  # packets the kernel dropped, because the data plane was too slow
    kernel: dict[str, int]  # packets it dropped before, or after, for their header
    paths: dict[str, int]  # packets by the path on which they met with their reason


def read(directory: Path, book: Path, slots: range | None = None) -> Counters:
    """The counters of the gateway that publishes in `directory`, in this thread's namespace.

    Of addresses there are all, or only those with these slots; `book` is the meter's and says which
    slots these are. Raises `SteeringError` if the namespace has no steering, `StoreError` or
    `OSError` if a file can't be read.
    """
    counted, fast = counts(directory, range(0)).reasons, fast_counts(directory).reasons.total()
    dropped = early.drops()
    queued = queues()
    return Counters(
        addresses=by_address(directory, book, slots),
        reasons={reason.label: counted[reason] + dropped.get(reason, 0) for reason in Reason},
        guard=kernel.guard_drops(),
        queue={
            "dropped_full": sum(queue.dropped_full for queue in queued),
            "dropped_socket": sum(queue.dropped_socket for queue in queued),
        },
        kernel={name: _statistic(*place) for name, place in KERNEL_DROPS.items()},
        paths={
            "fast": fast,
            "slow": max(0, counted.total() - fast),
            "early": sum(dropped.values()),
        },
    )


def _statistic(file: str, line: str, column: str) -> int:
    """One number of the kernel's tables: a line of names, and below it a line of values."""
    lines = [text.split() for text in (PROC / file).read_text().splitlines()]
    names, values = (words for words in lines if words[0] == f"{line}:")
    return int(values[names.index(column)])
