"""The fast path as an engine of replay: its programs in the kernel, run on packets of a capture.

No link, no queue and no route is needed, but root. What a program passes up is judged by the rules,
which share the programs' token buckets, as the workers of a gateway do. The programs choose the
direction by the addresses: a packet that they would take for one of another direction than the
replay's is the rules' alone. So is one whose checksum isn't finished, which a run can't tell them,
and one that is too short or too long for a run.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.engine.rules import INTERPRETED, flows_of
from gateway.exchange.pins import State
from gateway.fastpath import bpf, program
from gateway.fastpath.program import Loaded, Sizes
from gateway.fastpath.settings import FIELDS, SETTINGS_BYTES
from gateway.nat.layout import GENERATION
from gateway.nat.outcome import NO_SLOT, Checksum, Direction, Outcome
from gateway.nat.policer import BUCKETS
from gateway.nat.reasons import REASONS, Reason
from gateway.nat.shape import WORD
from gateway.nat.table import Table
from gateway.nat.tally import REASON_BASE, SLOT_BASE, SLOT_WORDS
from gateway.nat.translate import Translator
from gateway.packet.ipv4 import DESTINATION, MIN_HEADER, SOURCE, total_length, u32
from gateway.packet.memory import LongWords, long_words_of

NAME: Final = "fastpath"
UP: Final = -1  # what a program gives back: as TC_ACT_UNSPEC, TC_ACT_SHOT, TC_ACT_REDIRECT
DROPPED: Final = 2
CARRIED: Final = 7
FRAME: Final = bytes(12) + b"\x08\x00"  # a run's link is the loopback, whose address is zero
LINK: Final = 1
LONG: Final = 8
TABLE_BYTES_MIN: Final = 1 << 20
SLOTS_MIN: Final = 256
PACKAGES_MIN: Final = 64
NS_PER_S: Final = 1_000_000_000


class FastPathMismatchError(AssertionError):
    """A program did what it may never do: touched what it passed up, or counted another thing."""


class FastEngine:
    """Programs that are loaded for replay, and how many packets they decided by themselves."""

    def __init__(self) -> None:
        """Begin with no programs; the first table says how large they must be."""
        self._loaded: Loaded | None = None
        self._sizes = Sizes(TABLE_BYTES_MIN, SLOTS_MIN, PACKAGES_MIN)
        self.decided: Counter[bool] = Counter()  # True: by a program; False: by the rules

    def close(self) -> None:
        """Give the programs back to the kernel, if there are any.

        Raises `FastPathMismatchError` if they counted more than packets tell of.
        """
        if self._loaded:
            pages = _pages(self._loaded, self._sizes)
            stray = pages != bytes(len(pages))
            self._loaded.close()
            self._loaded = None
            if stray:
                raise FastPathMismatchError("an address was counted that a packet wasn't of")

    def __call__(self, table: Table, direction: Direction) -> "FastFeed":
        """A feed for one table, with full buckets; a feed from before must not be used any more.

        Raises `FastPathError` if the kernel takes no programs.
        """
        wanted = Sizes(
            max(self._sizes.table_bytes, len(table.memory)),
            max(self._sizes.slots, table.slots),
            max(self._sizes.packages, table.package_numbers),
        )
        if self._loaded is None or wanted != self._sizes:
            self.close()
            self._loaded, self._sizes = program.load(wanted, replaying=True), wanted
        return FastFeed(self._loaded, self._sizes, self.decided, table, direction)


@contextmanager
def fast_engine() -> Iterator[FastEngine]:
    """Give an engine, and close its programs in the end."""
    engine = FastEngine()
    try:
        yield engine
    finally:
        engine.close()


class FastFeed:
    """Translates packets of one direction by the programs, and where they pass, by the rules."""

    def __init__(
        self,
        loaded: Loaded,
        sizes: Sizes,
        decided: Counter[bool],
        table: Table,
        direction: Direction,
    ) -> None:
        """Put the table into the programs' maps, and fill all buckets."""
        self._loaded = loaded
        self._decided = decided
        self._direction = direction
        self._pools = table.pools
        name = program.FROM_UPLINK if direction is Direction.INBOUND else program.FROM_INSTANCE
        self._program = loaded.programs[name]
        self._page_words = program.page_bytes(sizes.slots) // LONG
        self._counters: LongWords = long_words_of(_pages(loaded, sizes))
        self._settings = memoryview(bpf.memory(loaded.maps["settings"], SETTINGS_BYTES))
        _put_table(loaded, sizes, table)
        struct.pack_into("=I", self._settings, FIELDS["state"], State.CARRYING)
        self._translator = _translator(loaded, sizes, table)

    def __call__(self, packet: bytearray, checksum: Checksum, now: float) -> Outcome:
        """Translate the packet in place, as any `gateway.engine.replay.Feed` does."""
        now_ns = int(now * NS_PER_S)
        outcome = None
        if checksum is Checksum.FINISHED and self._is_of_direction(packet):
            outcome = self._run(packet, now_ns)
        self._decided[outcome is not None] += 1
        if outcome is None:
            memory = memoryview(packet)
            outcome = self._translator.feed(memory, self._direction, now_ns, checksum)
        return outcome

    def _is_of_direction(self, packet: bytearray) -> bool:
        """Whether the programs would take the packet for one of this direction."""
        if self._direction is Direction.INBOUND or len(packet) < MIN_HEADER:
            return True
        is_hairpin = any(u32(packet, DESTINATION) in pool for pool in self._pools)
        return is_hairpin is (self._direction is Direction.HAIRPIN)

    def _run(self, packet: bytearray, now_ns: int) -> Outcome | None:
        """What a program makes of the packet; none if it passes it up."""
        struct.pack_into("=Q", self._settings, FIELDS["clock"], now_ns)
        library, links = self._loaded.library, self._loaded.maps["links"]
        if len(packet) >= MIN_HEADER:  # as if it came from the link of its source
            library.update(links, struct.pack("=I", LINK), struct.pack("=I", u32(packet, SOURCE)))
        try:
            ran = library.run(self._program, FRAME + packet)
        except OSError:
            return None  # too short or too long for a run
        after = ran.packet[len(FRAME) :]
        if ran.verdict == CARRIED:
            outcome = self._count(packet)
            packet[:] = after
            return outcome
        if after != packet:
            raise FastPathMismatchError("a packet that isn't carried was changed")
        outcome = self._count(packet)
        if (ran.verdict == UP) is not (outcome is None):
            raise FastPathMismatchError(f"verdict {ran.verdict}, but {outcome} was counted")
        return outcome

    def _count(self, packet: bytearray) -> Outcome | None:
        """Read what the run counted, and set it to zero; none if it counted nothing."""
        found = None
        for begin in range(0, len(self._counters), self._page_words):
            for reason in REASONS:
                if self._counters[begin + REASON_BASE + reason]:
                    if found or self._counters[begin + REASON_BASE + reason] != 1:
                        raise FastPathMismatchError("a packet was counted twice")
                    self._counters[begin + REASON_BASE + reason] = 0
                    found = self._outcome(begin, reason, packet)
        return found

    def _outcome(self, begin: int, reason: Reason, packet: bytearray) -> Outcome:
        """The outcome, with the slots whose counters tell of this packet."""
        if reason is not Reason.TRANSLATED:
            return Outcome(reason)
        table, length = self._translator.table, total_length(packet)
        sender = table.of_private(u32(packet, SOURCE))
        receiver = table.of_public(u32(packet, DESTINATION))
        return Outcome(
            reason,
            sender if self._take_slot(begin, sender, 2, length) else NO_SLOT,
            receiver if self._take_slot(begin, receiver, 0, length) else NO_SLOT,
        )

    def _take_slot(self, begin: int, slot: int, way: int, length: int) -> bool:
        """Whether a slot was counted, as who sends (2) or receives (0); it is zero afterwards."""
        at = begin + SLOT_BASE + slot * SLOT_WORDS + way
        if slot == NO_SLOT or not self._counters[at]:
            return False
        if (self._counters[at], self._counters[at + 1]) != (1, length):
            raise FastPathMismatchError("an address was counted wrongly")
        self._counters[at] = self._counters[at + 1] = 0
        return True


