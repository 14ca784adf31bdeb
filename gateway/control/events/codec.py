"""Events in the form that the log keeps: a kind, and its facts as JSON.

A field that is a value of control is an object in JSON, and a tuple is a list. Logs of earlier
versions are read, too: `earlier` brings what they say into today's form.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints

from gateway.control.events.earlier import UPCASTS
from gateway.control.events.kinds import Event
from gateway.store.records import Record, StoreError

_KINDS: Final[Mapping[str, type[Event]]] = {kind.__name__: kind for kind in Event.__args__}


def to_record(event: Event, sequence: int, at: float) -> Record:
    """Put the event with this sequence and Unix time into the log's form."""
    body = json.dumps(asdict(event), ensure_ascii=False, separators=(",", ":"))
    return Record(sequence, at, type(event).__name__, body)


def from_record(record: Record) -> Event:
    """The event in `record`. Raises `StoreError` if its kind or form is unknown."""
    try:
        body = json.loads(record.body)
        upcast = UPCASTS.get(record.kind)
        event: Event = _read(_KINDS[record.kind], upcast(body) if upcast else body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"event {record.sequence} ({record.kind}) can't be read: was it written by a newer tgw?"
        ) from error
    return event


def _read(kind: type[Any], body: Mapping[str, Any]) -> Any:
    """Make an event, or a value in one, of the fields in `body`."""
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    for name, read in _READERS[kind].items():
        if name in plain:
            plain[name] = read(plain[name])
    return kind(**plain)


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    """Find the function that makes a field's value of its JSON; None if they are the same."""
    inner = _inner(kind)
    if read := _reader(inner) if inner else None:
        return lambda values: tuple(map(read, values))
    if not isinstance(kind, type):
        return None
    if is_dataclass(kind):
        return lambda body: _read(kind, body)
    return kind if issubclass(kind, Enum) else None


def _readers(kinds: list[type[Any]]) -> dict[type[Any], dict[str, Callable[[Any], Any]]]:
    """Collect the readers of fields by kind, also for the kinds of values in events."""
    found: dict[type[Any], dict[str, Callable[[Any], Any]]] = {}
    while kinds:
        kind = kinds.pop()
        hints = get_type_hints(kind)
        of_fields = {field.name: _reader(hints[field.name]) for field in fields(kind)}
        found[kind] = {name: reader for name, reader in of_fields.items() if reader}
        inner = (_inner(hint) or hint for hint in hints.values())
        kinds += [hint for hint in inner if isinstance(hint, type) and is_dataclass(hint)]
    return found


def _inner(kind: Any) -> Any:
    """What a tuple of many values is of; None for any other kind."""
    return get_args(kind)[0] if get_origin(kind) is tuple else None


_READERS: Final = _readers(list(Event.__args__))
