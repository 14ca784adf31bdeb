"""Tables that are published while control is killed, disks are full, and files are damaged."""

import errno
import gc
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.publishing_tables import Control, Reader

from gateway.exchange import table_reader
from gateway.exchange.file_lock import lock_to_read
from gateway.exchange.generations import load, published
from gateway.nat.table import BadTableError


@pytest.mark.parametrize("call", ["pwrite", "replace"])
def test_control_may_end_at_any_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """What is in force stays so, and a new control goes on from whatever is there."""
    for nth in range(1, 60):
        directory = tmp_path / f"{call}-{nth}"
        directory.mkdir()
        control = Control(directory)
        control.change()
        control.change()
        reader = Reader(directory)
        reader.read()
        if call == "replace":
            control.change()  # while a reader is at the older file, so that a new one is made
        if failing(control, monkeypatch, call, nth):
            break
        in_force = published(directory)
        assert load(directory) == control.published[in_force]
        assert reader.has(control.published[2])
        starting = Reader(directory)
        starting.read()
        assert starting.has(control.published[in_force])
        control.writer.close()
        control.restart()
        for _ in range(3):
            control.change()
            assert control.is_in_force()
            assert starting.has(control.published[in_force])
    else:
        raise AssertionError("more writes than a change has")
    assert nth > 1


class Killed(BaseException):
    """Control ends here."""


def failing(control: Control, monkeypatch: pytest.MonkeyPatch, call: str, nth: int) -> bool:
    """Change twice, and end control before its n-th call; whether it made fewer calls."""
    calls = iter(range(1, nth))
    module = os if call == "pwrite" else Path
    real = getattr(module, call)

    def killed(*arguments: object) -> object:
        if next(calls, None) is None:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, call, killed)
        try:
            control.change()
            control.change(50)
        except Killed:
            control.generation = published(control.directory)
            return False
    return True


def test_a_full_disk_leaves_the_table_in_force_and_is_made_up_for(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.change()
    control.change()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    for name in ("pwrite", "posix_fallocate"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(OSError, match="no space"):
                control.change()
            with pytest.raises(OSError, match="no space"):
                control.change(20)
        assert published(control.directory) == control.generation - 2
        assert load(control.directory) == control.published[control.generation - 2]
        assert not list(control.directory.glob("*.new"))
        control.change()
        assert control.is_in_force()
        control.change()
        assert control.is_in_force()


@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "replaced", "empty"])
def test_control_writes_anew_what_somebody_has_changed(control: Control, damage: str) -> None:
    control.change()
    control.change()
    for path in control.directory.glob("table.?"):
        damaging(path, damage)
        control.change()
        assert control.is_in_force()
        control.change()
        assert control.is_in_force()


def damaging(path: Path, damage: str) -> None:
    raw = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "replaced":
        path.unlink()
        path.write_bytes(raw)
    else:
        path.write_bytes({"cut": raw[:-4], "longer": raw + raw, "empty": b""}[damage])


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:100] + bytes([raw[100] ^ 1]) + raw[101:],
        lambda raw: raw[:-1],
        lambda raw: raw[:20],
        lambda raw: b"TGWTABL3" + raw[8:],
    ],
    ids=["flipped", "cut", "header-only", "older"],
)
def test_a_reader_refuses_a_damaged_table_and_keeps_its_own(
    control: Control, reader: Reader, damage: Callable[[bytes], bytes]
) -> None:
    control.change()
    reader.read()
    control.change()
    (path,) = (p for p in control.directory.glob("table.?") if p.read_bytes()[8] == 2)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadTableError):
        reader.read()
    assert reader.has(control.published[1])
    with pytest.raises(BadTableError):
        load(control.directory)


def test_a_table_that_is_damaged_in_use_is_refused_and_kept_locked(
    control: Control, reader: Reader
) -> None:
    control.change()
    reader.read()
    (path,) = control.directory.glob("table.?")
    before = path.stat().st_ino
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    with pytest.raises(BadTableError, match="damaged"):
        reader.read()
    control.change()
    control.change()
    assert before not in [other.stat().st_ino for other in control.directory.glob("table.?")]


def test_a_table_that_is_written_before_it_is_locked_is_another_one(
    control: Control, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.change()

    def lock_late(file: int) -> bool:
        monkeypatch.undo()
        control.change()
        control.change()
        return lock_to_read(file)

    monkeypatch.setattr(table_reader, "lock_to_read", lock_late)
    with pytest.raises(BadTableError, match="there is no table of generation 1"):
        reader.files.read(1, lambda _: None)
    reader.read()
    assert reader.has(control.published[3])


def test_a_file_that_cannot_be_mapped_is_closed(
    control: Control, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.change()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "no memory")

    gc.collect()  # what others have left is not to end meanwhile
    opened = len([*Path("/proc/self/fd").iterdir()])
    with monkeypatch.context() as patched:
        patched.setattr(mmap, "mmap", full)
        with pytest.raises(OSError, match="no memory"):
            reader.files.read(1, lambda _: None)
    assert len([*Path("/proc/self/fd").iterdir()]) == opened
    reader.read()


def test_a_file_that_is_gone_is_read_no_more(control: Control, reader: Reader) -> None:
    control.change()
    reader.read()
    for path in control.directory.glob("table.?"):
        path.unlink()
    with pytest.raises(BadTableError, match="there is no table"):
        reader.read()
    assert reader.has(control.published[1])


def test_a_block_that_was_patched_wrong_is_refused(control: Control, reader: Reader) -> None:
    for _ in range(3):
        control.change()
        reader.read()
    control.change()
    changed = control.published[4].memory
    (path,) = (p for p in control.directory.glob("table.?") if p.read_bytes()[8] == 4)
    before = control.published[2].memory  # what lay there before it was patched
    at = next(n for n in range(64, len(before)) if before[n] != changed[n])
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes([changed[at] ^ 4]))
    with pytest.raises(BadTableError, match="damaged"):
        reader.read()
    assert reader.has(control.published[3])
