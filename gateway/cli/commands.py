"""The commands of `tgw`, and the parser of their words.

Only the module of the command that is called is imported: all of them take four times as long to
start as most of them by themselves.
"""

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from gateway.cli import streams
from gateway.cli.output import EXIT_MISTAKE
from gateway.cli.verbs import DEFAULT_LAB, LAB_VARIABLE, lab_option
from gateway.runtime.version import VERSION

# Each command of `tgw`, and the module that declares it.
COMMANDS: Final = {
    "lab": "lab",
    "instance": "instance",
    "eip": "eip",
    "package": "package",
    "block": "block",
    "unblock": "block",
    "account": "account",
    "credentials": "credentials",
    "exec": "hosts",
    "shell": "hosts",
    "table": "show",
    "counters": "show",
    "events": "show",
    "trace": "trace",
    "replay": "replay",
    "doctor": "doctor",
    "demo": "demo",
    "backup": "backup",
    "restore": "backup",
    "fastpath": "fastpath",
    "dataplane": "processes",
    "control": "processes",
    "metadata": "processes",
    "api": "processes",
    "web": "processes",
    "watchdog": "processes",
    "bill": "bill",
    "completion": "completion",
}

# Options that may stand before the verb, too, and whether a value follows.
COMMON: Final = {"--lab": True, "--json": False}
LINE_MAX: Final = 400  # characters of a message: a word may be as long as a book
WORDS_OF_A_VERB: Final = 2  # noun and verb; or a command, and a word that is its own


class Parser(argparse.ArgumentParser):
    """A parser that prints each error in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2. The usage is in --help."""
        told = textwrap.shorten(message, LINE_MAX, placeholder="…")
        streams.say(f"{self.prog}: {told}; see '{self.prog} --help'")
        sys.exit(EXIT_MISTAKE)


def parser(command: str = "") -> argparse.ArgumentParser:
    """The command's part of the command line; all of it for what is no command."""
    common = lab_option(os.environ.get(LAB_VARIABLE) or DEFAULT_LAB)
    tgw = Parser(
        prog="tgw",
        description="A TGW-like 1:1 NAT gateway, and a lab to watch it in.",
        epilog="Every COMMAND has --help. --lab and --json may stand before it, too.",
    )
    tgw.add_argument("--version", action="version", version=f"tgw {VERSION}")
    nouns = tgw.add_subparsers(metavar="COMMAND", required=True)
    modules = [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in modules:
        import_module(f"gateway.cli.{module}").add(nouns, common)
    return tgw


def behind_the_verb(words: Sequence[str]) -> list[str]:
    """The words, with the options that most commands have moved behind noun and verb.

    Such an option may stand anywhere; argparse takes it only where the verb's own options stand.
    """
    left = list(words)
    plain: list[str] = []
    moved: list[str] = []
    while left and len(plain) < WORDS_OF_A_VERB:
        name, is_given, _ = left[0].partition("=")
        if name in COMMON:
            size = 1 if is_given or not COMMON[name] else 2
            moved += left[:size]
            del left[:size]
        elif left[0].startswith("-"):
            break
        else:
            plain.append(left.pop(0))
    return plain + moved + left
