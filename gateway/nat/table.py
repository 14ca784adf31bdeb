"""The mapping table: all public ↔ private pairs of one generation.

A table is immutable. Control makes a `Draft` of the one before, changes what changed, and finishes
it under a new generation; workers read it where it lies. Its bytes: `gateway/nat/layout.py`.

A *slot* is the number under which a public address is counted and policed. A rate of 0 means none,
a package of 0 that the address is in none.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final, NamedTuple
from zlib import crc32

from gateway.nat import layout
from gateway.nat.index import Index
from gateway.packet.checksum import address_delta
from gateway.packet.memory import Buffer, Words, words_of

MAGIC: Final = b"TGWTABL3"
SLOTS_MAX: Final = 1 << 24
PACKAGES_MAX: Final = 1 << 16
WORD: Final = 4

_HEADER: Final = struct.Struct("<8sQIIIII28x")
_RECORD: Final = struct.Struct("<IIIIII")
_PACKAGE: Final = struct.Struct("<II")
_ENTRY_BYTES: Final = layout.ENTRY_WORDS * WORD
_CRC_AT: Final = 32
_NO_PACKAGE: Final = _PACKAGE.pack(0, 0)
_NO_RECORD: Final = bytes(_RECORD.size)


class BadTableError(ValueError):
    """The bytes aren't a table this version can read, or mappings clash; the text says why."""


class Mapping(NamedTuple):
    """One public address and the private address it stands for, as integers; its caps."""

    public: int
    private: int
    slot: int
    out_kbps: int = 0
    in_kbps: int = 0
    package: int = 0
    blocked: bool = False  # nothing passes to it or from it

    def __str__(self) -> str:
        """Both addresses, dotted."""
        return f"{IPv4Address(self.public)} ↔ {IPv4Address(self.private)}"


class Package(NamedTuple):
    """A bandwidth package: what its members may send, and receive, together."""

    number: int
    kbps: int


class Table:
    """All mappings of one generation, as bytes that `decode` has checked or a draft has made."""

    __slots__ = ("_words", "memory")

    def __init__(self, memory: memoryview) -> None:
        """Of checked bytes: use `build`, `Draft` or `decode`."""
        self.memory = memory
        self._words: Words = words_of(memory)

    def __eq__(self, other: object) -> bool:
        """Whether both have one generation, as many slots, and one content."""
        return isinstance(other, Table) and self._content() == other._content()

    def __hash__(self) -> int:
        """By generation and size: what differs in it alone is told apart by `==`."""
        return hash((self.generation, self.slots, self._words[layout.MAPPINGS]))

    def __repr__(self) -> str:
        """What is in it."""
        generation, slots, mappings, packages = self._content()
        return f"Table({generation=}, {slots=}, {mappings=}, {packages=})"

    @property
    def generation(self) -> int:
        """Which table this is, among all that were published."""
        low, high = self._words[layout.GENERATION : layout.GENERATION + 2]
        return int(low | high << 32)

    @property
    def slots(self) -> int:
        """How many slots there are; a mapping's is below that."""
        return int(self._words[layout.SLOTS])

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """The mappings, by public address."""
        return tuple(sorted(self._mappings()))

    @property
    def package_numbers(self) -> int:
        """The highest number of a bandwidth package; 0 without one."""
        return int(self._words[layout.PACKAGES])

    @property
    def packages(self) -> tuple[Package, ...]:
        """The bandwidth packages, by number."""
        raw = self.memory[len(self.memory) - self.package_numbers * _PACKAGE.size :]
        pairs = enumerate(_PACKAGE.iter_unpack(raw), 1)
        return tuple(Package(number, kbps) for number, (there, kbps) in pairs if there)

    def _mappings(self) -> Iterator[Mapping]:
        start = layout.RECORDS * WORD
        records = self.memory[start : start + self.slots * _RECORD.size]
        for slot, record in enumerate(_RECORD.iter_unpack(records)):
            public, private, out_kbps, in_kbps, package, deltas = record
            if deltas:
                blocked = bool(package & layout.BLOCKED_BIT)
                package &= ~layout.BLOCKED_BIT
                yield Mapping(public, private, slot, out_kbps, in_kbps, package, blocked)

    def _content(self) -> tuple[int, int, tuple[Mapping, ...], tuple[Package, ...]]:
        return self.generation, self.slots, self.mappings, self.packages


