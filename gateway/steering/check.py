"""The rules of a namespace compared with those that steering and guard ask for, and their repair.

What the kernel would list if all was as it should be is found out by asking it: the rules are
installed in a namespace that nobody else sees, and listed there. So this knows no rule by itself,
and no version's way to print one.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from gateway.net import namespace
from gateway.steering import arp, early, kernel, members
from gateway.steering.kernel import run
from gateway.steering.ruleset import TABLE, Steering

Listing = list[tuple[str, str]]  # where: table and chain; what: a rule, empty for the place itself


class Rules(NamedTuple):
    """What isn't as it should be among our rules, and which rules are there that aren't ours."""

    differences: list[str]
    others: list[str]


def compare(steering: Steering | None) -> Rules:
    """Compare the rules of this thread's namespace, where none is ours without a steering.

    Raises `OSError` or `SteeringError`.
    """
    here, wanted = _listed(), _wanted(steering)
    missing, extra = Counter(wanted) - Counter(here), Counter(here) - Counter(wanted)
    differences = [f"{_named(one)} is missing" for one in _outermost(missing)]
    differences += [
        f"{_named(one)} doesn't belong here" for one in _outermost(extra) if _is_ours(one[0])
    ]
    if not differences:
        for place in dict.fromkeys(place for place, _rule in wanted if _is_ours(place)):
            if _of(here, place) != _of(wanted, place):
                differences.append(f"the rules of {place} have another order")
    return Rules(differences, [_named(one) for one in _outermost(extra) if not _is_ours(one[0])])


def restore(steering: Steering) -> None:
    """Make our rules in this thread's namespace as they shall be. Raises `SteeringError`.

    What is there and right stays, and an owner's rules do: counters go on, and packets that wait in
    a queue are kept, unless nothing else helps.
    """
    for repair in (kernel.point, kernel.install_guard, _install_anew):
        if not compare(steering).differences:
            return
        repair(steering)


def link_differences(wanted: Iterable[arp.Link], allowed: Iterable[arp.Link]) -> list[arp.Link]:
    """The links on which the guard's ARP isn't as it should be. Raises `SteeringError`."""
    known, wanted = _known_links(), set(wanted)
    return sorted((wanted - known) | (known - wanted - set(allowed)))


def _wanted(steering: Steering | None) -> Listing:
    if steering is None:
        return []
    ways = kernel.ways_in_use()
    return namespace.apart(partial(_installed, steering, next(iter(ways), None)))


def _installed(steering: Steering, way: str | None) -> Listing:
    install: Callable[[Steering], None] = kernel.WAYS[way] if way else kernel.point
    install(steering)
    kernel.install_guard(steering)
    return _listed()


def _install_anew(steering: Steering) -> None:
    for place, rule in _listed():
        if not rule and ", " not in place and _is_ours(place):
            run(["nft", "delete", *place.split()])
    kernel.point(steering)
    kernel.install_guard(steering)


def _is_ours(place: str) -> bool:
    """Whether a table or chain has our name; a chain of mangle's may be an owner's as well."""
    words = place.replace(",", "").split()
    return any(word == TABLE or word.startswith((f"{TABLE}_", f"{TABLE}-")) for word in words)


def _listed() -> Listing:
    """All rules of this thread's namespace, without what they count and what their sets hold.

    Not among them are those that follow generations: control makes them, and makes them again.
    """
    found: Listing = []
    path: list[str] = []
    for line in run(["nft", "-s", "-t", "list", "ruleset"]).splitlines():
        text = line.strip()
        if text == "}":
            path.pop()
        elif text.endswith("{"):
            path.append(text.removesuffix("{").strip())
            found.append((", ".join(path), ""))
        elif text and not text.startswith("#"):
            found.append((", ".join(path), text))
    tables = {f"table ip {table}" for table in (early.TABLE, members.TABLE)}
    return [one for one in found if one[0].partition(", ")[0] not in tables]


def _known_links() -> set[arp.Link]:
    listing = json.loads(run(["nft", "-j", "list", "set", *arp.TABLE.split(), arp.LINKS]))
    sets = (entry["set"] for entry in listing["nftables"] if "set" in entry)
    return {tuple(element["concat"]) for found in sets for element in found.get("elem", ())}


def _of(listing: Listing, place: str) -> list[str]:
    return [rule for where, rule in listing if where == place]


def _outermost(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without what lies in a place that is among them itself."""
    places = {place for place, rule in found if not rule}

    def is_inside(place: str) -> bool:
        parts = place.split(", ")
        return any(", ".join(parts[:length]) in places for length in range(1, len(parts)))

    return [
        (place, rule)
        for place, rule in found
        if not is_inside(place) and not (rule and place in places)
    ]


def _named(one: tuple[str, str]) -> str:
    place, rule = one
    return f"{place}, rule '{rule}'" if rule else place
