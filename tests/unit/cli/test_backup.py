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


def test_without_a_log_there_is_one_line(tgw: Tgw, root: None, tmp_path: Path) -> None:
    done = tgw("backup", str(tmp_path / "copy"))
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("tgw: no event log at ")


def test_a_copy_that_is_not_there_is_a_mistake(tgw: Tgw, root: None, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert tgw("restore", str(nowhere)) == (2, "", f"tgw: {nowhere}: No such file or directory\n")


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_a_copy_takes_no_devices_place(tgw: Tgw, log: Path, device: str) -> None:
    before = Path(device).lstat()
    for words in (("backup", device), ("backup", device, "--force")):
        done = tgw(*words)
        assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert Path(device).lstat() == before


def test_a_link_stays_one(tgw: Tgw, log: Path, tmp_path: Path) -> None:
    copy, link = tmp_path / "copy.db", tmp_path / "link"
    copy.touch()
    link.symlink_to(copy)
    assert tgw("backup", str(link), "--force").status == 0
    assert link.is_symlink()
    assert copy.stat().st_size > 0


def test_root_is_needed(tgw: Tgw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for command in ("backup", "restore"):
        assert "needs root" in tgw(command, "file").err
