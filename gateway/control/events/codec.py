"""Events in the form that the log keeps: a kind, and its facts as JSON."""

import json
from dataclasses import asdict
from typing import Any, Final

from gateway.control.events.kinds import Event
from gateway.store.records import Record, StoreError

_KINDS: Final[dict[str, type[Event]]] = {kind.__name__: kind for kind in Event.__args__}


def to_record(event: Event, sequence: int, at: float) -> Record:
    """The event in the log's form."""
    body = json.dumps(asdict(event), ensure_ascii=False, separators=(",", ":"))
    return Record(sequence, at, type(event).__name__, body)


def from_record(record: Record) -> Event:
    """The event in `record`. Raises `StoreError` if it is of no kind we know."""
    try:
        fields = json.loads(record.body)
        plain = {name: _immutable(value) for name, value in fields.items()}
        return _KINDS[record.kind](**plain)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"event {record.sequence} ({record.kind}) can't be read: was it written by a newer tgw?"
        ) from error


def _immutable(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value
