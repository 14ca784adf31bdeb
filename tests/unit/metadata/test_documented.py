"""docs/metadata.md has every path that there is, and no other, each with its first version."""

import re
from dataclasses import replace
from pathlib import Path

from gateway.control.values import RoleCredentials
from gateway.metadata.facts import VERSIONS, answer

from .test_facts import FACTS, MAC

TEXT = (Path(__file__).parents[3] / "docs" / "metadata.md").read_text()
FULL = replace(FACTS, role="ROLE", credentials=RoleCredentials("id", "key", "token", 0))


def documented() -> dict[str, str]:
    """Paths of leaves, and the version that each came with."""
    found: dict[str, str] = {}
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        folder = ""
        for path in re.findall("`([^`]+)`", cells[0]):
            whole = path.replace("…", folder)
            folder = whole.rpartition("/")[0]
            if not whole.endswith("/"):
                found[whole.replace("MAC", MAC).replace("/IP/", "/10.0.0.2/")] = cells[2]
    return found


def leaves(version: str) -> set[str]:
    """Paths of leaves, by following the listings."""
    found = set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        body = answer(FULL, f"/{version}/meta-data/{folder}")
        assert isinstance(body, str)
        for name in body.split("\n"):
            if name.endswith("/"):
                waiting.append(folder + name)
            else:
                found.add(folder + name)
    return found


def test_each_version_has_what_the_document_says() -> None:
    paths = documented()
    assert len(paths) > 20
    for number, version in enumerate(VERSIONS):
        by_then = VERSIONS[: number + 1]
        assert leaves(version) == {path for path, since in paths.items() if since in by_then}
