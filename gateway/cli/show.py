"""tgw table, counters, events: what is in force, what was counted, what happened.

They read what control and the data plane write, and work without either.
"""

import argparse
import json
import time
from contextlib import closing
from dataclasses import asdict
from ipaddress import IPv4Address

from gateway.api.times import iso_time
from gateway.cli.output import need_root, places_of, print_json, print_table, site_of, topology_of
from gateway.cli.verbs import Subparsers, verb
from gateway.exchange import generations
from gateway.store.records import Record
from gateway.store.sqlite import SqliteReader
from gateway.telemetry import counters

FOLLOW_EVERY_S = 0.2
SHOWN_MAX = 80  # characters of one value


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Declare the three commands."""
    verb(nouns, common, "table", show_table, "The mapping table in force", json=True)
    verb(
        nouns,
        common,
        "counters",
        show_counters,
        "Packets and bytes, by address and by reason",
        json=True,
    )
    parser = verb(nouns, common, "events", show_events, "What happened, oldest first", json=True)
    parser.add_argument("--last", type=int, metavar="N", help="only the last N of them")
    parser.add_argument("--follow", action="store_true", help="go on with what happens from now on")


def show_table(arguments: argparse.Namespace) -> None:
    """The published table."""
    table = generations.load(site_of(arguments).places.run)
    rows = [
        (str(IPv4Address(m.public)), str(IPv4Address(m.private)), m.slot) for m in table.mappings
    ]
    if arguments.json:
        keys = ("public", "private", "slot")
        mappings = [
            dict(zip(keys, row, strict=True)) | ({"blocked": True} if mapping.blocked else {})
            for mapping, row in zip(table.mappings, rows, strict=True)
        ]
        print_json({"generation": table.generation, "mappings": mappings})
    else:
        print(f"generation {table.generation}")
        print_table(("PUBLIC", "PRIVATE", "SLOT"), rows)


def show_counters(arguments: argparse.Namespace) -> None:
    """All counters."""
    need_root()
    topology = topology_of(arguments)
    site = topology.site
    with site.inside():
        found = counters.read(site.places.run, topology.pool)
    if arguments.json:
        addresses = {address: seen._asdict() for address, seen in found.addresses.items()}
        print_json({**asdict(found), "addresses": addresses})
        return
    print_table(
        ("PUBLIC", "PACKETS IN", "BYTES IN", "PACKETS OUT", "BYTES OUT"),
        ((address, *seen) for address, seen in found.addresses.items()),
    )
    print()
    rows = [*found.reasons.items(), *found.guard.items()]
    rows += [(f"queue_{name}", count) for name, count in found.queue.items()]
    rows += [(f"kernel_{name}", count) for name, count in found.kernel.items()]
    print_table(("REASON", "PACKETS"), (row for row in rows if row[1]))


def show_events(arguments: argparse.Namespace) -> None:
    """The log, and on request what is appended to it."""
    need_root()
    with closing(SqliteReader(places_of(arguments).log)) as log:
        last = 0 if arguments.last is None else max(0, log.length() - arguments.last)
        while True:
            for record in log.read(last):
                print(_line(record, as_json=arguments.json), flush=True)
                last = record.sequence
            if not arguments.follow:
                return
            time.sleep(FOLLOW_EVERY_S)


def _line(record: Record, *, as_json: bool) -> str:
    facts = json.loads(record.body)
    if as_json:
        head = {"sequence": record.sequence, "at": record.at, "kind": record.kind}
        return json.dumps(head | facts, ensure_ascii=False)
    told = {key: value for key, value in facts.items() if value not in ("", None)}
    words = " ".join(f"{key}={_short(str(value))}" for key, value in told.items())
    return f"{record.sequence:>6}  {iso_time(record.at)}  {record.kind:<20}  {words}"


def _short(text: str) -> str:
    """Enough of it for people: user data may be as long as a book."""
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
