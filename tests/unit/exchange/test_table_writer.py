"""Tables written by turns into two files, read while the next one is written."""

import os
from contextlib import closing, suppress
from pathlib import Path

import pytest
from support.publishing_tables import SLOTS, Control, Reader

from gateway.exchange import generations, table_writer
from gateway.exchange.generations import load, publish, release
from gateway.exchange.table_reader import TableReader
from gateway.nat.table import BadTableError, Draft, Mapping, Package, Table


def files(directory: Path) -> list[int]:
    """Which files the two names stand for."""
    return [(directory / name).stat().st_ino for name in table_writer.NAMES]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each call has written."""
    sizes: list[int] = []
    write = os.pwrite

    def noted(file: int, raw: memoryview, at: int) -> int:
        sizes.append(len(raw))
        return write(file, raw, at)

    monkeypatch.setattr(os, "pwrite", noted)
    return sizes


def test_two_files_are_written_by_turns_and_no_third(control: Control, written: list[int]) -> None:
    control.change()
    control.change()
    there, whole = files(control.directory), sum(written)
    written.clear()
    for _ in range(20):
        control.change()
        assert control.is_in_force()
        assert files(control.directory) == there
    assert sorted(path.name for path in control.directory.iterdir()) == [
        "generation",
        "table.0",
        "table.1",
    ]
    assert sum(written) / 20 < whole / 2 / 2, "a change costs less than half of the table"


def test_each_file_gets_what_changed_since_it_was_written(control: Control) -> None:
    for count in (1, 50, 1, 0, 0, 7, 300, 2):
        control.change(count)
        assert load(control.directory).memory == control.published[control.generation].memory


def test_a_reader_has_one_generation_or_the_next(control: Control, reader: Reader) -> None:
    control.change()
    reader.read()
    for _ in range(10):
        before = control.generation
        control.change()
        assert reader.has(control.published[before])
        reader.read()
        assert reader.has(control.published[control.generation])


def test_a_stuck_reader_keeps_its_table_and_costs_one_new_file(
    control: Control, reader: Reader, tmp_path: Path
) -> None:
    control.change()
    control.change()
    reader.read()
    stuck = control.generation
    before = files(tmp_path)
    with closing(TableReader(tmp_path)) as other:
        for _ in range(10):
            control.change()
            other.read(control.generation, lambda table: None)
            assert control.is_in_force()
            assert reader.has(control.published[stuck])
    after = files(tmp_path)
    assert len(set(before) & set(after)) == 1
    for _ in range(3):
        reader.read()
        assert reader.has(control.published[control.generation])
        control.change()
    assert files(tmp_path) == after, "who takes each table holds up nothing"


def test_a_reader_that_ended_holds_nothing_up(control: Control, tmp_path: Path) -> None:
    control.change()
    control.change()
    reader = Reader(tmp_path)
    reader.read()
    reader.files.close()
    there = files(tmp_path)
    control.change()
    control.change()
    assert files(tmp_path) == there


def test_a_table_that_isnt_adopted_holds_nothing_up(control: Control, reader: Reader) -> None:
    control.change()
    reader.read()
    control.change()

    def refuse(table: Table) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        reader.files.read(control.generation, refuse)
    assert reader.has(control.published[1])
    control.change()  # table 1 is read: a new file
    there = files(control.directory)
    control.change()  # table 2 isn't
    assert files(control.directory) == there
    assert reader.has(control.published[1])


def test_a_new_control_takes_what_is_in_force_as_it_is(
    control: Control, written: list[int]
) -> None:
    control.change()
    control.change()
    before = files(control.directory)
    control.restart()
    written.clear()
    release(control.writer, control.draft.seal(control.generation))
    assert (written, files(control.directory)) == ([], before)
    control.change()
    after = files(control.directory)
    assert len(set(before) & set(after)) == 1, "what the older one has isn't known"
    control.change()
    assert files(control.directory) == after
    assert control.is_in_force()


def test_a_new_control_writes_what_is_in_force_anew_if_it_is_gone(control: Control) -> None:
    control.change()
    control.change()
    for path in control.directory.glob("table.?"):
        path.unlink()
    control.restart()
    release(control.writer, control.draft.seal(control.generation))
    assert control.is_in_force()


def test_another_table_of_the_same_generation_replaces_it(tmp_path: Path) -> None:
    """Such as of a log that was restored from a copy: no reader may come upon the old one."""
    first, second = Control(tmp_path), Control(tmp_path)
    first.change()
    second.draft.remove(0)
    second.change()
    assert first.published[1] != second.published[1]
    assert second.is_in_force()
    assert len(list(tmp_path.glob("table.*"))) == 1
    for one in (first, second):
        one.writer.close()


@pytest.mark.parametrize("grow", ["slots", "packages", "indexes"])
def test_another_shape_is_another_file(control: Control, reader: Reader, grow: str) -> None:

    control.change()
    reader.read()
    if grow == "slots":
        control.draft.hold(SLOTS + 5)
    elif grow == "packages":
        control.draft.set_package(Package(1, 5))
    else:
        for slot in range(SLOTS):
            with suppress(BadTableError):
                control.draft.put(Mapping(slot + 1_000_000, slot + 1_000_000, slot))
    for _ in range(4):
        control.change()
        assert control.is_in_force()
        assert reader.has(control.published[1])
    reader.read()
    assert reader.has(control.published[control.generation])


def test_the_table_of_the_version_before_is_left_alone(tmp_path: Path) -> None:
    """Workers of that version go on with it, until they are replaced."""
    (tmp_path / "table").write_bytes(b"TGWTABL3" + bytes(100))
    control = Control(tmp_path)
    control.change()
    assert (tmp_path / "table").read_bytes() == b"TGWTABL3" + bytes(100)
    control.writer.close()


def test_a_table_that_is_gone_is_refused(tmp_path: Path, reader: Reader) -> None:
    with closing(generations.generation_word(tmp_path)) as word:
        word.words[0] = 7
    with pytest.raises(BadTableError, match="there is no table of generation 7"):
        reader.read()
    with pytest.raises(BadTableError, match="there is no table of generation 7"):
        load(tmp_path)


def test_publishing_a_table_by_itself_needs_nobody_before(tmp_path: Path, reader: Reader) -> None:
    for generation in (5, 3, 9):
        draft = Draft(generation)
        publish(tmp_path, draft.finish(generation))
        reader.read()
        assert reader.has(draft.finish(generation))
