"""The mapping table: all public ↔ private pairs of one generation.

It is immutable. Control builds one, workers read it, a change is a new table with a new generation.
On disk it is a header and fixed-size records, all little-endian::

    header   magic "TGWTABLE" | generation u64 | slots u32 | count u32 | crc32 of all else u32
    record   public u32 | private u32 | slot u32

A *slot* is the number under which a public address is counted. `slots` is how many there are.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final, NamedTuple
from zlib import crc32

from gateway.packet.checksum import address_delta

MAGIC: Final = b"TGWTABLE"
_HEADER: Final = struct.Struct("<8sQII")
_CHECKSUM: Final = struct.Struct("<I")
_RECORD: Final = struct.Struct("<III")


class BadTableError(ValueError):
    """The bytes aren't a table this version can read; the text says why."""


class Mapping(NamedTuple):
    """One public address and the private address it stands for, as integers."""

    public: int
    private: int
    slot: int

    def __str__(self) -> str:
        """Both addresses, dotted."""
        return f"{IPv4Address(self.public)} ↔ {IPv4Address(self.private)}"


class Rewrite(NamedTuple):
    """What to do with a packet whose address was found: ready for the hot path."""

    address: int
    delta: int
    slot: int


@dataclass(frozen=True, slots=True)
class Table:
    """All mappings of one generation, indexed for both directions.

    Raises `BadTableError` if two mappings share an address or a slot, or one lies outside `slots`.
    """

    generation: int
    slots: int
    mappings: tuple[Mapping, ...]
    inbound: dict[int, Rewrite] = field(init=False, repr=False, compare=False)
    outbound: dict[int, Rewrite] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the mappings by each of their addresses."""
        inbound = {m.public: _rewrite(m.public, m.private, m.slot) for m in self.mappings}
        outbound = {m.private: _rewrite(m.private, m.public, m.slot) for m in self.mappings}
        if not len(inbound) == len(outbound) == len(self.mappings):
            raise BadTableError("an address stands in two mappings: 1:1 NAT has one partner each")
        if len({m.slot for m in self.mappings}) != len(self.mappings):
            raise BadTableError("two mappings would be counted under one slot")
        if any(m.slot >= self.slots for m in self.mappings):
            raise BadTableError(f"a slot is outside the table's {self.slots}")
        object.__setattr__(self, "inbound", inbound)
        object.__setattr__(self, "outbound", outbound)


def _rewrite(old: int, new: int, slot: int) -> Rewrite:
    return Rewrite(new, address_delta(old, new), slot)


def empty(slots: int = 0) -> Table:
    """The table of a gateway that nothing was published for: every packet is unknown."""
    return Table(generation=0, slots=slots, mappings=())


def build(generation: int, slots: int, mappings: Iterable[Mapping]) -> Table:
    """A table of `mappings` in a canonical order, so that equal content gives equal bytes."""
    return Table(generation, slots, tuple(sorted(mappings)))


def encode(table: Table) -> bytes:
    """The table as bytes, in the layout at the top of this module."""
    records = b"".join(_RECORD.pack(*mapping) for mapping in table.mappings)
    header = _HEADER.pack(MAGIC, table.generation, table.slots, len(table.mappings))
    return header + _CHECKSUM.pack(crc32(records, crc32(header))) + records


def decode(raw: bytes) -> Table:
    """The table in `raw`. Raises `BadTableError` if it isn't one, or is damaged."""
    start = _HEADER.size + _CHECKSUM.size
    if len(raw) < start or not raw.startswith(MAGIC):
        raise BadTableError("not a mapping table")
    _, generation, slots, count = _HEADER.unpack_from(raw)
    (checksum,) = _CHECKSUM.unpack_from(raw, _HEADER.size)
    header, records = raw[: _HEADER.size], raw[start:]
    if len(records) != count * _RECORD.size or crc32(records, crc32(header)) != checksum:
        raise BadTableError("the mapping table is damaged")
    return Table(generation, slots, tuple(map(Mapping._make, _RECORD.iter_unpack(records))))
