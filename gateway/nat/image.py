"""A mapping table's bytes while they are made, and which of their blocks have changed.

What may stand in them is the concern of `gateway.nat.table.Draft`.
"""

import struct
from typing import Final
from zlib import crc32

from gateway.nat.index import Index
from gateway.nat.layout import MEMBER_BIT, PACKAGE, PACKAGE_WORDS, PROBES, RECORD_WORDS, RECORDS
from gateway.nat.policy_image import PolicyImage
from gateway.nat.shape import BLOCK_BYTES, WORD, Shape, block_at
from gateway.packet.memory import Words, words_of

MAGIC: Final = b"TGWTABL5"
HEADER: Final = struct.Struct("<8sQIIIIIIIIIIII")
POOL_WORDS: Final = 4
RECORD_BYTES: Final = RECORD_WORDS * WORD
PACKAGE_BYTES: Final = PACKAGE_WORDS * WORD
CHECK_AT: Final = 32

_BEGIN: Final = RECORDS * WORD
_BLOCK_BITS: Final = BLOCK_BYTES.bit_length() - 1
_CHECK: Final = struct.Struct("<I")
_PACKAGE: Final = slice(PACKAGE * WORD, PACKAGE * WORD + WORD)  # of a record


class Image:
    """The bytes of a table that is being made, or of one that is changed."""

    def __init__(
        self, shape: Shape, old: "Image | None" = None, pools: tuple[int, ...] = ()
    ) -> None:
        """Begin with zeros, or with the content of `old`, which is no larger in any number.

        `pools` are the first and last addresses of at most two networks.
        """
        self.shape = shape
        self.pools: tuple[int, ...] = old.pools if old else (*pools, 0, 0, 0, 0)[:POOL_WORDS]
        self.memory = bytearray(shape.size)
        self._words: Words = words_of(memoryview(self.memory))
        self.changed = set(range(shape.blocks))  # blocks, since somebody emptied this
        self._packages_at = shape.packages * WORD
        self.inbound = Index(self._words, shape.inbound, shape.bits, self.changed)
        self.outbound = Index(self._words, shape.outbound, shape.bits, self.changed)
        policies: PolicyImage | None = old.policies if old else None
        self.policies: PolicyImage = PolicyImage(self._words, shape, self.changed, policies)
        if old:
            self._take_over(old)

    def record(self, slot: int) -> bytearray:
        """A copy of the record that a slot has."""
        at = _BEGIN + slot * RECORD_BYTES
        return self.memory[at : at + RECORD_BYTES]

    def set_record(self, slot: int, record: bytes) -> None:
        """Write the record of a slot, which is inside the table."""
        self._write(_BEGIN + slot * RECORD_BYTES, record)

    def mark_member(self, private: int, bit: int) -> None:
        """Note in the address's record, if it has a mapping, whether it is a member."""
        slot = self.outbound.find(private)
        if slot is not None:
            raw = self.record(slot)
            word = int.from_bytes(raw[_PACKAGE], "little")
            raw[_PACKAGE] = (word & ~MEMBER_BIT | bit).to_bytes(WORD, "little")
            self.set_record(slot, bytes(raw))

    def package(self, number: int) -> bytearray:
        """A copy of the package with this number, for which there is room."""
        at = self._package_at(number)
        return self.memory[at : at + PACKAGE_BYTES]

    def set_package(self, number: int, package: bytes) -> None:
        """Write the package with this number, for which there is room."""
        self._write(self._package_at(number), package)

    def seal(self, generation: int, *, mappings: int, packages: int) -> frozenset[int]:
        """Bring header and checks up to date; the blocks that changed since this was done last."""
        self.policies.seal(generation)
        changed = frozenset(self.changed)
        self.changed.clear()
        memory, shape, checks = memoryview(self.memory), self.shape, self.shape.checks
        for number in changed:
            block = memory[block_at(number, checks * WORD)]
            self._words[checks + number] = crc32(block)
        header = (MAGIC, generation, shape.slots, mappings, packages, shape.bits)
        numbers = (shape.room, PROBES, *self.pools, shape.rooms.word)
        HEADER.pack_into(self.memory, 0, *header, 0, *numbers)
        _CHECK.pack_into(self.memory, CHECK_AT, check_of_head(memory, shape))
        return changed

    def _package_at(self, number: int) -> int:
        return self._packages_at + (number - 1) * PACKAGE_BYTES

    def _write(self, at: int, raw: bytes) -> None:
        self.memory[at : at + len(raw)] = raw
        self.changed.add(at - _BEGIN >> _BLOCK_BITS)
        self.changed.add(at + len(raw) - 1 - _BEGIN >> _BLOCK_BITS)

    def _take_over(self, old: "Image") -> None:
        """Take over an image's records, index entries and packages."""
        mine, its = self.shape, old.shape
        records = its.slots * RECORD_WORDS
        self._words[RECORDS : RECORDS + records] = old._words[RECORDS : RECORDS + records]
        if mine.bits == its.bits:
            length = mine.packages - mine.inbound  # both indexes
            indexes = old._words[its.inbound : its.packages]
            self._words[mine.inbound : mine.inbound + length] = indexes
        else:
            self.inbound.fill(old.inbound.entries(its.entries))
            self.outbound.fill(old.outbound.entries(its.entries))
        length = its.room * PACKAGE_WORDS
        packages = old._words[its.packages : its.packages + length]
        self._words[mine.packages : mine.packages + length] = packages


def check_of_head(memory: memoryview, shape: Shape) -> int:
    """The crc32 of a table's header and checks, with the place of this very number as zeros."""
    before = crc32(bytes(WORD), crc32(memory[:CHECK_AT]))
    rest = crc32(memory[CHECK_AT + WORD : HEADER.size], before)
    return crc32(memory[shape.checks * WORD : shape.size], rest)
