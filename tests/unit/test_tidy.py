"""What holds for the repository's files themselves."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from gateway.nat.reasons import Reason

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "gateway").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PACKAGES = sorted({module.parent for module in MODULES})
LINES_MAX = 400
VAGUE_WORDS = ("helper", "manager", "utils")
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


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=name)
def test_no_file_grows_past_control(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES_MAX


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("package", PACKAGES, ids=name)
def test_every_package_has_an_init(package: Path) -> None:
    assert (package / "__init__.py").is_file()


@pytest.mark.parametrize("path", [*MODULES, *PACKAGES], ids=name)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert not [word for word in VAGUE_WORDS if word in path.stem]


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


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_every_reason_has_a_line_of_documentation_of_its_own(reason: Reason) -> None:
    assert reason.doc
    assert [other for other in Reason if other.doc == reason.doc] == [reason]
