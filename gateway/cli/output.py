"""How the command speaks: tables for people, JSON for programs, one line for a mistake."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO
from unicodedata import east_asian_width

EXIT_REFUSED = 1
EXIT_MISTAKE = 2


class MistakeError(Exception):
    """The command line can't be carried out as it stands; the text says what to do."""


class RefusedError(Exception):
    """The operation was understood and refused, or failed."""


def print_json(value: object) -> None:
    """Print the value as one indented JSON document."""
    print(json_text(value, indent=2))


def json_text(value: object, indent: int | None = None) -> str:
    """The value as JSON: as people write it, or with escapes if the output can't show that."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return json.dumps(value, indent=indent, ensure_ascii=encoding != "utf8")


def print_table(
    titles: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO | None = None
) -> None:
    """Print columns as wide as they need to be; `-` for what isn't there."""
    cells = [list(titles), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        )
        print("  ".join(padded).rstrip(), file=file)


def _width(text: str) -> int:
    """How many columns of a terminal it takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "-"
    return str(value)


def need_root() -> None:
    """Refuse to go on without root's rights. Raises `RefusedError`."""
    if os.geteuid() != 0:
        raise RefusedError("this needs root's rights: run it as root")


def progress(line: str) -> None:
    """A line about work under way, beside the command's real output."""
    print(line, file=sys.stderr, flush=True)
