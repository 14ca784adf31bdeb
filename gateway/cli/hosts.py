"""tgw exec HOST -- COMMAND…, tgw shell HOST: be in a host of the lab."""

import argparse
import os
import shlex
import sys
from typing import NoReturn

from gateway.api.client import Client
from gateway.cli.control import find_instance
from gateway.cli.labs import places_up
from gateway.cli.output import MistakeError
from gateway.cli.verbs import Subparsers, command
from gateway.lab import inside
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.net import entry, namespace


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the commands `tgw exec` and `tgw shell` to the parser."""
    parser = command(nouns, common, "exec", run_command)
    _add_host(parser)
    parser.usage = f"{parser.prog} [--lab LAB] HOST -- COMMAND…"
    parser.set_defaults(takes_command=True)
    parser = command(nouns, common, "shell", run_shell)
    _add_host(parser)


def run_command(arguments: argparse.Namespace) -> NoReturn:
    """Become the command, in the host that is named."""
    if not arguments.after_dashes:
        raise MistakeError("say what to run: tgw exec HOST -- COMMAND…")
    _become(arguments, arguments.after_dashes)


def run_shell(arguments: argparse.Namespace) -> NoReturn:
    """Become a shell in the host that is named."""
    _become(arguments, [os.environ.get("SHELL") or "/bin/sh"])


def _become(arguments: argparse.Namespace, command: list[str]) -> NoReturn:
    host = _host(arguments)
    environment = {
        key: value
        for key, value in os.environ.items()
        # A proxy is on the machine's network: a host of the lab can't reach it.
        if not key.lower().endswith("_proxy")
    } | {"TGW_HOST": host}
    if host not in (INTERNET, GATEWAY):
        entry.end_as(inside.run(arguments.lab, host, command, environment))
    namespace.enter_as_host(Hosts(arguments.lab).namespace(host))
    try:
        if not command[0]:
            raise FileNotFoundError  # the system says so in another way
        os.execvpe(command[0], command, environment)  # noqa: S606  the user's own command
    except FileNotFoundError:
        _die(entry.EXIT_NOT_FOUND, f"{shlex.quote(command[0])}: command not found")
    except OSError as error:
        _die(entry.EXIT_NOT_EXECUTABLE, f"{command[0]}: {error.strerror}")


def _die(status: int, line: str) -> NoReturn:
    print(f"tgw: {line}", file=sys.stderr)
    sys.exit(status)


def _host(arguments: argparse.Namespace) -> str:
    """The host's name, which for an instance is its id; control is asked only if it must be."""
    places = places_up(arguments)
    if arguments.host in Hosts(arguments.lab).names():
        return str(arguments.host)
    return str(find_instance(Client(places.socket), arguments.host)["InstanceId"])


def _add_host(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "host", metavar="HOST", help="an instance's name or id, 'internet' or 'gateway'"
    )
