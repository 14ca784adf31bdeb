"""The contract of every place for snapshots: the latest, whole or none, or one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.memory_store import MemorySnapshots

from gateway.store.records import Record, StoreError
from gateway.store.snapshots import Snapshot, SnapshotFile, history_of

Snapshots = MemorySnapshots | SnapshotFile
FIRST = Snapshot("v1", 7, "of this log", '{"name":"前端"}')
SECOND = Snapshot("v2", 9, "of that log", "[]")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.snapshot"


@pytest.fixture(params=["memory", "file"])
def snapshots(request: pytest.FixtureRequest, path: Path) -> Snapshots:
    return MemorySnapshots() if request.param == "memory" else SnapshotFile(path)


def test_there_is_none_at_first(snapshots: Snapshots) -> None:
    assert snapshots.load() is None


def test_the_latest_comes_back_exactly(snapshots: Snapshots) -> None:
    snapshots.save(FIRST)
    assert snapshots.load() == FIRST
    snapshots.save(SECOND)
    assert snapshots.load() == SECOND


def test_a_file_is_for_its_owner_only_and_the_only_one(path: Path) -> None:
    SnapshotFile(path).save(FIRST)
    SnapshotFile(path).save(SECOND)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert SnapshotFile(path).load() == SECOND


def test_every_byte_of_a_file_is_guarded(path: Path) -> None:
    SnapshotFile(path).save(FIRST)
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(StoreError, match="is damaged") as damaged:
            SnapshotFile(path).load()
        assert "\n" not in str(damaged.value)
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(StoreError, match="is damaged"):
            SnapshotFile(path).load()


@pytest.mark.parametrize(
    "facts", ["[]", '["v", "7", "h"]', '["v", 7]', "{", '[["v"], 7, "h"]', "7"], ids=repr
)
def test_a_file_with_its_digest_and_other_facts_is_damaged(
    path: Path, facts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.snapshots._digest", lambda _text: "digest")
    path.write_text(f"digest\n{facts}\nbody")
    with pytest.raises(StoreError, match="is damaged"):
        SnapshotFile(path).load()


@pytest.mark.parametrize("act", ["load", "save"])
def test_a_directory_in_its_place_is_one_line(path: Path, act: str) -> None:
    path.mkdir()
    acts: dict[str, Callable[[], object]] = {
        "load": lambda: SnapshotFile(path).load(),
        "save": lambda: SnapshotFile(path).save(FIRST),
    }
    with pytest.raises(StoreError, match=r"[Ii]s a directory"):
        acts[act]()
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_one_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SnapshotFile(path).save(FIRST)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="No space left on device"):
        SnapshotFile(path).save(SECOND)
    monkeypatch.undo()
    assert SnapshotFile(path).load() == FIRST
    assert list(path.parent.iterdir()) == [path]


def test_each_fact_of_both_events_tells_histories_apart() -> None:
    first, last = Record(1, 1.0, "A", "{}"), Record(2, 2.0, "B", "{}")
    others = [
        (Record(1, 1.5, "A", "{}"), last),
        (first, Record(3, 2.0, "B", "{}")),
        (first, Record(2, 2.0000000001, "B", "{}")),
        (first, Record(2, 2.0, "C", "{}")),
        (first, Record(2, 2.0, "B", "{} ")),
        (last, first),
    ]
    assert len({history_of(*pair) for pair in [(first, last), *others]}) == 7
