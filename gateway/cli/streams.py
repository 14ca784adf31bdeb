"""Standard input, output and error as a shell may hand them over: closed, broken, in any encoding.

A descriptor that is closed would be taken by the next file that is opened, and what is printed
would be written there. So each of the three is open before a command does anything.
"""

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import Final

from gateway.cli.output import RefusedError

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
SPELT: Final = "tgw-spelt"  # the name of `_spelt` among the handlers of encoding errors
# What we print ourselves that not every encoding has; each has the width of one character.
SPELLING: Final = dict(zip("─│┌┐└┘├┤┬┴┼▶→…✓✗", "-|+++++++++>>.+x", strict=True))


def prepare() -> None:
    """Open what is closed, and let no character fail. Raises `RefusedError` without an output.

    A command that can't tell what it did does nothing.
    """
    closed = [number for number in (STDIN, STDOUT, STDERR) if not _is_open(number)]
    for number in closed:
        _to_null(number)
    if STDIN in closed:
        sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115
    if STDERR in closed:
        sys.stderr = open(STDERR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if STDOUT in closed:
        sys.stdout = open(STDOUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        raise RefusedError("standard output is closed: nothing was done")
    codecs.register_error(SPELT, _spelt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELT)


def say(line: str) -> None:
    """Print a line on standard error, if somebody still reads it."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _to_null(STDERR)


def finish() -> OSError | None:
    """Write what is still to be written on standard output; what hinders it."""
    try:
        sys.stdout.flush()
    except OSError as error:
        abandon()
        return error
    return None


def abandon() -> None:
    """Write no more on standard output; Python would try it again at its end, and complain."""
    _to_null(STDOUT)
    with suppress(OSError):
        sys.stdout.flush()


def _spelt(error: UnicodeError) -> tuple[str | bytes, int]:
    """What is printed instead of a character that the encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    character = error.object[error.start]
    if character in SPELLING:
        return SPELLING[character], error.start + 1
    return codecs.backslashreplace_errors(error)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _to_null(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(null, True)  # noqa: FBT003  the function takes nothing else
    else:
        os.dup2(null, number)
        os.close(null)
