"""Values as JSON, by their types alone: frozen dataclasses, enums, and containers of them.

`codec(Kind)` learns from the annotations how a value of `Kind` is written and read. Its `shape` is
a text that differs as soon as a field has another name, type or place: whoever keeps the shape
beside the JSON never reads what another version wrote with this version's types.

::

    dataclass            [field, field, …] in the order of its fields, without those at the end that
                         have their defaults
    Enum                 its value
    dict[str, X]         {key: value}, in its order
    dict[K, X]           [[key, value], …], in its order
    tuple[X, ...]        [X, …]
    tuple[X, Y]          [X, Y]
    frozenset[X]         [X, …], sorted
    X | None             X or null
    str, int, float, bool as they are: floats keep every bit, infinity included

To read runs no code but the constructors of these types. `Codec.read` raises `ValueError` for what
has another structure.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, Final

_PLAIN: Final = (str, int, float, bool)
_MISSING: Final = dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class Codec:
    """How the values of one type are written as JSON and read again."""

    shape: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    plain: bool = False  # JSON has such a value as it is


def codec(kind: Any) -> Codec:
    """The codec of a type. Raises `TypeError` for a type that has none."""
    if kind in _PLAIN:
        return Codec(kind.__name__, _same, _same, plain=True)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType and len(arguments) == 2 and arguments[1] is types.NoneType:
        return _optional(codec(arguments[0]))
    if origin is dict:
        return _dict(*map(codec, arguments))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return _row(tuple, {str(at): codec(each) for at, each in enumerate(arguments)})
    if origin in (tuple, frozenset):
        return _sequence(origin, codec(arguments[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = dataclasses.fields(kind)
        defaults = [field.default for field in fields]
        return _row(kind, {field.name: codec(hints[field.name]) for field in fields}, defaults)
    raise TypeError(f"no codec for {kind}")


def _same(value: Any) -> Any:
    return value


def _optional(inner: Codec) -> Codec:
    return Codec(
        f"{inner.shape}|None",
        lambda value: None if value is None else inner.write(value),
        lambda found: None if found is None else inner.read(found),
        plain=inner.plain,
    )


def _enum(kind: type[Enum]) -> Codec:
    members = {member.value: member for member in kind}

    def read(found: Any) -> Any:
        if not isinstance(found, str) or found not in members:
            raise ValueError(f"{found!r} is no {kind.__name__}")
        return members[found]

    return Codec(f"{kind.__name__}({','.join(members)})", attrgetter("value"), read)


def _sequence(origin: Callable[[Any], Any], inner: Codec) -> Codec:
    order: Callable[[Any], Any] = sorted if origin is frozenset else list
    return Codec(
        f"{'frozenset' if origin is frozenset else 'tuple'}[{inner.shape}]",
        lambda value: order(map(inner.write, value)),
        lambda found: origin(map(inner.read, _checked(found, list))),
    )


def _dict(key: Codec, value: Codec) -> Codec:
    shape = f"dict[{key.shape},{value.shape}]"
    if key.shape != "str":
        entry = _row(tuple, {"key": key, "value": value})
        return Codec(
            shape,
            lambda entries: list(map(entry.write, entries.items())),
            lambda found: dict(map(entry.read, _checked(found, list))),
        )
    if value.plain:
        return Codec(shape, dict, lambda found: _checked(found, dict))

    def read(found: Any) -> Any:
        for name, each in _checked(found, dict).items():
            found[name] = value.read(each)
        return found

    return Codec(
        shape, lambda entries: {name: value.write(each) for name, each in entries.items()}, read
    )


def _row(kind: Any, fields: dict[str, Codec], defaults: Sequence[Any] = ()) -> Codec:
    """The fields of one value, by position: a dataclass's, or the places of a tuple."""
    defaults = defaults or [_MISSING] * len(fields)
    shape = ",".join(
        f"{name}:{each.shape}{_ending(default)}"
        for (name, each), default in zip(fields.items(), defaults, strict=True)
    )
    least = len(fields) - sum(default is not _MISSING for default in defaults)
    common = kind() if least == 0 and fields else None  # shared, as it can't change
    deep = [(at, each) for at, each in enumerate(fields.values()) if not each.plain]

    def write(value: Any) -> Any:
        row = list(value) if kind is tuple else [getattr(value, name) for name in fields]
        while len(row) > least and _is(row[-1], defaults[len(row) - 1]):
            row.pop()
        for at, each in deep:
            if at < len(row):
                row[at] = each.write(row[at])
        return row

    def read(found: Any) -> Any:
        if not least <= len(_checked(found, list)) <= len(fields):
            raise ValueError(f"{kind.__name__} has {len(fields)} fields, not {len(found)}")
        if not found and common is not None:
            return common
        for at, each in deep:
            if at < len(found):
                found[at] = each.read(found[at])
        return tuple(found) if kind is tuple else kind(*found)

    return Codec(f"{kind.__name__}({shape})", write, read)


def _is(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _ending(default: Any) -> str:
    """What a field's default adds to the shape: it is not written, so it must stay."""
    return "" if default is _MISSING else f"={default!r}"


def _checked(found: Any, kind: type) -> Any:
    if type(found) is not kind:
        raise ValueError(f"{type(found).__name__} where a {kind.__name__} is expected")
    return found
