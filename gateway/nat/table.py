"""The mapping table: all public ↔ private pairs of one generation.

A table is immutable. Control keeps a `Draft`, changes in it what changed, and seals it under a new
generation; workers read the table where it lies. Its bytes: `gateway/nat/layout.py`.

A table knows the networks of the pool, too, as an address in one of them that has no mapping is no
stranger's, either.

A *slot* is the number under which a public address is counted and policed. A rate of 0 means that
there is none, and a package of 0 that the address is in none.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from gateway.nat import layout
from gateway.nat.fault import BadTableError as BadTableError
from gateway.nat.image import PACKAGE_BYTES, POOL_WORDS, RECORD_BYTES, Image
from gateway.nat.index import Added
from gateway.nat.policy import NO_POLICIES, Group, Member, Policies, RemoteSet
from gateway.nat.policy_draft import PolicyDraft
from gateway.nat.policy_words import generation_of_policies, policies_of
from gateway.nat.shape import BITS_MIN, WORD, Shape, rooms_of
from gateway.packet.checksum import address_delta
from gateway.packet.memory import Words, words_of

SLOTS_MAX: Final = 1 << 24
PACKAGES_MAX: Final = 1 << 16
ROOM_MIN: Final = 16  # packages
POOLS_MAX: Final = POOL_WORDS // 2
# An index that is large for its content keeps what collides apart. So large it may always be: with
# 2 ** 18 first places no choice of addresses from a network of 2 ** 18 collides too often.
CROWDED_BITS: Final = 18
CROWDED_MORE_BITS: Final = 2  # and so much larger than what is needed

_RECORD: Final = struct.Struct("<IIIIII")
_PACKAGE: Final = struct.Struct("<II")
_NO_PACKAGE: Final = bytes(PACKAGE_BYTES)
_NO_RECORD: Final = bytes(RECORD_BYTES)
_TWICE: Final = "an address stands in two mappings: 1:1 NAT has one partner each"


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
        """Show both addresses as people write them, with dots."""
        return f"{IPv4Address(self.public)} ↔ {IPv4Address(self.private)}"


class Package(NamedTuple):
    """A bandwidth package: what its members may send, and receive, together."""

    number: int
    kbps: int


class Table:
    """All mappings of one generation, as bytes that `decode` has checked or a draft has made."""

    __slots__ = ("_words", "memory")

    def __init__(self, memory: memoryview) -> None:
        """Take bytes that were checked: use `build`, `Draft` or `decode` to get a table."""
        self.memory = memory
        self._words: Words = words_of(memory)

    def mappings_in(self, first: int, end: int) -> Iterator[Mapping]:
        """The mappings with a slot from `first` up to, not including, `end`, by slot."""
        start, end = layout.RECORDS * WORD, min(end, self.slots)
        records = self.memory[start + first * _RECORD.size : start + end * _RECORD.size]
        for slot, record in enumerate(_RECORD.iter_unpack(records), first):
            public, private, out_kbps, in_kbps, package, deltas = record
            if deltas:
                blocked = bool(package & layout.BLOCKED_BIT)
                package &= layout.PACKAGE_MASK
                yield Mapping(public, private, slot, out_kbps, in_kbps, package, blocked)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same generation, as many slots, and the same content."""
        return isinstance(other, Table) and self._content() == other._content()

    def __hash__(self) -> int:
        """Hash the generation and the sizes: `==` tells apart what differs in content alone."""
        return hash((self.generation, self.slots, self._words[layout.MAPPINGS]))

    def __repr__(self) -> str:
        """Show the generation, the mappings and the packages of the table."""
        generation, slots, mappings, packages, pools, policies = self._content()
        content = f"{generation=}, {slots=}, {mappings=}, {packages=}, {pools=}"
        return f"Table({content}, {policies=})" if any(self.policies) else f"Table({content})"

    @property
    def generation(self) -> int:
        """The number that tells this table from all others that were published."""
        low, high = self._words[layout.GENERATION : layout.GENERATION + 2]
        return int(low | high << 32)

    @property
    def slots(self) -> int:
        """How many slots there are; a mapping's slot is below that number."""
        return int(self._words[layout.SLOTS])

    @property
    def checks(self) -> bytes:
        """The checks of its blocks, one after the other."""
        return bytes(self.memory[self.shape.checks * WORD :])

    @property
    def shape(self) -> Shape:
        """The numbers from which follows where its parts lie."""
        words = self._words
        rooms = rooms_of(words[layout.ROOMS])
        return Shape(self.slots, words[layout.BITS], words[layout.ROOM], rooms)

    @property
    def mappings(self) -> tuple[Mapping, ...]:
        """All mappings, in the order of their public addresses."""
        return tuple(sorted(self.mappings_in(0, self.slots)))

    @property
    def pools(self) -> tuple[range, ...]:
        """The addresses of the pool's networks, as far as the table has room for them: two."""
        words = self._words[layout.POOLS : layout.POOLS + POOL_WORDS].tolist()
        pairs = zip(words[::2], words[1::2], strict=True)
        return tuple(range(first, last + 1) for first, last in pairs if last)

    @property
    def package_numbers(self) -> int:
        """The highest number that a bandwidth package has; 0 if there is none."""
        return int(self._words[layout.PACKAGES])

    @property
    def packages(self) -> tuple[Package, ...]:
        """All bandwidth packages, in the order of their numbers."""
        start = self.shape.packages * WORD
        raw = self.memory[start : start + self.package_numbers * _PACKAGE.size]
        pairs = enumerate(_PACKAGE.iter_unpack(raw), 1)
        return tuple(Package(number, kbps) for number, (there, kbps) in pairs if there)

    @property
    def policies(self) -> Policies:
        """All groups and sets of remotes by number, and all members by private address."""
        return policies_of(self.memory, self.shape)

    @property
    def groups(self) -> tuple[Group, ...]:
        """All security groups, in the order of their numbers."""
        return self.policies.groups

    @property
    def remotes(self) -> tuple[RemoteSet, ...]:
        """All sets of remotes, in the order of their numbers."""
        return self.policies.remotes

    @property
    def members(self) -> tuple[Member, ...]:
        """All instances that are filtered, in the order of their private addresses."""
        return self.policies.members

    @property
    def policies_since(self) -> int:
        """The generation in which the policies changed last; 0 if there were none ever."""
        return generation_of_policies(self.memory, self.shape)

    def copy(self) -> "Table":
        """A table with bytes of its own: no one else can change them."""
        return Table(memoryview(bytes(self.memory)))

    def mapping(self, slot: int) -> Mapping | None:
        """The mapping at a slot; None if there is none, or no such slot."""
        return next(self.mappings_in(slot, slot + 1), None) if slot >= 0 else None

    def _content(self) -> tuple[object, ...]:
        content = (self.generation, self.slots, self.mappings, self.packages, self.pools)
        return (*content, self.policies)


