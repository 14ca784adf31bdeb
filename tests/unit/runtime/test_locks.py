"""Locks on files: one holder at a time, and a turn that comes when the one before is over."""

from pathlib import Path

import pytest

from gateway.runtime import locks


def turn(path: Path, within_s: float = 0.0) -> None:
    with locks.turn(path, mode=0o600, within_s=within_s, every_s=0.01, late="it doesn't end"):
        pass


def test_a_file_is_made_and_locked_for_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    turn(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open() as first, path.open() as second:
        assert locks.lock(first.fileno())
        assert not locks.lock(second.fileno())
        with pytest.raises(TimeoutError, match="it doesn't end"):
            turn(path)
    turn(path)  # what is closed is locked no more


def test_where_there_is_no_directory_there_is_no_turn(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        turn(tmp_path / "gone" / "turn")
