"""Our data plane as a program: what the bench starts, and all that it knows of the engines.

`python ours.py DIRECTORY ENGINE QUEUES UPLINK ADDRESS POOL [NAMESPACE]` carries packets in its
namespace until it is ended; with the namespace's name the kernel carries, too, what is plain.
"""

import sys
from array import array
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from gateway.dataplane import record, service
from gateway.dataplane.fast_path import Beside
from gateway.dataplane.record import OFF, ON, Settings
from gateway.engine import rules
from gateway.exchange import pins
from gateway.fastpath import bpffs
from gateway.fastpath.carrier import Carrier
from gateway.fastpath.maps import Place
from gateway.nat import layout
from gateway.nat.mark import LOWEST_BITS
from gateway.steering.kernel import point
from gateway.steering.ruleset import Steering

FIRST_ENGINE: Final = "netfilterqueue"
COMPILED_ENGINE: Final = "batch"


def steering_for(uplink: str, address: str, pool: str, queues: range = range(1)) -> Steering:
    """The production rules; the peers that are compared know no mask, and read the whole mark."""
    return Steering(uplink, address, (pool,), queues=queues, bits=LOWEST_BITS)


def lacking(engine: str) -> str:
    """Why this engine can't be measured; nothing if it can."""
    if engine == COMPILED_ENGINE:
        try:
            rules.compiled()
        except ImportError as error:
            return f"not compiled here: {error}"
    return ""


def is_in_service(directory: Path, process: int) -> bool:
    """Whether that process has put its workers behind the queues."""
    return record.load(directory).supervisor == process


def is_carrying(directory: Path) -> bool:
    """Whether the kernel carries packets by itself."""
    return pins.is_linked(directory) and pins.state(directory) is pins.State.CARRYING


def lead_all_to(directory: Path, private: str) -> None:
    """Have the kernel's copy of the table lead all mappings to this instance.

    A link takes what is to its own instance, and there is none for each of a million. The places
    that a packet's look-ups read stay what they were.
    """
    for name in pins.TABLES:
        words = pins.memory(directory, name).cast("I")
        slots = words[layout.SLOTS]
        end = layout.RECORDS + layout.RECORD_WORDS * slots
        if slots:  # the other one of the two is empty
            words[layout.RECORDS + layout.PRIVATE : end : layout.RECORD_WORDS] = memoryview(
                array("I", [int(IPv4Address(private))]) * slots
            )


def forget_fast_path(directory: Path, namespace: str) -> None:
    """Remove what a fast path in that namespace has left outside of it."""
    bpffs.remove(_name(namespace))
    (directory / pins.LINK).unlink(missing_ok=True)


def main() -> None:
    """Run the data plane; a signal ends it."""
    directory, engine, queues, uplink, address, pool, *fast = sys.argv[1:]
    place = Place(_name(*fast), Path(directory), fast[0], uplink, address) if fast else None
    service.run(
        Path(directory),
        Settings(engine=engine, queues=int(queues), fastpath=ON if fast else OFF),
        lambda numbers: point(steering_for(uplink, address, pool, numbers)),
        bits=LOWEST_BITS,
        fast_path=Beside(lambda: Carrier(place), lambda: False) if place else None,
    )


def _name(namespace: str) -> str:
    return namespace.replace(".", "-")


if __name__ == "__main__":
    main()
