"""The measurement of what the tests cover: when it takes place, and what it tells."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from coverage import CoverageData
from support import covered

from gateway.control import history

ALL = [f"tests/unit/{room}" for room in covered.ROOMS]


def config(*arguments: str, **options: Any) -> Any:
    """What pytest knows of its command line."""
    chosen = {"keyword": "", "deselect": None, "ignore": None, "ignore_glob": None}
    others = {"collectonly": False, "markexpr": covered.MARKS}
    return SimpleNamespace(
        args=list(arguments),
        option=SimpleNamespace(**chosen | others | options),
        invocation_params=SimpleNamespace(dir=covered.ROOT),
    )


def test_a_run_of_all_tests_of_the_rooms_is_measured() -> None:
    for arguments in (["tests"], ["tests/lab", "tests/unit"], ALL, [str(covered.ROOT / "tests")]):
        assert covered.has_all(config(*arguments))
    assert all(folder.is_dir() for folder in covered.TESTS)


@pytest.mark.parametrize(
    "part",
    [
        config(*ALL[1:]),
        config("tests/unit/nat/test_translate.py"),
        config("tests", keyword="nat"),
        config("tests", markexpr="not slow"),
        config("tests", deselect=["tests/unit/nat"]),
        config("tests", ignore=["tests/unit/nat"]),
        config("tests", collectonly=True),
    ],
    ids=["room", "file", "keyword", "marker", "deselect", "ignore", "collect"],
)
def test_a_part_of_them_is_not_measured(part: Any) -> None:
    assert not covered.has_all(part)


def test_what_no_test_runs_is_told_by_file_and_line() -> None:
    """What runs on import needs no test of its own."""
    told = covered.missed(CoverageData(no_disk=True))
    files = {Path(line.split()[0]) for line in told.splitlines() if line.startswith("gateway/")}
    assert {path.parts[1] for path in files} == set(covered.ROOMS)
    assert Path("gateway/nat/translate.py") in files
    assert Path("gateway/nat/outcome.py") not in files


def test_what_functions_keep_is_forgotten_before_a_test_is_measured() -> None:
    """Else their lines count as run only where no other test was faster."""
    history.version()
    covered.empty_caches()
    assert history.version.cache_info().currsize == 0
