"""The mapping table: all public ↔ private pairs of one generation.

It is immutable. Control builds one, workers read it, a change is a new table with a new generation.
On disk it is a header and fixed-size records, all little-endian::

    header   magic "TGWTABL2" | generation u64 | slots u32 | mappings u32 | packages u32
             crc32 of all else u32
    mapping  public u32 | private u32 | slot u32 | out kbit/s u32 | in kbit/s u32 | package u32
    package  number u32 | kbit/s u32

A *slot* is the number under which a public address is counted and policed; `slots` is how many
there are. A rate of 0 means none, a package of 0 that the address is in none.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final, NamedTuple
from zlib import crc32

from gateway.packet.checksum import address_delta

MAGIC: Final = b"TGWTABL2"
_HEADER: Final = struct.Struct("<8sQIII")
_CHECKSUM: Final = struct.Struct("<I")
_MAPPING: Final = struct.Struct("<IIIIII")
_PACKAGE: Final = struct.Struct("<II")


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

    def __str__(self) -> str:
        """Both addresses, dotted."""
        return f"{IPv4Address(self.public)} ↔ {IPv4Address(self.private)}"


class Package(NamedTuple):
    """A bandwidth package: what its members may send, and receive, together."""

    number: int
    kbps: int


class Rewrite(NamedTuple):
    """What to do with a packet whose address was found: ready for the hot path."""

    address: int
    delta: int
    slot: int
    kbps: int  # the cap in the direction of the index it stands in
    package: int


@dataclass(frozen=True, slots=True)
class Table:
    """All mappings of one generation, indexed for both directions.

    Raises `BadTableError` if two mappings share an address or a slot, a slot lies outside `slots`,
    two packages share a number, or a mapping's package isn't there.
    """

    generation: int
    slots: int
    mappings: tuple[Mapping, ...]
    packages: tuple[Package, ...] = ()
    inbound: dict[int, Rewrite] = field(init=False, repr=False, compare=False)
    outbound: dict[int, Rewrite] = field(init=False, repr=False, compare=False)
    package_kbps: dict[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the mappings by each of their addresses."""
        inbound = {
            m.public: _rewrite(m.public, m.private, m.slot, m.in_kbps, m.package)
            for m in self.mappings
        }
        outbound = {
            m.private: _rewrite(m.private, m.public, m.slot, m.out_kbps, m.package)
            for m in self.mappings
        }
        package_kbps = dict(self.packages)
        _check(self, len(inbound), len(outbound), package_kbps)
        object.__setattr__(self, "inbound", inbound)
        object.__setattr__(self, "outbound", outbound)
        object.__setattr__(self, "package_kbps", package_kbps)


def _check(table: Table, publics: int, privates: int, package_kbps: dict[int, int]) -> None:
    mappings = table.mappings
    if not publics == privates == len(mappings):
        raise BadTableError("an address stands in two mappings: 1:1 NAT has one partner each")
    if len({m.slot for m in mappings}) != len(mappings):
        raise BadTableError("two mappings would be counted under one slot")
    if any(m.slot >= table.slots for m in mappings):
        raise BadTableError(f"a slot is outside the table's {table.slots}")
    if len(package_kbps) != len(table.packages) or 0 in package_kbps:
        raise BadTableError("two packages have one number, or one has 0")
    if not {m.package for m in mappings} <= {0, *package_kbps}:
        raise BadTableError("a mapping's package isn't in the table")


def _rewrite(old: int, new: int, slot: int, kbps: int, package: int) -> Rewrite:
    return Rewrite(new, address_delta(old, new), slot, kbps, package)


def empty(slots: int = 0) -> Table:
    """The table of a gateway that nothing was published for: every packet is unknown."""
    return Table(generation=0, slots=slots, mappings=())


def build(
    generation: int, slots: int, mappings: Iterable[Mapping], packages: Iterable[Package] = ()
) -> Table:
    """A table of `mappings` in a canonical order, so that equal content gives equal bytes."""
    return Table(generation, slots, tuple(sorted(mappings)), tuple(sorted(packages)))


def encode(table: Table) -> bytes:
    """The table as bytes, in the layout at the top of this module."""
    records = b"".join(_MAPPING.pack(*mapping) for mapping in table.mappings)
    records += b"".join(_PACKAGE.pack(*package) for package in table.packages)
    header = _HEADER.pack(
        MAGIC, table.generation, table.slots, len(table.mappings), len(table.packages)
    )
    return header + _CHECKSUM.pack(crc32(records, crc32(header))) + records


def decode(raw: bytes) -> Table:
    """The table in `raw`. Raises `BadTableError` if it isn't one, or is damaged."""
    start = _HEADER.size + _CHECKSUM.size
    if len(raw) < start or not raw.startswith(MAGIC):
        raise BadTableError("not a mapping table")
    _, generation, slots, mappings, packages = _HEADER.unpack_from(raw)
    (checksum,) = _CHECKSUM.unpack_from(raw, _HEADER.size)
    header, records = raw[: _HEADER.size], raw[start:]
    split = mappings * _MAPPING.size
    if len(records) != split + packages * _PACKAGE.size:
        raise BadTableError("the mapping table is damaged")
    if crc32(records, crc32(header)) != checksum:
        raise BadTableError("the mapping table is damaged")
    return Table(
        generation,
        slots,
        tuple(map(Mapping._make, _MAPPING.iter_unpack(records[:split]))),
        tuple(map(Package._make, _PACKAGE.iter_unpack(records[split:]))),
    )