class Draft:
    """A table in the making. Mappings and packages come and go; each change costs a few µs."""

    def __init__(self, slots: int) -> None:
        """No mapping, no package. Raises `BadTableError` if `slots` are too many."""
        if slots > SLOTS_MAX:
            raise BadTableError(f"more than {SLOTS_MAX} slots")
        self._slots = slots
        self._records = bytearray(slots * _RECORD.size)
        self._packages = bytearray()
        self._members: Counter[int] = Counter()  # by package
        self._inbound, self._outbound = Index(), Index()

    def put(self, mapping: Mapping) -> None:
        """Add a mapping. Raises `BadTableError` if it clashes with one; nothing has changed then.

        Its slot must be free, its addresses in no other mapping, its package there.
        """
        at = self._place(mapping.slot)
        if self._has(at):
            raise BadTableError("two mappings would be counted under one slot")
        if mapping.package and not self._has_package(mapping.package):
            raise BadTableError("a mapping's package isn't in the table")
        record = _packed(mapping)
        if not self._inbound.add(mapping.public, mapping.slot):
            raise BadTableError("an address stands in two mappings: 1:1 NAT has one partner each")
        if not self._outbound.add(mapping.private, mapping.slot):
            self._inbound.remove(mapping.public)
            raise BadTableError("an address stands in two mappings: 1:1 NAT has one partner each")
        self._records[at : at + _RECORD.size] = record
        self._members[mapping.package] += 1

    def remove(self, slot: int) -> None:
        """Take away the mapping at `slot`, if there is one. Raises `BadTableError`."""
        at = self._place(slot)
        if self._has(at):
            public, private, _, _, package, _ = _RECORD.unpack_from(self._records, at)
            self._inbound.remove(public)
            self._outbound.remove(private)
            self._records[at : at + _RECORD.size] = _NO_RECORD
            self._members[package & ~layout.BLOCKED_BIT] -= 1

    def put_package(self, package: Package) -> None:
        """Add a package. Raises `BadTableError` if its number is taken, or none."""
        if self._has_package(package.number):
            raise BadTableError("two packages have one number")
        self.set_package(package)

    def set_package(self, package: Package) -> None:
        """Add a package, or give it another rate. Raises `BadTableError`; nothing changed then."""
        if not 1 <= package.number <= PACKAGES_MAX:
            raise BadTableError(f"a package's number isn't of 1 to {PACKAGES_MAX}")
        try:
            raw = _PACKAGE.pack(1, package.kbps)
        except struct.error as error:
            raise BadTableError("a package's rate doesn't fit 32 bits") from error
        at = (package.number - 1) * _PACKAGE.size
        self._packages += bytes(max(at + _PACKAGE.size - len(self._packages), 0))
        self._packages[at : at + _PACKAGE.size] = raw

    def remove_package(self, number: int) -> None:
        """Take a package away, if there is one. Raises `BadTableError` if a mapping is in it."""
        if number < 1 or not self._has_package(number):
            return
        if self._members[number]:
            raise BadTableError("a package that is taken away has members")
        at = (number - 1) * _PACKAGE.size
        self._packages[at : at + _PACKAGE.size] = _NO_PACKAGE
        while self._packages.endswith(_NO_PACKAGE):
            del self._packages[-_PACKAGE.size :]

    def finish(self, generation: int) -> Table:
        """The table as it is now; the draft can be changed further and leaves it as it is."""
        # It is the first to grow, and did so alone if the private address clashed then.
        if self._outbound.bits < self._inbound.bits:
            self._outbound.grow(self._inbound.bits)
        header = _HEADER.pack(
            MAGIC,
            generation,
            self._slots,
            len(self._inbound),
            len(self._packages) // _PACKAGE.size,
            self._inbound.bits,
            0,
        )
        parts = (header, self._records, self._inbound.memory, self._outbound.memory, self._packages)
        raw = bytearray().join(parts)
        struct.pack_into("<I", raw, _CRC_AT, crc32(raw))
        return Table(memoryview(raw).toreadonly())

    def _place(self, slot: int) -> int:
        if not 0 <= slot < self._slots:
            raise BadTableError(f"a slot is outside the table's {self._slots}")
        return slot * _RECORD.size

    def _has(self, at: int) -> bool:
        return self._records[at : at + _RECORD.size] != _NO_RECORD

    def _has_package(self, number: int) -> bool:
        at = (number - 1) * _PACKAGE.size
        return self._packages[at : at + _PACKAGE.size] not in (b"", _NO_PACKAGE)


def empty(slots: int = 0) -> Table:
    """The table of a gateway that nothing was published for: every packet is unknown."""
    return Draft(slots).finish(0)


def build(
    generation: int, slots: int, mappings: Iterable[Mapping], packages: Iterable[Package] = ()
) -> Table:
    """A table of `mappings`; equal content gives equal bytes. Raises `BadTableError`."""
    draft = Draft(slots)
    for package in sorted(packages):
        draft.put_package(package)
    for mapping in sorted(mappings):
        draft.put(mapping)
    return draft.finish(generation)


def decode(raw: Buffer) -> Table:
    """The table that lies in `raw`. Raises `BadTableError` if none does, or it is damaged.

    Its size and checksum are looked at, not its content: a table that a `Draft` has not made can
    lead the compiled rules astray. Who may write the file may do worse anyway.
    """
    memory = memoryview(raw).toreadonly()
    if len(memory) < _HEADER.size or bytes(memory[: len(MAGIC)]) != MAGIC:
        raise BadTableError("not a mapping table")
    _, _, slots, _, packages, bits, checksum = _HEADER.unpack_from(memory)
    indexes = 2 * (_ENTRY_BYTES << bits) if 0 < bits < WORD * 8 else 0
    size = _HEADER.size + slots * _RECORD.size + indexes + packages * _PACKAGE.size
    if not indexes or size != len(memory) or checksum != _checksum(memory):
        raise BadTableError("the mapping table is damaged")
    return Table(memory)


def _packed(mapping: Mapping) -> bytes:
    """The mapping's record. Raises `BadTableError` if a number doesn't fit its word."""
    public, private, _, out_kbps, in_kbps, package, blocked = mapping
    if blocked:
        package |= layout.BLOCKED_BIT
    try:
        deltas = address_delta(public, private) << 16 | address_delta(private, public)
        return _RECORD.pack(public, private, out_kbps, in_kbps, package, deltas)
    except struct.error as error:
        raise BadTableError("an address or a rate doesn't fit 32 bits") from error


def _checksum(memory: memoryview) -> int:
    """The crc32 of everything, with the place of the crc32 itself as zeros."""
    before = crc32(bytes(WORD), crc32(memory[:_CRC_AT]))
    return crc32(memory[_CRC_AT + WORD :], before)
