"""Judges packets for one worker: by themselves, or a message with its verdict in its place."""

import cython

if not cython.compiled:
    from gateway.engine.message import ACCEPT, DROP, Message, write_verdict
    from gateway.nat.tally import Tally
    from gateway.nat.translate import FINISHED, INBOUND, OUTBOUND, Translator
    from gateway.nat.view import NONE, TableView
    from gateway.packet.ipv4 import DESTINATION, MIN_HEADER, SOURCE, total_length, u32
    from gateway.packet.memory import Packet, packet_at

from gateway.nat.outcome import Outcome
from gateway.nat.reasons import Reason


@cython.final
@cython.cclass
class Judge:
    """The rules and the counters, for one worker's packets."""

    _translator: Translator
    _tally: Tally
    message: Message
    reason: cython.int
    sent_on: cython.bint  # the packet will come again: it has no outcome yet

    def __init__(self, translator: Translator, tally: Tally, shift: int = 0) -> None:
        """Begin with these rules and counters, no message; `shift` is as in `Message`."""
        self._translator = translator
        self._tally = tally
        self.message = Message(shift)
        self.reason = 0
        self.sent_on = False

    def use(self, translator: Translator, tally: Tally) -> None:
        """Use these rules and these counters from now on."""
        self._translator = translator
        self._tally = tally

    @cython.cfunc
    @cython.exceptval(check=False)
    def beat(self, now_ns: cython.longlong) -> cython.void:
        """Show whoever watches this worker that its loop goes round."""
        self._tally.beat(now_ns)

    def outcome(self) -> Outcome:
        """The outcome of the packet that was judged last."""
        return self._translator.outcome(self.reason)

    @cython.cfunc
    def is_table_large(self) -> cython.bint:
        """Whether the table is so large that it helps to fetch parts of it before they are used."""
        return self._translator.table.is_large()

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect_addresses(self, buffer: Packet) -> cython.void:
        """Fetch the entries of the index for the message that was read last, in `buffer`."""
        if self.message.length >= MIN_HEADER:
            packet: Packet = packet_at(buffer, self.message.payload)
            table: TableView = self._translator.table
            table.expect_public(u32(packet, DESTINATION))
            if self.message.direction == INBOUND:
                table.expect_public(u32(packet, SOURCE))
            else:
                table.expect_private(u32(packet, SOURCE))

    @cython.cfunc
    @cython.exceptval(check=False)
    def expect_slots(self, buffer: Packet) -> cython.void:
        """Fetch the records and counters for it, once the entries of the index are there."""
        if self.message.length >= MIN_HEADER:
            packet: Packet = packet_at(buffer, self.message.payload)
            table: TableView = self._translator.table
            slot: cython.int = (
                table.of_private(u32(packet, SOURCE))
                if self.message.direction == OUTBOUND
                else table.of_public(u32(packet, DESTINATION))
            )
            if slot != NONE:
                table.expect(slot)
                self._tally.expect(slot)

    @cython.cfunc
    def judge(
        self,
        packet: Packet,
        length: cython.int,
        direction: cython.uint,
        now_ns: cython.longlong,
    ) -> cython.int:
        """Judge a packet by itself, whose checksum is finished; returns the reason, 0 to accept."""
        self.reason = self._translator.translate(packet, length, direction, FINISHED, now_ns)
        self._count(packet)
        return self.reason

    @cython.cfunc
    def verdict(self, buffer: Packet, now_ns: cython.longlong) -> cython.int:
        """Judge the message that was read last, in `buffer`; returns where its verdict begins."""
        message: Message = self.message
        packet: Packet = packet_at(buffer, message.payload)
        self.reason = self._translator.translate(
            packet, message.length, message.direction, message.checksum(), now_ns
        )
        self.sent_on = False
        if self.reason != 0 and self.reason == Reason.UNFINISHED:  # in this order: an enum is slow
            verdict: cython.uint = message.finishing_queue()
            self.sent_on = verdict != 0
            if self.sent_on:
                return write_verdict(buffer, message, verdict)
        self._count(packet)
        return write_verdict(buffer, message, DROP if self.reason else ACCEPT)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _count(self, packet: Packet) -> cython.void:
        """Count the packet that was judged last, which has its outcome."""
        length: cython.int = total_length(packet) if self.reason == 0 else 0
        self._tally.count(self.reason, self._translator.sender, self._translator.receiver, length)
