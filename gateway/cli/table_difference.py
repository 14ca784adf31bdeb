"""tgw table --diff: what differs between the table in force and the one before."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from gateway.cli.output import print_json
from gateway.exchange import generations
from gateway.nat.difference import MappingChange, PackageChange, difference
from gateway.nat.table import BadTableError, Mapping, Package


def show(directory: Path, *, as_json: bool) -> None:
    """Print the difference. Raises `BadTableError` if the table before isn't there any more."""
    after, before = generations.load_last_two(directory)
    if before is None:
        raise BadTableError(f"the table before generation {after.generation} isn't there any more")
    found = difference(before, after)
    if as_json:
        print_json(
            {
                "before": before.generation,
                "after": after.generation,
                "mappings": [_sides(change, _mapping) for change in found.mappings],
                "packages": [_sides(change, Package._asdict) for change in found.packages],
            }
        )
        return
    print(f"generation {before.generation} → {after.generation}")
    for change in found.mappings:
        print(_line(change, _mapping))
    for package in found.packages:
        print(_line(package, _package))


def _sides(change: MappingChange | PackageChange, facts: Any) -> dict[str, Any]:
    """Both sides of a change for programs; null where there is nothing."""
    return {side: one and facts(one) for side, one in change._asdict().items()}


def _line(change: MappingChange | PackageChange, facts: Any) -> str:
    """One change for people: what came, what went, or what is another now."""
    if change.before is None or change.after is None:
        sign = "+" if change.before is None else "-"
        one = facts(change.after or change.before)
        return f"{sign} " + " ".join(f"{key}={value}" for key, value in one.items())
    old, new = facts(change.before), facts(change.after)
    key = next(iter(old))
    words = [f"{name}={old[name]}→{new[name]}" for name in old if old[name] != new[name]]
    return f"~ {key}={old[key]} " + " ".join(words)


def _mapping(mapping: Mapping) -> dict[str, Any]:
    """A mapping's facts; its addresses as people write them."""
    addresses = {
        "public": str(IPv4Address(mapping.public)),
        "private": str(IPv4Address(mapping.private)),
    }
    return mapping._asdict() | addresses


def _package(package: Package) -> dict[str, Any]:
    """A package's facts; the number is that of a package."""
    return {"package": package.number, "kbps": package.kbps}
