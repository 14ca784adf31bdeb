import json
import os

import pytest

from gateway.cli import output
from gateway.cli.output import RefusedError, print_table

TABLES = [
    pytest.param(("A", "LONGER"), [], ["A  LONGER"], id="no-rows"),
    pytest.param(("A", "B"), [("longer", 1)], ["A       B", "longer  1"], id="wide-cell"),
    pytest.param(("LONGER", "B"), [("x", 1)], ["LONGER  B", "x       1"], id="wide-title"),
    pytest.param(("A", "B"), [(None, "x"), ("", [])], ["A  B", "-  x", "-  -"], id="not-there"),
    pytest.param(("A",), [(0,), (False,)], ["A", "0", "False"], id="zero-is-there"),
    pytest.param(("A",), [(["x", 2],), (("y",),)], ["A", "x,2", "y"], id="lists"),
    pytest.param(("A", "B"), [("x", ""), ("xyz", "b")], ["A    B", "x    -", "xyz  b"], id="ends"),
]


@pytest.mark.parametrize(("titles", "rows", "lines"), TABLES)
def test_a_table(
    capsys: pytest.CaptureFixture[str],
    titles: tuple[str, ...],
    rows: list[tuple[object, ...]],
    lines: list[str],
) -> None:
    output.print_table(titles, iter(rows))
    assert capsys.readouterr().out.splitlines() == lines


def test_a_row_that_is_too_short_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="zip"):
        output.print_table(("A", "B"), [("x",)])


def test_json_is_one_document_that_people_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"name": "网", "none": None})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": "网", "none": None}
    assert "网" in out
    assert out.endswith("}\n")


def test_progress_is_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    output.progress("building")
    assert capsys.readouterr() == ("", "building\n")


@pytest.mark.parametrize("user", [1, 1000])
def test_only_root_is_root(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(RefusedError, match="needs root"):
        output.need_root()


def test_a_wide_character_takes_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "STATE"), [("网关", "RUNNING"), ("web", "STOPPED")])
    assert capsys.readouterr().out.splitlines() == ["NAME  STATE", "网关  RUNNING", "web   STOPPED"]
