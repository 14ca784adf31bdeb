"""A mapping table as people write it, and as `tgw table --json` prints it.

::

    {"mappings": [{"public": "203.0.113.10", "private": "10.0.0.2",
                   "out_mbps": 20, "in_mbps": 20.5, "package": "shared", "slot": 0,
                   "blocked": false}],
     "packages": {"shared": {"mbps": 20}},
     "pools": ["203.0.113.0/24"],
     "generation": 7}

Only `mappings` and their two addresses must be there. Without a rate there is no cap, and mappings
without a slot take the lowest free ones. Anything else is refused whole: a key that was ignored
could be a cap misspelt.
"""

import json
from collections.abc import Mapping as Mapped
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import count
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Final

from gateway.nat.table import POOLS_MAX, BadTableError, Mapping, Package, Table, build

BYTES_MAX: Final = 128 * 1024 * 1024  # enough for a million mappings
SLOTS_MAX: Final = 1 << 20  # an engine may keep an array of them
GENERATION_MAX: Final = (1 << 64) - 1
KBPS_MAX: Final = (1 << 32) - 1
KBPS_PER_MBPS: Final = 1000

_ANY_SLOT: Final = -1


class TableFileError(ValueError):
    """The file is no table; the text says what is wrong and where, in one line."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """This notes the addresses and slots that are taken, each with its mapping's position."""

    publics: dict[int, int]
    privates: dict[int, int]
    slots: dict[int, int]


def load(path: Path) -> Table:
    """The table in a file. Raises `TableFileError` or `OSError`."""
    with path.open("rb") as file:
        raw = file.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        raise TableFileError(f"more than {BYTES_MAX} bytes: too large for a table")
    return parse(raw)


def parse(raw: bytes) -> Table:
    """Read the table from the JSON in `raw`. Raises `TableFileError` if it is none."""
    whole = _object(_json(raw), "the table", {"mappings"}, {"packages", "pools", "generation"})
    generation = _number(whole.get("generation", 0), "generation", GENERATION_MAX)
    named = whole.get("packages", {})
    if not isinstance(named, dict):
        raise TableFileError("packages must be an object")
    if not isinstance(whole["mappings"], list):
        raise TableFileError("mappings must be a list")
    packages = {
        name: _package(number, name, body) for number, (name, body) in enumerate(named.items(), 1)
    }
    mappings = _mappings(whole["mappings"], packages)
    slots = max((mapping.slot for mapping in mappings), default=-1) + 1
    try:
        return build(generation, slots, mappings, packages.values(), _pools(whole))
    except BadTableError as error:
        raise TableFileError(str(error)) from error


