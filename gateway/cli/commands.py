"""The parser of the words of `tgw`.

Only the module of the command that is called is imported: all of them take many times as long to
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
from gateway.cli.contents import COMMANDS
from gateway.cli.output import EXIT_MISTAKE
from gateway.cli.verbs import DEFAULT_LAB, LAB_VARIABLE, lab_option
from gateway.runtime.version import VERSION

# Options that may stand before the verb, too, and whether a value follows.
COMMON: Final = {"--lab": True, "--json": False}
LINE_MAX: Final = 400  # characters of a message: a word may be as long as a book
WORDS_OF_A_VERB: Final = 2  # noun and verb; or a command, and a word that is its own
LONGER: Final = (["group", "rule"],)  # a verb follows that is a word more


class Parser(argparse.ArgumentParser):
    """A parser that prints each error in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2. The usage is in --help."""
        told = textwrap.shorten(message, LINE_MAX, placeholder="…")
        streams.say(f"{self.prog}: {told}; see '{self.prog} --help'")
        sys.exit(EXIT_MISTAKE)


def parser(*called: str) -> argparse.ArgumentParser:
    """The command line: whole for the commands that are called, a line of help for the others."""
    common = lab_option(os.environ.get(LAB_VARIABLE) or DEFAULT_LAB)
    tgw = Parser(
        prog="tgw",
        description="A TGW-like 1:1 NAT gateway, and a lab to watch it in.",
        epilog="Every COMMAND has --help. --lab and --json may stand before it, too.",
    )
    tgw.add_argument("--version", action="version", version=f"tgw {VERSION}")
    nouns = tgw.add_subparsers(metavar="COMMAND", required=True)
    modules = {COMMANDS[command].module for command in called}
    for command, (module, line) in COMMANDS.items():
        if module not in modules:
            nouns.add_parser(command, help=line)
        elif command not in nouns.choices:  # a module may declare several
            import_module(f"gateway.cli.{module}").add(nouns, common)
    return tgw


def called(words: Sequence[str]) -> list[str]:
    """The command among the words, if there is one."""
    return [word for word in words if word in COMMANDS][:1]


def behind_the_verb(words: Sequence[str]) -> list[str]:
    """The words, with the options that most commands have moved behind noun and verb.

    Such an option may stand anywhere; argparse takes it only where the verb's own options stand.
    """
    left = list(words)
    plain: list[str] = []
    moved: list[str] = []
    while left and len(plain) < WORDS_OF_A_VERB + (plain[:WORDS_OF_A_VERB] in LONGER):
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
