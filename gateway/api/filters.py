"""Filters: which things a request wants, by what they have.

A name is looked up in a table, and becomes a test of things that holds if one of the values is
theirs; all tests must hold. What a table's names read, and the codes for what it hasn't, is data.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Generic, TypeVar

from gateway.api.errors import ApiError
from gateway.api.fields import AT_ONCE_MAX, LIMIT_EXCEEDED, Check, FilterList
from gateway.control.state import State
from gateway.control.values import AddressStatus

FILTERS_MAX: Final = 10

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at: the state, and which statuses its addresses are still passing through."""

    state: State
    statuses: Mapping[str, AddressStatus] = field(default_factory=dict)


Read = Callable[[Seen, _Thing], Iterable[str | None]]
Test = Callable[[Seen, _Thing], bool]
By = Callable[[Sequence[str]], Test[_Thing]]  # what values make of a filter


@dataclass(frozen=True, slots=True)
class Table(Generic[_Thing]):
    """The filters of one action, and the codes of wrong filters."""

    by: Mapping[str, By[_Thing]]
    tags: Callable[[Seen, _Thing], Mapping[str, str]] | None  # if it has filters by tags
    unknown: str  # the code for a name that isn't in it
    too_many: str
    too_many_values: str = LIMIT_EXCEEDED
    values_max: int = AT_ONCE_MAX

    def names(self) -> list[str]:
        return [*self.by, *(("tag-key", "tag-value", "tag:<key>") if self.tags else ())]

    def tests(self, filters: FilterList) -> list[Test[_Thing]]:
        """Make a test of each filter. Raises `ApiError` for an unknown filter, or too many."""
        if len(filters) > FILTERS_MAX:
            raise ApiError(self.too_many, f"at most {FILTERS_MAX} filters can be given")
        return [self._test(one.Name, one.Values) for one in filters]

    def _test(self, name: str, values: Sequence[str]) -> Test[_Thing]:
        if len(values) > self.values_max:
            raise ApiError(
                self.too_many_values, f"the filter {name} has at most {self.values_max} values"
            )
        by = self.by.get(name) or self._by_tag(name)
        if by is None:
            names = ", ".join(self.names())
            raise ApiError(self.unknown, f"there is no filter {name[:80]!r}: use one of {names}")
        return by(values)

    def _by_tag(self, name: str) -> By[_Thing] | None:
        tags = self.tags
        if tags is None:
            return None
        if name == "tag-key":
            return equal(tags)
        if name == "tag-value":
            return equal(lambda seen, thing: tags(seen, thing).values())
        key = name.removeprefix("tag:")
        if key in ("", name):
            return None
        return equal(lambda seen, thing: (tags(seen, thing).get(key),))


def matching(seen: Seen, things: Iterable[_Thing], tests: Sequence[Test[_Thing]]) -> list[_Thing]:
    for test in tests:
        things = [thing for thing in things if test(seen, thing)]
    return list(things)


def equal(read: Read[_Thing], form: Check | None = None, first: int | None = None) -> By[_Thing]:
    """What is read is one of the values, of which perhaps only the `first` few count."""

    def by(values: Sequence[str]) -> Test[_Thing]:
        counting = frozenset(islice(values, first))
        if form:
            for value in counting:
                form.check(value)
        return lambda seen, thing: not counting.isdisjoint(read(seen, thing))

    return by


def holding(read: Read[_Thing]) -> By[_Thing]:
    """One of the values is a part of what is read."""

    def by(values: Sequence[str]) -> Test[_Thing]:
        return lambda seen, thing: any(
            value in (text or "") for text in read(seen, thing) for value in values
        )

    return by


def always(*has: str, form: Check | None = None) -> By[object]:
    """The same for all things; if it is nothing, nothing is found."""
    return equal(lambda _seen, _thing: has, form)
