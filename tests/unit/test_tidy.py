"""What holds for the repository's files themselves: a rule is a test, and says who offends."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from gateway.nat.reasons import Reason

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "gateway").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PACKAGES = sorted({module.parent for module in MODULES})
LINES_MAX = 400
DOCSTRING_WORDS_MIN = 8
VAGUE_WORDS = ("helper", "manager", "utils", "common")
# Folders where modules are named after what they are about.
BY_SUBJECT = {
    "gateway/control/*": "values, commands, decisions, events, state and errors, by the resource",
    "gateway/api/*": "actions, by the service and the resource",
    "gateway/cli": "verbs, by the noun",
    "gateway/app": "processes, by what they run",
}
SAME_NAMES = {
    "publisher": "each puts generations in force for its room, by control's port of that name",
    "server": "each is a room's server of HTTP",
}
# What a thing was done to says nothing of what it is.
PARTICIPLE = re.compile("(ed|made|begun|told|seen|kept|given|taken|known|sent|held)$")
NO_PARTICIPLES = {
    "feed": "a noun",
    "unfinished": "what the kernel calls a checksum that it left to others",
    "unused": "the mark of such parameters",
}
# Directories of one machine; put together here, so that this file has none of them.
MACHINE_PATHS = re.compile("/(?:" + "work|root|home/(?!vagrant)[a-z]+" + ")/")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def repository_files() -> list[Path]:
    """What is tracked, or would be by `git add`."""
    # The checkout may be of another user than the one who runs the tests.
    git = ["git", "-c", "safe.directory=*"]
    command = [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / path for path in listed.stdout.split("\0") if path]
    return [path for path in paths if path.is_file()]


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 20
    assert len(TESTS) > 20
    assert len(PACKAGES) > 5


def test_no_file_grows_past_control() -> None:
    lines = {name(path): len(path.read_text().splitlines()) for path in (*MODULES, *TESTS)}
    assert {path: count for path, count in lines.items() if count > LINES_MAX} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert [name(path) for path in silent] == []


def test_a_docstring_says_something_or_is_absent() -> None:
    short = [
        f"{name(path)}:{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if (words := (ast.get_docstring(node) or "").split()) and len(words) < DOCSTRING_WORDS_MIN
    ]
    assert short == []


def test_every_package_has_an_init() -> None:
    without = [package for package in PACKAGES if not (package / "__init__.py").is_file()]
    assert [name(package) for package in without] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        path for path in (*MODULES, *PACKAGES) if any(word in path.stem for word in VAGUE_WORDS)
    ]
    assert [name(path) for path in vague] == []


def test_no_two_modules_have_one_name_without_a_reason() -> None:
    stems = Counter(
        path.stem
        for path in MODULES
        if path.stem != "__init__"
        and not any(path.parent.match(str(ROOT / folder)) for folder in BY_SUBJECT)
    )
    assert {stem for stem, number in stems.items() if number > 1} == SAME_NAMES.keys()


def test_no_module_is_named_by_a_participle() -> None:
    found = {path.stem for path in MODULES if PARTICIPLE.search(path.stem)}
    assert found == NO_PARTICIPLES.keys()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    found = [
        f"{name(path)}: {line.strip()}"
        for path in repository_files()
        for line in path.read_text(errors="replace").splitlines()
        if MACHINE_PATHS.search(line)
    ]
    assert found == []


def test_every_reason_has_a_line_of_documentation_of_its_own() -> None:
    lines = Counter(reason.doc for reason in Reason)
    assert [reason for reason in Reason if not reason.doc or lines[reason.doc] > 1] == []
