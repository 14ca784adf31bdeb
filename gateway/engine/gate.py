"""Judges packets that come one by one, each as an object of the NetfilterQueue package."""

from typing import Any

import cython

if not cython.compiled:
    from time import monotonic_ns

    from gateway.engine.judge import Judge
    from gateway.engine.lookout import Lookout
    from gateway.engine.message import DIRECTION_MASK
    from gateway.packet.memory import Packet, bytes_of, packet_of, put_bytes

PACKET_MAX = cython.declare(cython.int, 65_536)  # no IPv4 packet is longer


@cython.final
@cython.cclass
class Gate:
    """The callback for each packet of a queue: it accepts the packet translated, or drops it."""

    _worker: Any
    _judge: Judge
    _lookout: Lookout
    _shift: cython.int
    _held: object  # the memory that the packet is in
    _packet: Packet

    def __init__(self, worker: Any) -> None:
        """Judge for `worker`, an `engine.worker.Worker`, which looks around at once."""
        self._worker = worker
        self._judge = Judge(worker.translator, worker.tally)
        self._lookout = Lookout(worker, self._judge)
        self._shift = worker.bits.shift
        self._held = bytearray(PACKET_MAX)
        self._packet = packet_of(memoryview(self._held))

    def __call__(self, queued: Any) -> None:
        """Give the packet its verdict. What raises is a signal's handler, or the queue."""
        judge: Judge = self._judge
        now_ns: cython.longlong = monotonic_ns()
        judge.beat(now_ns)
        if self._lookout.is_due(now_ns):
            self._lookout.look()
        payload: bytes = queued.get_payload()
        mark: cython.uint = queued.get_mark()
        direction: cython.uint = mark >> self._shift & DIRECTION_MASK
        # The kernel finishes every checksum for an engine that doesn't ask for aggregates.
        length: cython.int = min(len(payload), PACKET_MAX)
        put_bytes(self._packet, payload, length)
        changed: bytes = b""
        if judge.judge(self._packet, length, direction, now_ns) == 0:
            changed = bytes_of(self._packet, 0, length)
            queued.set_payload(changed)
            queued.accept()
        else:
            queued.drop()
        if self._lookout.watched:
            self._worker.tell(direction, judge.outcome(), payload, changed)

    def beat(self) -> None:
        """Show that the loop goes round, also without packets."""
        self._judge.beat(monotonic_ns())

    def look(self) -> None:
        """Take a new table, and look for listeners: a signal has come."""
        self._lookout.look()
