"""The operator's actions on what the gateway does: its table, its counters, its log, page by page.

A page of the table or of the counters is a range of slots, so a page costs as much at the end of a
million as at the beginning.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Named
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from socket import inet_ntoa
from typing import Annotated, Any, Final

from gateway.api.action import Action, Answer, Context, action
from gateway.api.errors import ApiError
from gateway.api.fields import Between, Whole
from gateway.api.observer import Observer
from gateway.api.services import OPERATOR
from gateway.control.errors import AdapterError
from gateway.nat.difference import MappingChange, PackageChange
from gateway.nat.table import Mapping, Package
from gateway.store.records import Record

SLOTS_MAX: Final = 10_000  # in an answer
EVENTS_MAX: Final = 1000
SEQUENCE_MAX: Final = (1 << 63) - 1
BODIES_MAX: Final = 1 << 20  # characters of events in an answer, beside the first event

_First = Annotated[Whole, Between(0)]
_Slots = Annotated[Whole, Between(1, SLOTS_MAX)]


class Observation(Action):
    """An action that needs an observer, and no control."""

    def run(self, context: Context) -> Answer:
        if context.observer is None:
            raise AdapterError("this control has no observer")
        return self.observe(context.observer)

    @abstractmethod
    def observe(self, observer: Observer) -> Answer:
        """Answer from what the observer reads. Raises `ApiError`, `AdapterError`."""


@action(OPERATOR)
class DescribeTable(Observation):
    """List the mappings of the published table, from a slot on.

    The pages after the first name its generation: they are of the same table then, even if another
    one was published meanwhile. `NextSlot` is null on the last page.
    """

    FirstSlot: _First = 0
    Limit: _Slots = SLOTS_MAX
    Generation: Whole | None = None

    def observe(self, observer: Observer) -> Answer:
        table = observer.table(self.Generation)
        if table is None:
            raise _replaced(self.Generation)
        end = self.FirstSlot + self.Limit
        shown = [_mapping_view(mapping) for mapping in table.mappings_in(self.FirstSlot, end)]
        if end >= table.slots:
            observer.release()
        return {
            "Generation": table.generation,
            "Pools": [str(network) for pool in table.pools for network in _networks(pool)],
            "MappingSet": shown,
            "NextSlot": end if end < table.slots else None,
        }


@action(OPERATOR)
class DescribeTableDifference(Observation):
    """List what differs between the published table and the one before, from a change on.

    Mappings come first, by public address, and then bandwidth packages. The pages after the first
    name its generation, as with `DescribeTable`. `NextChange` is null on the last page.
    """

    FirstChange: _First = 0
    Limit: _Slots = SLOTS_MAX
    Generation: Whole | None = None

    def observe(self, observer: Observer) -> Answer:
        found = observer.comparison(self.Generation)
        if found is None:
            raise _replaced(self.Generation)
        end, whole = self.FirstChange + self.Limit, len(found.mappings) + len(found.packages)
        first = max(0, self.FirstChange - len(found.mappings))  # of the packages
        last = max(0, end - len(found.mappings))
        if end >= whole:
            observer.release()
        return {
            "Before": found.before,
            "Generation": found.after,
            "MappingChangeSet": [
                _change_view(change, _mapping_view)
                for change in found.mappings[self.FirstChange : end]
            ],
            "PackageChangeSet": [
                _change_view(change, _package_view) for change in found.packages[first:last]
            ],
            "NextChange": end if end < whole else None,
        }


def _replaced(generation: int | None) -> ApiError:
    return ApiError("ResourceNotFound", f"the table of generation {generation} is replaced: begin")


def _change_view(
    change: MappingChange | PackageChange, view: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Both sides of a change; null where there is nothing."""
    before, after = change
    return {"Before": before and view(before), "After": after and view(after)}


def _mapping_view(mapping: Mapping) -> dict[str, Any]:
    return {
        "Slot": mapping.slot,
        "PublicIp": _dotted(mapping.public),
        "PrivateIp": _dotted(mapping.private),
        "OutKbps": mapping.out_kbps,
        "InKbps": mapping.in_kbps,
        "Package": mapping.package,
        "IsBlocked": mapping.blocked,
    }


def _package_view(package: Package) -> dict[str, Any]:
    return {"Package": package.number, "Kbps": package.kbps}


def _networks(pool: range) -> Iterator[IPv4Network]:
    return summarize_address_range(IPv4Address(pool[0]), IPv4Address(pool[-1]))


def _dotted(address: int) -> str:
    """The address as text; `ipaddress` takes three times as long, and pages are large."""
    return inet_ntoa(address.to_bytes(4, "big"))


@action(OPERATOR)
class DescribeCounters(Observation):
    """List what was translated for each public address, from a slot on, and all other counters."""

    FirstSlot: _First = 0
    Limit: _Slots = SLOTS_MAX

    def observe(self, observer: Observer) -> Answer:
        end = self.FirstSlot + self.Limit
        found = observer.counters(range(self.FirstSlot, end))
        return {
            "AddressSet": [
                {
                    "PublicIp": address,
                    "PacketsIn": counted.packets_in,
                    "BytesIn": counted.bytes_in,
                    "PacketsOut": counted.packets_out,
                    "BytesOut": counted.bytes_out,
                }
                for address, counted in found.addresses.items()
            ],
            "ReasonSet": _named(found.reasons),
            "GuardSet": _named(found.guard),
            "QueueSet": _named(found.queue),
            "KernelSet": _named(found.kernel),
            "PathSet": _named(found.paths),
            "NextSlot": end if end < observer.slots() else None,
        }


def _named(counts: Named[str, int]) -> list[dict[str, Any]]:
    return [{"Name": name, "Packets": count} for name, count in counts.items()]


@action(OPERATOR)
class DescribeEvents(Observation):
    """List the events of the log after one of them, or the last events."""

    After: Annotated[Whole, Between(0, SEQUENCE_MAX)] = 0
    Last: Annotated[Whole, Between(0)] | None = None
    Limit: Annotated[Whole, Between(1, EVENTS_MAX)] = EVENTS_MAX

    def observe(self, observer: Observer) -> Answer:
        """The events, and the sequence of the last event in the log."""
        length = observer.length()
        after = self.After
        if self.Last is not None:
            after = max(after, length - self.Last)
        records = observer.events(after, self.Limit)
        return {"EventSet": [_event_view(one) for one in _bounded(records)], "LastEvent": length}


def _bounded(records: Iterable[Record]) -> Iterable[Record]:
    """The first record, and those after it as long as all are short enough together."""
    left = BODIES_MAX
    for number, record in enumerate(records):
        left -= len(record.body)
        if number and left < 0:
            return
        yield record


def _event_view(record: Record) -> dict[str, Any]:
    return {
        "Sequence": record.sequence,
        "At": record.at,
        "Kind": record.kind,
        "Body": record.body,
    }


def observed(observer: Observer, name: str, parameters: Named[str, Any]) -> dict[str, Any]:
    """The answer to one of these actions, without control. Raises `ApiError`, `AdapterError`."""
    kinds = (DescribeTable, DescribeTableDifference, DescribeCounters, DescribeEvents)
    (asked,) = [kind for kind in kinds if kind.__name__ == name]
    return asked.declared.answer.filled(asked.model_validate(parameters).observe(observer))
