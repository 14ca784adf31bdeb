"""tgw table --diff: what differs between the table in force and the one before."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.cli.output import print_json

# The facts of a mapping and of a package: how the command calls them, and how the API does.
MAPPING: Final = {
    "public": "PublicIp",
    "private": "PrivateIp",
    "slot": "Slot",
    "out_kbps": "OutKbps",
    "in_kbps": "InKbps",
    "package": "Package",
    "blocked": "IsBlocked",
}
PACKAGE: Final = {"package": "Package", "kbps": "Kbps"}

Side = dict[str, Any] | None
Change = tuple[Side, Side]  # what was before, what is now


def show(pages: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print the difference that these answers tell of."""
    before, after = pages[0]["Before"], pages[0]["Generation"]
    mappings = [_change(one, MAPPING) for page in pages for one in page["MappingChangeSet"]]
    packages = [_change(one, PACKAGE) for page in pages for one in page["PackageChangeSet"]]
    if as_json:
        print_json(
            {
                "before": before,
                "after": after,
                "mappings": [{"before": old, "after": new} for old, new in mappings],
                "packages": [{"before": old, "after": new} for old, new in packages],
            }
        )
        return
    print(f"generation {before} → {after}")
    for change in (*mappings, *packages):
        print(_line(change))


def _change(told: dict[str, Any], names: Mapping[str, str]) -> Change:
    def side(facts: Side) -> Side:
        return facts and {name: facts[field] for name, field in names.items()}

    return side(told["Before"]), side(told["After"])


def _line(change: Change) -> str:
    """One change for people: what came, what went, or what is another now."""
    old, new = change
    if old is None or new is None:
        sign, one = ("+", new) if old is None else ("-", old)
        return f"{sign} " + " ".join(f"{key}={value}" for key, value in (one or {}).items())
    key = next(iter(old))
    words = [f"{name}={old[name]}→{new[name]}" for name in old if old[name] != new[name]]
    return f"~ {key}={old[key]} " + " ".join(words)