def _pages(loaded: Loaded, sizes: Sizes) -> memoryview:
    length = loaded.library.processors() * program.page_bytes(sizes.slots)
    return memoryview(bpf.memory(loaded.maps["pages"], length))


def _put_table(loaded: Loaded, sizes: Sizes, table: Table) -> None:
    """Put a table into the maps, under a generation that isn't 0, and in force."""
    held = memoryview(bpf.memory(loaded.maps["table_0"], sizes.table_bytes))
    held[: len(table.memory)] = table.memory
    generation = struct.pack("=Q", 1)
    held[GENERATION * WORD : GENERATION * WORD + LONG] = generation
    memoryview(bpf.memory(loaded.maps["word"], LONG))[:LONG] = generation


def _translator(loaded: Loaded, sizes: Sizes, table: Table) -> Translator:
    """The whole rules, with the buckets of the programs, which are full now."""
    shared = []
    for name, count in (("address_buckets", sizes.slots), ("package_buckets", sizes.packages)):
        memory = memoryview(bpf.memory(loaded.maps[name], count * BUCKETS * LONG))
        memory[:] = bytes(len(memory))
        shared.append(memory)
    policer = INTERPRETED.policer(*shared)
    flows = INTERPRETED.flows(flows_of(table))
    return INTERPRETED.translator(INTERPRETED.table_view(table.memory), policer, flows)