class Revision(NamedTuple):
    """What a draft was when it was sealed.

    The table's memory is the draft's own: use it before the draft is changed again.
    """

    table: Table
    changed: frozenset[int]  # the blocks that differ from the revision before; all in a new shape


class Draft(PolicyDraft):
    """A table in the making. Mappings and packages come and go; each change costs a few µs."""

    def __init__(self, slots: int, pools: Iterable[range] = ()) -> None:
        """Begin without a mapping or package. Raises `BadTableError` if `slots` are too many.

        `pools` are the addresses of the pool's networks. Of more than two the largest are kept: of
        the others only addresses with a mapping are known as the gateway's own.
        """
        _check_slots(slots)
        kept = sorted(sorted(pools, key=len)[-POOLS_MAX:], key=lambda pool: pool.start)
        ends = tuple(end for pool in kept for end in (pool[0], pool[-1]))
        self._image = Image(Shape(slots, BITS_MIN, 0), pools=ends)
        self._half = 1 << BITS_MIN - 1  # so many mappings may be in the indexes
        self._slots = slots
        self._mappings = 0
        self._members: Counter[int] = Counter()  # by package
        self._packages = 0  # the highest number of one

    def hold(self, slots: int) -> None:
        """Make room for so many slots; there are never fewer. Raises `BadTableError`."""
        _check_slots(slots)
        if slots > self._slots:
            self._reshape(self._image.shape._replace(slots=slots))

    def put(self, mapping: Mapping) -> None:
        """Add a mapping. Raises `BadTableError` if it clashes with one; no content changed then.

        Its slot must be free, its addresses in no other mapping, its package there. And its
        addresses must find a place in the indexes: only addresses that were chosen so that they
        collide don't.
        """
        self._check_slot(mapping.slot)
        if self._has(mapping.slot):
            raise BadTableError("two mappings would be counted under one slot")
        if mapping.package and not self._has_package(mapping.package):
            raise BadTableError("a mapping's package isn't in the table")
        record = _packed(mapping, is_member=mapping.private in self._image.policies.members)
        if self._mappings >= self._half:
            self._grow_indexes()
        while not self._has_indexed(mapping):
            self._grow_indexes()  # not for ever: it raises an error when they are large
        self._image.set_record(mapping.slot, record)
        self._mappings += 1
        self._members[mapping.package] += 1

    def remove(self, slot: int) -> None:
        """Take away the mapping at `slot`, if there is one. Raises `BadTableError`."""
        self._check_slot(slot)
        if self._has(slot):
            public, private, _, _, package, _ = _RECORD.unpack(self._image.record(slot))
            self._image.inbound.remove(public)
            self._image.outbound.remove(private)
            self._image.set_record(slot, _NO_RECORD)
            self._mappings -= 1
            self._members[package & layout.PACKAGE_MASK] -= 1

    def put_package(self, package: Package) -> None:
        """Add a package. Raises `BadTableError` if its number is taken, or none."""
        if self._has_package(package.number):
            raise BadTableError("two packages have one number")
        self.set_package(package)

    def set_package(self, package: Package) -> None:
        """Add a package, or give it another rate. Raises `BadTableError`; nothing changed then."""
        number = package.number
        if not 1 <= number <= PACKAGES_MAX:
            raise BadTableError(f"a package's number isn't of 1 to {PACKAGES_MAX}")
        try:
            raw = _PACKAGE.pack(1, package.kbps)
        except struct.error as error:
            raise BadTableError("a package's rate doesn't fit 32 bits") from error
        shape = self._image.shape
        if number > shape.room:
            self._reshape(shape._replace(room=max(number, 2 * shape.room, ROOM_MIN)))
        self._image.set_package(number, raw)
        self._packages = max(self._packages, number)

    def remove_package(self, number: int) -> None:
        """Take a package away, if there is one. Raises `BadTableError` if a mapping is in it."""
        if not self._has_package(number):
            return
        if self._members[number]:
            raise BadTableError("a package that is taken away has members")
        self._image.set_package(number, _NO_PACKAGE)
        while self._packages and not self._has_package(self._packages):
            self._packages -= 1

    def seal(self, generation: int) -> Revision:
        """What the draft is now, as this generation. It costs what changed since the last time."""
        changed = self._image.seal(generation, mappings=self._mappings, packages=self._packages)
        return Revision(Table(memoryview(self._image.memory).toreadonly()), changed)

    def finish(self, generation: int) -> Table:
        """What the draft is now, as a table that stays as it is. This copies all of it."""
        table, changed = self.seal(generation)
        self._image.changed |= changed  # the next revision, too, says that these changed
        return table.copy()

    def _has_indexed(self, mapping: Mapping) -> bool:
        """Whether the addresses found places in the indexes. Raises `BadTableError` for a clash."""
        public, private, slot = mapping[:3]
        added = self._image.inbound.add(public, slot)
        if added is Added.DONE:
            added = self._image.outbound.add(private, slot)
            if added is Added.DONE:
                return True
            self._image.inbound.remove(public)
        if added is Added.THERE_ALREADY:
            raise BadTableError(_TWICE)
        return False

    def _grow_indexes(self) -> None:
        """Double the indexes. Raises `BadTableError` if they are far too large already."""
        shape = self._image.shape
        needed = (2 * self._mappings + 1).bit_length()
        if shape.bits >= max(needed + CROWDED_MORE_BITS, CROWDED_BITS):
            raise BadTableError("too many of the addresses collide: they can't be indexed")
        self._reshape(shape._replace(bits=shape.bits + 1))

    def _reshape(self, shape: Shape) -> None:
        super()._reshape(shape)
        self._half = 1 << shape.bits - 1
        self._slots = shape.slots

    def _check_slot(self, slot: int) -> None:
        if not 0 <= slot < self._slots:
            raise BadTableError(f"a slot is outside the table's {self._slots}")

    def _has(self, slot: int) -> bool:
        return self._image.record(slot) != _NO_RECORD

    def _has_package(self, number: int) -> bool:
        return 1 <= number <= self._packages and self._image.package(number) != _NO_PACKAGE


