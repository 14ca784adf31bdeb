"""tgw backup and tgw restore: what they say, and what they refuse."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from gateway.site.places import Places
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore

from .conftest import Tgw


@pytest.fixture
def log(site: Places, root: None) -> Path:
    with closing(SqliteStore(site.log)) as store:
        store.append([Record(n, 1.0, "Kind", "{}") for n in range(1, 4)])
    return site.log


def test_a_copy_goes_there_and_back(tgw: Tgw, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert tgw("backup", str(copy)) == (0, f"{copy} has 3 events\n", "")
    log.unlink()
    assert tgw("restore", str(copy)) == (0, "the event log of lab edge has 3 events\n", "")
    assert log.exists()


def test_json_says_where_and_how_much(tgw: Tgw, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert json.loads(tgw("backup", str(copy), "--json").out) == {"file": str(copy), "events": 3}


def test_only_force_replaces(tgw: Tgw, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    tgw("backup", str(copy))
    for words in (("backup", str(copy)), ("restore", str(copy))):
        done = tgw(*words)
        assert (done.status, done.out) == (1, "")
        assert done.err.endswith(" is there already: --force replaces it\n")
        assert tgw(*words, "--force").status == 0


def test_a_lab_that_is_up_is_not_restored(tgw: Tgw, log: Path, up: Places, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert tgw("backup", str(copy)).status == 0
    done = tgw("restore", str(copy), "--force")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "tgw: lab edge is up: 'tgw lab down --keep-state' first, 'tgw lab up' after\n"
    )


def test_without_a_log_or_a_copy_there_is_one_line(tgw: Tgw, root: None, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for command in ("backup", "restore"):
        done = tgw(command, str(nowhere))
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("tgw: no event log at ")
        assert done.err.count("\n") == 1


def test_root_is_needed(tgw: Tgw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for command in ("backup", "restore"):
        assert "needs root" in tgw(command, "file").err
