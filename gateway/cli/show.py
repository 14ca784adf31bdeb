"""tgw table, counters, events: what is in force, what was counted, what happened.

Control tells it by actions of the operator. Without control the command carries the actions out
itself: the data plane and the log are there all the same.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Any, Final

from gateway.api.client import Client, ControlUnreachableError, NotDoneError
from gateway.api.errors import ApiError
from gateway.api.times import iso_time
from gateway.app.observer import SiteObserver
from gateway.cli import table_difference
from gateway.cli.labs import places_of, topology_of
from gateway.cli.output import json_text, print_json, print_table
from gateway.cli.verbs import Subparsers, command, count

FOLLOW_EVERY_S = 0.2
SHOWN_MAX = 80  # characters of one value
TRIES: Final = 5  # to read a table while others begin to read another one

Ask = Callable[..., dict[str, Any]]


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    table = command(nouns, common, "table", show_table, json=True)
    table.add_argument(
        "--diff", action="store_true", help="what the last change changed: the generation before"
    )
    command(
        nouns,
        common,
        "counters",
        show_counters,
        json=True,
    )
    parser = command(nouns, common, "events", show_events, json=True)
    parser.add_argument("--last", type=count, metavar="N", help="only the last N of them")
    parser.add_argument("--follow", action="store_true", help="go on with what happens from now on")


def show_table(arguments: argparse.Namespace) -> None:
    """The published table, or how it differs from the one before."""
    ask = _asker(_observer(arguments), arguments)
    if arguments.diff:
        pages = _whole(ask, "DescribeTableDifference", "Change")
        table_difference.show(pages, as_json=arguments.json)
        return
    table, mappings = _table(ask)
    if arguments.json:
        told = {"generation": table["Generation"], "pools": table["Pools"]}
        print_json(told | {"mappings": [_mapping(one) for one in mappings]})
    else:
        print(f"generation {table['Generation']}")
        rows = ((one["PublicIp"], one["PrivateIp"], one["Slot"]) for one in mappings)
        print_table(("PUBLIC", "PRIVATE", "SLOT"), rows)


def _table(ask: Ask) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The table's first page, and all mappings, by public address. Raises `NotDoneError`."""
    pages = _whole(ask, "DescribeTable", "Slot")
    mappings = [one for page in pages for one in page["MappingSet"]]
    return pages[0], sorted(mappings, key=lambda one: IPv4Address(one["PublicIp"]))


def _whole(ask: Ask, action: str, place: str) -> list[dict[str, Any]]:
    """All pages of an answer about one generation. Raises `NotDoneError`."""
    for _ in range(TRIES):
        first = ask(action)
        try:
            return [*_pages(ask, action, place, first, Generation=first["Generation"])]
        except ApiError as error:
            if error.code != "ResourceNotFound":
                raise
            # somebody else began to read another table
    raise NotDoneError("the table is replaced too often to be read")


def _mapping(told: dict[str, Any]) -> dict[str, Any]:
    blocked = {"blocked": True} if told["IsBlocked"] else {}
    return {
        "public": told["PublicIp"],
        "private": told["PrivateIp"],
        "slot": told["Slot"],
    } | blocked


def show_counters(arguments: argparse.Namespace) -> None:
    ask = _asker(_observer(arguments), arguments)
    pages = [*_pages(ask, "DescribeCounters", "Slot", ask("DescribeCounters"))]
    counted = sorted((one for page in pages for one in page["AddressSet"]), key=_by_address)
    addresses = {one["PublicIp"]: one for one in counted}
    others = {
        name: {one["Name"]: one["Packets"] for one in pages[-1][field]}
        for name, field in (
            ("reasons", "ReasonSet"),
            ("guard", "GuardSet"),
            ("queue", "QueueSet"),
            ("kernel", "KernelSet"),
            ("paths", "PathSet"),
        )
    }
    if arguments.json:
        told = {
            address: {name: one[field] for name, field in ADDRESS_COUNTERS.items()}
            for address, one in addresses.items()
        }
        print_json({"addresses": told, **others})
        return
    print_table(
        ("PUBLIC", "PACKETS IN", "BYTES IN", "PACKETS OUT", "BYTES OUT"),
        (
            (address, *(one[field] for field in ADDRESS_COUNTERS.values()))
            for address, one in addresses.items()
        ),
    )
    print()
    rows = [*others["reasons"].items(), *others["guard"].items()]
    rows += [(f"queue_{name}", count) for name, count in others["queue"].items()]
    rows += [(f"kernel_{name}", count) for name, count in others["kernel"].items()]
    print_table(("REASON", "PACKETS"), (row for row in rows if row[1]))
    fast, slow = (others["paths"][name] for name in ("fast", "slow"))
    if fast:
        print(f"\nfast path: {fast} of {fast + slow} packets, {100 * fast / (fast + slow):.1f} %")


def _by_address(told: dict[str, Any]) -> tuple[bool, tuple[int, ...]]:
    """By the address as a number; a slot without an address comes last."""
    words = told["PublicIp"].split(".")
    is_address = all(word.isdecimal() for word in words)
    return not is_address, tuple(map(int, words)) if is_address else ()


ADDRESS_COUNTERS: Final = {
    "packets_in": "PacketsIn",
    "bytes_in": "BytesIn",
    "packets_out": "PacketsOut",
    "bytes_out": "BytesOut",
}


def _pages(
    ask: Ask, action: str, place: str, page: dict[str, Any], **more: Any
) -> Iterator[dict[str, Any]]:
    """The first page and those after it; `place` is what a page begins with: a slot, a change."""
    yield page
    while (following := page[f"Next{place}"]) is not None:
        page = ask(action, **{f"First{place}": following}, **more)
        yield page


def show_events(arguments: argparse.Namespace) -> None:
    """The log, and on request what is appended to it."""
    ask = _asker(SiteObserver(places_of(arguments)), arguments)
    last = 0
    if arguments.last is not None:
        last = max(0, ask("DescribeEvents", Limit=1)["LastEvent"] - arguments.last)
    while True:
        answer = ask("DescribeEvents", After=last)
        for event in answer["EventSet"]:
            print(_line(event, as_json=arguments.json), flush=True)
            last = event["Sequence"]
        if last >= answer["LastEvent"]:
            if not arguments.follow:
                return
            time.sleep(FOLLOW_EVERY_S)


def _observer(arguments: argparse.Namespace) -> SiteObserver:
    topology = topology_of(arguments)
    return SiteObserver(topology.site.places, topology.site)


def _asker(observer: SiteObserver, arguments: argparse.Namespace) -> Ask:
    """Asks control; where it doesn't answer, the action is carried out here."""
    control = Client(places_of(arguments).socket)

    def ask(action: str, **parameters: Any) -> dict[str, Any]:
        try:
            return control.send(action, **parameters)
        except ControlUnreachableError:
            # Only here, as it takes a third of a second: the models of all actions come with it.
            from gateway.api.operator.observation import observed

            return observed(observer, action, parameters)

    return ask


def _line(event: dict[str, Any], *, as_json: bool) -> str:
    facts = json.loads(event["Body"])
    if as_json:
        head = {"sequence": event["Sequence"], "at": event["At"], "kind": event["Kind"]}
        return json_text(head | facts)
    told = {key: value for key, value in facts.items() if value not in ("", None)}
    words = " ".join(f"{key}={_short(str(value))}" for key, value in told.items())
    return f"{event['Sequence']:>6}  {iso_time(event['At'])}  {event['Kind']:<20}  {words}"


def _short(text: str) -> str:
    """Enough of it for people: user data may be as long as a book."""
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
