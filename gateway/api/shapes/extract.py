"""Takes the shapes of the cloud's services from its own command, `tccli`, and says what is new.

    scripts/shapes                 write the files
    scripts/shapes --check         only say what would change, and end with 1 if anything would
    scripts/shapes --codes FOLDER  write which error codes the cloud documents for the actions here

Names and types are taken, no sentence of the documents. The codes come from a copy of the cloud's
SDK for Go, the only one that has them by action.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from gateway.api import cloud_codes, shapes
from gateway.api.registry import ACTIONS
from gateway.api.shapes import Field, Service

VERSIONS: Final = {
    shapes.CVM: "2017-03-12",
    shapes.VPC: "2017-03-12",
    shapes.STS: "2018-08-13",
    shapes.TAG: "2018-08-13",
    shapes.MONITOR: "2018-07-24",
}
_METHOD: Final = re.compile(
    r"((?:^//.*\n)+)func \(c \*Client\) (\w+)\(request ", re.MULTILINE
)  # with the comment before it, which ends with a line for each code
_CODE: Final = re.compile(r'^//\s+[A-Z0-9_]+ = "([\w.]+)"', re.MULTILINE)
_KINDS: Final = {"int": "integer", "int64": "integer", "uint64": "integer", "bool": "boolean"}
_IN_EVERY_ANSWER: Final = "RequestId"


def extracted(name: str) -> Service:
    """The shapes of a service in the version of `tccli` that is installed."""
    version = VERSIONS[name]
    path = f"services/{name}/v{version.replace('-', '')}/api.json"
    objects = json.loads((files("tccli") / path).read_text())["objects"]
    return Service(name, version, {shape: _line(objects[shape]) for shape in sorted(objects)})


def _line(shape: Mapping[str, Any]) -> str:
    members = [one for one in shape["members"] if one["name"] != _IN_EVERY_ANSWER]
    return " ".join(str(_field(member)) for member in members)


def _field(member: Mapping[str, Any]) -> Field:
    """One member; a time is text, as it is in JSON."""
    is_composed = member["type"] in ("list", "object")
    kind = member["member"] if is_composed else member["type"]
    return Field(
        member["name"],
        _KINDS.get(kind, kind),
        is_list=member["type"] == "list",
        required=member.get("required", False),
        nullable=member.get("value_allowed_null", False),
    )


def differences(before: Service, after: Service) -> Iterator[str]:
    """A line for each shape that is new or gone, and for each of their fields that differs."""
    for shape in sorted({*before.lines, *after.lines}):
        if shape not in before:
            yield f"{after.name}: {shape} is new"
        elif shape not in after:
            yield f"{after.name}: {shape} is gone"
        else:
            old, new = before.fields(shape), after.fields(shape)
            for name in sorted(old.keys() | new.keys()):
                if old.get(name) != new.get(name):
                    was, now = old.get(name, "nothing"), new.get(name, "nothing")
                    yield f"{after.name}: {shape}.{name}: {was} → {now}"


def codes(sdk: Path) -> Iterator[str]:
    """A line for each action of the API that is here: its service and name, and its codes."""
    for name in shapes.CLOUD:
        version = VERSIONS[name].replace("-", "")
        text = (sdk / "tencentcloud" / name / f"v{version}" / "client.go").read_text()
        for comment, action in _METHOD.findall(text):
            if action in ACTIONS and ACTIONS[action].declared.service.name == name:
                yield " ".join([f"{name}.{action}", *_CODE.findall(comment)])


def main(words: Sequence[str]) -> int:
    """Compare the files with what is installed, and write them unless told not to."""
    if "--codes" in words:
        lines = sorted(codes(Path(words[-1])))
        cloud_codes.FILE.write_text("".join(f"{line}\n" for line in lines))
        return 0
    found = False
    for name in shapes.CLOUD:
        fresh = extracted(name)
        before = shapes.read(name) if shapes.path_of(name).exists() else Service(name, "", {})
        for line in differences(before, fresh):
            found = True
            print(line)
        if "--check" not in words:
            lines = [fresh.version, *(f"{shape} {rest}" for shape, rest in fresh.lines.items())]
            shapes.path_of(name).write_text("".join(f"{line.rstrip()}\n" for line in lines))
    return int(found and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
