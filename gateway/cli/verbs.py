"""How a noun declares its verbs."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from gateway.cli.contents import COMMANDS
from gateway.site.command import Command
from gateway.site.places import NAME

# How this program starts itself. -P: what lies in the current directory is not imported.
TGW: Final = Command((sys.executable, "-P", "-m", "gateway.cli.start"))
LAB_VARIABLE: Final = "TGW_LAB"  # the environment's choice of a lab
DEFAULT_LAB: Final = "lab"

WHOLE: Final = re.compile("-?[0-9]{1,18}")

Subparsers = Any  # argparse's own type is private
Run = Callable[[argparse.Namespace], int | None]


def lab_option(default: str) -> argparse.ArgumentParser:
    """The option --lab, for `verb`. One parser each default: argparse shares it with its users."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--lab", type=_lab_name, default=default, help="which lab (default %(default)s)"
    )
    return parser


def noun(nouns: Subparsers, name: str) -> Subparsers:
    """Declare a command that is a noun, for verbs to be added."""
    line = COMMANDS[name].line
    found: Subparsers = nouns.add_parser(name, help=line, description=f"{line}.")
    return found.add_subparsers(metavar="VERB", required=True)


def command(
    nouns: Subparsers,
    common: argparse.ArgumentParser,
    name: str,
    run: Run,
    *,
    json: bool = False,
    needs_root: bool = True,
) -> argparse.ArgumentParser:
    """Declare a command of one word, which is a verb by itself."""
    line = COMMANDS[name].line
    return verb(nouns, common, name, run, line, json=json, needs_root=needs_root)


def verb(
    verbs: Subparsers,
    common: argparse.ArgumentParser,
    name: str,
    run: Run,
    help_line: str,
    *,
    json: bool = False,
    needs_root: bool = True,
) -> argparse.ArgumentParser:
    """Declare a verb; `json` gives it the option --json.

    Without root's rights it isn't run, unless it needs none.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help_line, description=f"{help_line}.", parents=[common]
    )
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.set_defaults(run=run, needs_root=needs_root, takes_command=False)
    return parser


def whole(text: str) -> int:
    """A type of arguments: a whole number of 64 bits. What it may be is control's to say."""
    if not WHOLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number of up to 18 digits")
    return int(text)


def count(text: str) -> int:
    """A type of arguments: how many of something, 0 or more."""
    number = whole(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 0")
    return number


def _lab_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} can't name a lab: use up to 20 of a-z, 0-9 and '-', a letter first"
        )
    return text
