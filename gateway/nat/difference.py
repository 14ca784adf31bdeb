"""What differs between two tables, found by the checks of their blocks.

Between two generations of one shape only the blocks with another check are looked at, so it costs
what changed, and a look at the checks.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.nat.decode import differing
from gateway.nat.layout import RECORD_WORDS, RECORDS
from gateway.nat.shape import block_of, words_of_block
from gateway.nat.table import Mapping, Package, Table


class MappingChange(NamedTuple):
    """A public address's mapping in each of two tables; None where it has none."""

    before: Mapping | None
    after: Mapping | None


class PackageChange(NamedTuple):
    """The bandwidth package of one number in each of two tables; None where there is none."""

    before: Package | None
    after: Package | None


class Difference(NamedTuple):
    """What differs: mappings in the order of public addresses, packages in that of numbers."""

    mappings: tuple[MappingChange, ...]
    packages: tuple[PackageChange, ...]


def difference(before: Table, after: Table) -> Difference:
    """What one must change in the table `before` to have the content of the other."""
    slots = list(changed_slots(before, after))
    then, now = _by_public(before, slots), _by_public(after, slots)
    mappings = (MappingChange(then.get(key), now.get(key)) for key in sorted(then.keys() | now))
    old, new = dict(before.packages), dict(after.packages)
    packages = (
        PackageChange(_package(number, old), _package(number, new))
        for number in sorted(old.keys() | new)
    )
    return Difference(
        tuple(change for change in mappings if change.before != change.after),
        tuple(change for change in packages if change.before != change.after),
    )


def changed_slots(before: Table, after: Table) -> Iterator[int]:
    """The slots whose records differ; a slot that only one of the tables has counts as empty."""
    every: Iterable[int] = range(max(before.slots, after.slots))
    if before.shape == after.shape:
        every = _slots_of(after, differing(after.checks, before.checks))
    return (slot for slot in every if before.mapping(slot) != after.mapping(slot))


def _slots_of(table: Table, blocks: Iterable[int]) -> list[int]:
    """The slots whose records lie in these blocks, if only in part, in order."""
    last = block_of(table.shape.inbound - 1)
    found: set[int] = set()
    for block in blocks:
        if block <= last:
            words = words_of_block(block)
            first = (words.start - RECORDS) // RECORD_WORDS
            end = (words.stop - 1 - RECORDS) // RECORD_WORDS + 1
            found.update(range(first, min(end, table.slots)))
    return sorted(found)


def _by_public(table: Table, slots: Iterable[int]) -> dict[int, Mapping]:
    mappings = (table.mapping(slot) for slot in slots)
    return {mapping.public: mapping for mapping in mappings if mapping}


def _package(number: int, rates: dict[int, int]) -> Package | None:
    return Package(number, rates[number]) if number in rates else None
