"""What the tests of a worker have in common: one public address, and the packets to it."""

from collections.abc import Callable

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from gateway.engine.worker import Worker
from gateway.nat.outcome import Direction
from gateway.nat.table import Mapping, Table, build

CLIENT, PUBLIC, FIRST, SECOND = "198.51.100.10", "203.0.113.9", "10.0.0.2", "10.0.0.3"
IN, OUT = Direction.INBOUND, Direction.OUTBOUND
TO_FIRST = Mapping(0xCB007109, 0x0A000002, 1)
TO_SECOND = Mapping(0xCB007109, 0x0A000003, 1)

Start = Callable[..., Worker]


class Queued:
    """A packet of NetfilterQueue's, without its queue: what was done with it."""

    def __init__(self, raw: bytes, mark: int) -> None:
        self.raw = raw
        self.mark = mark
        self.done: list[object] = []

    def get_mark(self) -> int:
        return self.mark

    def get_payload(self) -> bytes:
        return self.raw

    def set_payload(self, raw: bytes) -> None:
        self.done.append(raw)

    def accept(self) -> None:
        self.done.append("accept")

    def drop(self) -> None:
        self.done.append("drop")


def accepts(worker: Worker, packet: bytearray, mark: int) -> bool:
    """Put the packet through the worker's gate, in place; whether it goes on."""
    queued = Queued(bytes(packet), mark)
    worker.rules.gate(worker)(queued)
    if queued.done == ["drop"]:
        return False
    changed, verdict = queued.done
    assert verdict == "accept"
    assert isinstance(changed, bytes)
    packet[:] = changed
    return True


def wire(source: str, destination: str) -> bytearray:
    return bytearray(bytes(IP(src=source, dst=destination) / UDP() / Raw(b"data")))


def table(generation: int, *mappings: Mapping, slots: int = 4) -> Table:
    return build(generation, slots, mappings)
