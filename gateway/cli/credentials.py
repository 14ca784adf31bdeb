"""tgw credentials: what a client of the cloud's API needs to talk to the lab."""

import argparse
import shlex
import time

from gateway.api.credentials import Credentials, Pair
from gateway.api.times import iso_time
from gateway.cli.labs import places_up
from gateway.cli.output import RefusedError, print_json
from gateway.cli.verbs import Subparsers, command
from gateway.control.place import REGION
from gateway.site.places import Places


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command `tgw credentials` and its options to the parser."""
    parser = command(
        nouns,
        common,
        "credentials",
        credentials,
        json=True,
    )
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--new", action="store_true", help="make another pair, and show it")
    change.add_argument("--disable", metavar="ID", help="refuse what is signed with this SecretId")
    change.add_argument("--enable", metavar="ID", help="take it again")


def credentials(arguments: argparse.Namespace) -> None:
    """Make, enable or disable a pair if asked, and print the result."""
    places = places_up(arguments)
    kept = Credentials(places.credentials)
    made = kept.create(time.time()) if arguments.new else None
    switched = arguments.disable or arguments.enable
    if switched:
        kept.switch(switched, enabled=bool(arguments.enable))
    if arguments.json:
        print_json(_facts(places, kept.pairs()))
    elif switched:
        print(f"{switched} is {'enabled' if arguments.enable else 'disabled'}")
    else:
        _print_lines(places, made or _first_enabled(kept.pairs()))


def _print_lines(places: Places, pair: Pair) -> None:
    variables = {
        "TENCENTCLOUD_SECRET_ID": pair.secret_id,
        "TENCENTCLOUD_SECRET_KEY": pair.secret_key,
        "TENCENTCLOUD_REGION": REGION,
        "TGW_API": _endpoint(places),
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _facts(places: Places, pairs: tuple[Pair, ...]) -> dict[str, object]:
    return {
        "Endpoint": _endpoint(places),
        "Region": REGION,
        "Credentials": [
            {
                "SecretId": pair.secret_id,
                "SecretKey": pair.secret_key,
                "Enabled": pair.enabled,
                "CreatedTime": iso_time(pair.created_at),
            }
            for pair in pairs
        ],
    }


def _first_enabled(pairs: tuple[Pair, ...]) -> Pair:
    for pair in pairs:
        if pair.enabled:
            return pair
    raise RefusedError("every SecretId is disabled: '--enable ID' or '--new' helps")


def _endpoint(places: Places) -> str:
    try:
        return places.endpoint.read_text().strip()
    except FileNotFoundError:
        raise RefusedError(
            f"control of lab {places.name} has not listened yet: 'tgw lab up' starts it"
        ) from None
