"""The batch loop: many packets for each system call, and each is rewritten where it was received.

A turn of the loop receives up to a mailbox of messages, turns each into its verdict, and sends the
verdicts together. The loop looks for a new table once in a turn, before the first packet: so when
a worker acknowledges a generation, no verdict by an older one is left to be sent.
"""

from typing import Any

import cython

if not cython.compiled:
    from time import monotonic_ns

    from gateway.engine.judge import Judge
    from gateway.engine.lookout import Lookout
    from gateway.engine.mailbox import Mailbox
    from gateway.engine.message import Message, verdict_size
    from gateway.packet.memory import Packet, bytes_of


@cython.final
@cython.cclass
class BatchLoop:
    """The loop of one worker over the messages of its mailbox."""

    _mailbox: Mailbox
    _worker: Any
    _judge: Judge
    _lookout: Lookout

    def __init__(self, mailbox: Mailbox, worker: Any) -> None:
        """The loop carries packets for `worker`, an `engine.worker.Worker`."""
        self._mailbox = mailbox
        self._worker = worker
        self._judge = Judge(worker.translator, worker.tally, worker.bits.shift)
        self._lookout = Lookout(worker, self._judge)

    def run(self) -> None:
        """Carry packets until a signal's handler raises. Raises `OSError` if the socket fails."""
        self._judge.beat(monotonic_ns())  # from here on packets may come
        while True:
            self.turn()

    @cython.ccall
    @cython.exceptval(-1)
    def turn(self) -> cython.int:
        """Wait for packets or a signal, and judge the packets; returns the number of messages."""
        count: cython.int = self._mailbox.receive()
        now_ns: cython.longlong = monotonic_ns()
        self._judge.beat(now_ns)
        if count == 0 or self._lookout.is_due(now_ns):
            self._lookout.look()
        if self._judge.is_table_large():
            self._look_ahead(count)
        number: cython.int
        for number in range(count):
            self._answer(number, now_ns)
        self._mailbox.send()
        return count

    @cython.cfunc
    def _look_ahead(self, count: cython.int) -> cython.void:
        """Fetch what the packets need of a large table all at once, not one after another.

        The index says where a record is: so first the entries of the index, then the records.
        """
        number: cython.int
        for number in range(count):
            if self._read(number):
                self._judge.expect_addresses(self._mailbox.message(number))
        for number in range(count):
            if self._read(number):
                self._judge.expect_slots(self._mailbox.message(number))

    @cython.cfunc
    def _read(self, number: cython.int) -> cython.bint:
        return self._judge.message.read(self._mailbox.message(number), self._mailbox.size(number))

    @cython.cfunc
    def _answer(self, number: cython.int, now_ns: cython.longlong) -> cython.void:
        judge: Judge = self._judge
        message: Message = judge.message
        buffer: Packet = self._mailbox.message(number)
        if not self._read(number):
            return  # an error for a verdict that came too late: the packet was gone
        before: object = None
        if self._lookout.watched:
            before = bytes_of(buffer, message.payload, message.length)
        start: cython.int = judge.verdict(buffer, now_ns)
        self._mailbox.answer(number, start, verdict_size(message, judge.reason == 0))
        if self._lookout.watched and not judge.sent_on:
            self._tell(before, buffer)

    @cython.cfunc
    def _tell(self, before: object, buffer: Packet) -> cython.void:
        judge: Judge = self._judge
        message: Message = judge.message
        after: object = b""
        if judge.reason == 0:
            after = bytes_of(buffer, message.payload, message.length)
        self._worker.tell(message.direction, judge.outcome(), before, after)
