"""The shapes of the cloud's requests and answers: which fields there are, and of which types.

A service has a file with a line for each shape::

    Filter Name!:string Values!:string[]
    Image ImageId:string SyncPercent?:integer SnapshotSet:Snapshot[] …

`!` marks a field that a request must have, `?` one that may be null in an answer, `[]` a list. A
type is one of the words in `SCALARS`, or the name of another shape of that service. Requests are
called `<Action>Request`, answers `<Action>Response`. The file's first line is the API's version.

The files are facts that `scripts/shapes` takes from the specification that the cloud's own command
comes with; `operator.txt` is written by hand, as the cloud has no such actions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CVM: Final = "cvm"
VPC: Final = "vpc"
STS: Final = "sts"
TAG: Final = "tag"
MONITOR: Final = "monitor"
OPERATOR: Final = "operator"  # actions that the cloud doesn't have
CLOUD: Final = (CVM, VPC, STS, TAG, MONITOR)
SCALARS: Final = ("string", "integer", "boolean", "float", "any")

DIRECTORY: Final = Path(__file__).parent
_FIELD: Final = re.compile(r"(\w+)(!?)(\??):(\w+)((?:\[\])?)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a shape: its name, its type and its marks."""

    name: str
    kind: str  # one of `SCALARS`, or a shape's name
    is_list: bool = False
    required: bool = False
    nullable: bool = False

    def __str__(self) -> str:
        """The field as a line of a file has it."""
        marks = "!" * self.required + "?" * self.nullable
        return f"{self.name}{marks}:{self.kind}{'[]' * self.is_list}"


@dataclass(frozen=True, slots=True)
class Service:
    """The shapes of one service in one version of its API."""

    name: str
    version: str
    lines: Mapping[str, str]  # a shape's name → the rest of its line

    def __contains__(self, shape: str) -> bool:
        """Whether the service has a shape of this name."""
        return shape in self.lines

    def fields(self, shape: str) -> dict[str, Field]:
        """The fields of a shape, by name. Raises `KeyError` if there is no such shape."""
        return {
            name: Field(name, kind, bool(many), bool(required), bool(nullable))
            for name, required, nullable, kind, many in _FIELD.findall(self.lines[shape])
        }


def read(name: str) -> Service:
    version, *lines = path_of(name).read_text().splitlines()
    pairs = (line.partition(" ") for line in lines)
    return Service(name, version, {shape: rest for shape, _, rest in pairs})


def path_of(name: str) -> Path:
    return DIRECTORY / f"{name}.txt"