def _json(raw: bytes) -> object:
    try:
        parsed: object = json.loads(
            raw.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_constant
        )
    except TableFileError:
        raise
    except UnicodeDecodeError as error:
        raise TableFileError(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise TableFileError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise TableFileError("nested too deep for a table") from error
    except ValueError as error:  # Python's bound on the digits of an integer
        raise TableFileError("a number has too many digits") from error
    return parsed


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a key that comes twice: JSON permits it, and Python takes the last."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise TableFileError(f"the key {shortened(key)} stands twice in one object")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise TableFileError(f"{name} is no number")


def _mappings(entries: list[object], packages: Mapped[str, Package]) -> list[Mapping]:
    taken = _Taken({}, {}, {})
    mappings = [_mapping(at, entry, packages, taken) for at, entry in enumerate(entries)]
    free = (slot for slot in count() if slot not in taken.slots)
    return [m._replace(slot=next(free)) if m.slot == _ANY_SLOT else m for m in mappings]


def _mapping(at: int, entry: object, packages: Mapped[str, Package], taken: _Taken) -> Mapping:
    """One entry, with what must be its own noted in `taken`."""
    where = f"mappings[{at}]"
    optional = {"out_mbps", "in_mbps", "package", "slot", "blocked"}
    body = _object(entry, where, {"public", "private"}, optional)
    public = _address(body["public"], f"{where}.public")
    private = _address(body["private"], f"{where}.private")
    _take(taken.publics, public, at, f"public address {body['public']}")
    _take(taken.privates, private, at, f"private address {body['private']}")
    slot = _ANY_SLOT
    if "slot" in body:
        slot = _number(body["slot"], f"{where}.slot", SLOTS_MAX - 1)
        _take(taken.slots, slot, at, f"slot {slot}")
    return Mapping(
        public,
        private,
        slot,
        out_kbps=_kbps(body, "out_mbps", where),
        in_kbps=_kbps(body, "in_mbps", where),
        package=_package_number(body, packages, where),
        blocked=_flag(body.get("blocked", False), f"{where}.blocked"),
    )


def _take(taken: dict[int, int], value: int, at: int, what: str) -> None:
    if value in taken:
        raise TableFileError(f"mappings[{at}]: mappings[{taken[value]}] has the {what} already")
    taken[value] = at


def _package(number: int, name: str, value: object) -> Package:
    where = f"packages[{shortened(name)}]"
    return Package(number, _kbps(_object(value, where, {"mbps"}, set()), "mbps", where))


def _package_number(body: dict[str, Any], packages: Mapped[str, Package], where: str) -> int:
    if "package" not in body:
        return 0
    name = body["package"]
    if not isinstance(name, str):
        raise TableFileError(f"{where}.package must be the name of a package")
    if name not in packages:
        raise TableFileError(f"{where}.package: there is no package {shortened(name)}")
    return packages[name].number


def _object(value: object, where: str, required: set[str], optional: set[str]) -> dict[str, Any]:
    """`value`, if it is an object with these keys."""
    if not isinstance(value, dict):
        raise TableFileError(f"{where} must be an object")
    for key in sorted(required - value.keys()):
        raise TableFileError(f"{where} has no {key!r}")
    for key in sorted(value.keys() - required - optional):
        raise TableFileError(f"{where} has an unknown key {shortened(key)}")
    return value


def _pools(whole: dict[str, Any]) -> list[range]:
    """The networks of the pool, whose addresses are the gateway's, mapped or not."""
    listed = whole.get("pools", [])
    if not isinstance(listed, list) or len(listed) > POOLS_MAX:
        raise TableFileError(f"pools must be a list of at most {POOLS_MAX} networks")
    return [_network(value, f"pools[{at}]") for at, value in enumerate(listed)]


def _network(value: object, where: str) -> range:
    if not isinstance(value, str):
        raise TableFileError(f"{where} must be an IPv4 network in quotes")
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise TableFileError(f"{where}: {shortened(value)} is no IPv4 network") from error
    return range(int(network[0]), int(network[-1]) + 1)


def _address(value: object, where: str) -> int:
    if not isinstance(value, str):
        raise TableFileError(f"{where} must be an IPv4 address in quotes")
    try:
        return int(IPv4Address(value))
    except AddressValueError as error:
        raise TableFileError(f"{where}: {shortened(value)} is no IPv4 address") from error


def _number(value: object, where: str, most: int) -> int:
    # To Python, true is the integer 1.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise TableFileError(f"{where} must be an integer from 0 to {most}")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise TableFileError(f"{where} must be true or false")
    return value


def _kbps(body: dict[str, Any], key: str, where: str) -> int:
    """A rate in kbit/s; 0, which means no cap, only if the key isn't there."""
    if key not in body:
        return 0
    mbps = body[key]
    if not isinstance(mbps, int | float) or isinstance(mbps, bool):
        raise TableFileError(f"{where}.{key} must be a number")
    # Written so that infinity, which 1e999 is, and integers beyond a float's range are compared.
    if not 1 <= mbps * KBPS_PER_MBPS <= KBPS_MAX:
        raise TableFileError(f"{where}.{key} must be from 0.001 to {KBPS_MAX / KBPS_PER_MBPS}")
    return round(mbps * KBPS_PER_MBPS)
