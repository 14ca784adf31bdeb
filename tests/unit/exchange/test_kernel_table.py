"""The published table in the kernel's maps: in force in one step, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel_maps import link, needs_kernel, pinned

from gateway.exchange import generations, pins
from gateway.exchange.kernel_table import KernelTable
from gateway.exchange.pins import State
from gateway.exchange.table_writer import TableWriter
from gateway.nat.decode import decode
from gateway.nat.image import HEADER
from gateway.nat.shape import Shape
from gateway.nat.table import Draft, Mapping, Revision, Table

pytestmark = needs_kernel

PUBLIC, PRIVATE = 0xCB00_7100, 0x0A00_0000
SLOTS = 2000  # some blocks


class Control:
    """A draft, and the writer that publishes its tables."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.draft = Draft(SLOTS)
        self.writer = TableWriter(directory)
        self.generation = 0

    def publish(self, *slots: int, again: bool = False) -> Table:
        """Put mappings at these slots, and publish."""
        for slot in slots:
            self.draft.put(Mapping(PUBLIC + slot, PRIVATE + slot, slot))
        self.generation += not again
        revision = self.draft.seal(self.generation)
        generations.release(self.writer, revision)
        return revision.table.copy()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with pinned(tmp_path):
        made = Control(tmp_path)
        yield made
        made.writer.close()


def word(directory: Path) -> int:
    return pins.memory(directory, pins.WORD).cast("Q")[0]


def tables(directory: Path) -> list[Table | None]:
    """The two tables in the maps; None where there is none."""
    return [_table(pins.memory(directory, name)) for name in pins.TABLES]


def _table(memory: memoryview) -> Table | None:
    _, generation, slots, _, _, bits, _, room, *_ = HEADER.unpack_from(memory)
    return decode(bytes(memory[: Shape(slots, bits, room).size])) if generation else None


def in_force(directory: Path) -> Table | None:
    """The table that a program of the kernel's finds."""
    found = [table for table in tables(directory) if table and table.generation == word(directory)]
    assert len(found) <= 1
    return found[0] if found else None


def test_each_table_is_in_force_when_it_is_published(control: Control) -> None:
    for slot in range(0, SLOTS, 40):
        table = control.publish(slot)
        assert in_force(control.directory) == table
        assert control.writer.kernel.in_force() == table.generation
    control.draft.remove(40)
    assert in_force(control.directory) != control.publish()


def test_the_table_before_stays_as_it_is_until_the_word_is_another(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = control.publish(1)

    def seen(_directory: Path) -> None:
        assert before in tables(control.directory)

    monkeypatch.setattr(pins, "wait_for_grace", seen)
    control.publish(2)


def test_only_what_has_changed_is_written(control: Control) -> None:
    control.publish(*range(10))  # so many that the indexes don't grow with two more
    control.publish(10)
    mark = 64 + 24 * (SLOTS - 500)  # in a block of records that no change touches
    for name in pins.TABLES:
        pins.memory(control.directory, name)[mark] = 0xFF
    for slot in range(11, 13):
        control.publish(slot)
    assert [pins.memory(control.directory, name)[mark] for name in pins.TABLES] == [0xFF, 0xFF]


def test_the_same_table_again_costs_nothing_if_it_is_there(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = control.publish(1)
    monkeypatch.setattr(pins, "wait_for_grace", None)
    assert control.publish(again=True) == in_force(control.directory) == table


def test_the_same_table_again_repairs_what_is_damaged(control: Control) -> None:
    table = control.publish(1)
    for name in pins.TABLES:
        pins.memory(control.directory, name)[200] ^= 1
    control.publish(again=True)
    assert in_force(control.directory) == table


def test_who_begins_anew_writes_the_whole_table(control: Control) -> None:
    control.publish(1)
    control.publish(2)
    control.writer.close()
    table = control.publish(3)
    assert in_force(control.directory) == table


def test_new_maps_get_the_whole_table(control: Control) -> None:
    control.publish(1)
    with pinned(control.directory):
        assert control.writer.kernel.in_force() == 0
        table = control.publish(2)
        assert in_force(control.directory) == table
        assert control.writer.kernel.in_force() == table.generation


def test_a_table_that_is_too_large_is_left_to_the_workers(control: Control) -> None:
    control.publish(1)
    control.draft.hold(4000)
    control.publish(3000)
    assert word(control.directory) == 0
    assert control.writer.kernel.in_force() is None


def test_retired_maps_take_no_table(control: Control) -> None:
    control.publish(1)
    pins.settings(control.directory)[pins.STATE] = State.RETIRED
    control.publish(2)
    assert word(control.directory) == 1
    assert control.writer.kernel.in_force() is None


def test_without_a_fast_path_nothing_is_in_force(tmp_path: Path) -> None:
    writer = KernelTable(tmp_path)
    writer.write(Revision(Draft(1).finish(1), frozenset()))
    assert writer.in_force() is None


def test_lost_maps_are_an_error_before_anything_is_acknowledged(control: Control) -> None:
    control.publish(1)
    (control.directory / pins.LINK / pins.TABLES[0]).unlink()
    (control.directory / pins.LINK / pins.WORD).unlink()
    with pytest.raises(FileNotFoundError):
        control.publish(2)
    with pytest.raises(FileNotFoundError):
        control.writer.kernel.in_force()


def test_maps_whose_link_was_taken_away_carry_nothing_when_the_next_table_is_acknowledged(
    control: Control,
) -> None:
    """Their programs may be at work still, and no path leads to them."""
    control.publish(1)
    settings = pins.settings(control.directory)
    folder = (control.directory / pins.LINK).readlink()
    (control.directory / pins.LINK).unlink()
    control.publish(2)
    assert settings[pins.STATE] == State.RETIRED
    link(control.directory, folder)
    assert word(control.directory) == 1
    settings[pins.STATE] = State.CARRYING
    table = control.publish(3)
    assert in_force(control.directory) == table