def empty(slots: int = 0) -> Table:
    """The table of a gateway that nothing was published for: every packet is unknown."""
    return Draft(slots).finish(0)


def build(
    generation: int,
    slots: int,
    mappings: Iterable[Mapping],
    packages: Iterable[Package] = (),
    pools: Iterable[range] = (),
    policies: Policies = NO_POLICIES,
) -> Table:
    """A table of `mappings`; equal content gives equal bytes. Raises `BadTableError`."""
    draft = Draft(slots, pools)
    for package in sorted(packages):
        draft.put_package(package)
    for mapping in sorted(mappings):
        draft.put(mapping)
    for remotes in sorted(policies.remotes):
        draft.set_remotes(remotes)
    for group in sorted(policies.groups):
        draft.set_group(group)
    for member in sorted(policies.members):
        draft.set_member(member)
    return draft.finish(generation)


def _check_slots(slots: int) -> None:
    if slots > SLOTS_MAX:
        raise BadTableError(f"more than {SLOTS_MAX} slots")


def _packed(mapping: Mapping, *, is_member: bool) -> bytes:
    """The mapping's record. Raises `BadTableError` if a number doesn't fit its word."""
    public, private, _, out_kbps, in_kbps, package, blocked = mapping
    package |= layout.BLOCKED_BIT if blocked else 0
    package |= layout.MEMBER_BIT if is_member else 0
    try:
        deltas = address_delta(public, private) << 16 | address_delta(private, public)
        return _RECORD.pack(public, private, out_kbps, in_kbps, package, deltas)
    except struct.error as error:
        raise BadTableError("an address or a rate doesn't fit 32 bits") from error
