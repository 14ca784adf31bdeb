"""Maps of the kernel's that both programs share: opened by their pins, written by turns."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.kernel_maps import PAGE_BYTES, PROCESSORS, link, needs_kernel, pinned

from gateway.exchange import pins
from gateway.exchange.pins import State
from gateway.fastpath import program

pytestmark = needs_kernel


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with pinned(tmp_path) as made:
        yield made


def test_without_a_link_there_is_no_fast_path(tmp_path: Path) -> None:
    assert not pins.is_linked(tmp_path)
    assert pins.state(tmp_path) is None


def test_memory_is_shared_by_all_who_map_it(tmp_path: Path, folder: Path) -> None:
    pins.memory(tmp_path, pins.WORD).cast("Q")[0] = 7
    assert pins.memory(tmp_path, pins.WORD).cast("Q")[0] == 7


def test_the_size_of_an_array_is_that_of_all_its_entries(tmp_path: Path, folder: Path) -> None:
    with pins.pin(tmp_path, pins.PAGES) as pages:
        assert pages.entries() == PROCESSORS
        assert pages.size() == len(pages.memory()) == PROCESSORS * PAGE_BYTES


def test_a_program_is_known_by_the_kernels_number(tmp_path: Path, folder: Path) -> None:
    with program.load(program.Sizes(table_bytes=4096, slots=1, packages=1, links=1)) as loaded:
        names = list(loaded.programs)
        for name in names:
            loaded.library.pin(loaded.programs[name], folder / name)
    numbers = []
    for name in names:
        with pins.pin(tmp_path, name) as pinned_one:
            numbers.append(pinned_one.program())
    assert len(names) == len(set(numbers)) == 2
    assert all(number > 0 for number in numbers)


@pytest.mark.parametrize("state", State)
def test_the_state_is_what_the_settings_say(tmp_path: Path, folder: Path, state: State) -> None:
    pins.settings(tmp_path)[pins.STATE] = state
    assert pins.state(tmp_path) is state


def test_lost_maps_are_an_error_and_not_no_fast_path(tmp_path: Path, folder: Path) -> None:
    (folder / pins.SETTINGS).unlink()
    with pytest.raises(FileNotFoundError):
        pins.state(tmp_path)


def test_a_pin_is_in_place_until_another_takes_it(tmp_path: Path, folder: Path) -> None:
    with pins.pin(tmp_path, pins.WORD) as before, pinned(tmp_path):
        assert not before.is_in_place()
        link(tmp_path, folder)
        assert before.is_in_place()
        (folder / pins.WORD).unlink()
        assert not before.is_in_place()


def test_a_link_that_leads_elsewhere_meanwhile_is_followed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pinned(tmp_path) as after:
        link(tmp_path, folder)
        (folder / pins.WORD).unlink()
        opened = pins.call

        def moving(command: int, attributes: bytes, subject: str) -> int:
            monkeypatch.setattr(pins, "call", opened)
            link(tmp_path, after)
            raise FileNotFoundError(subject)

        monkeypatch.setattr(pins, "call", moving)
        with pins.pin(tmp_path, pins.WORD) as pin:
            assert pin.is_in_place()


def test_a_map_of_words_takes_them_and_drops_them(tmp_path: Path, folder: Path) -> None:
    with pins.pin(tmp_path, pins.LINKS) as links:
        for _ in range(2):
            for key in range(links.entries()):
                links.put(key, key + 7)
            for key in range(links.entries()):
                assert links.get(key, 4) == (key + 7).to_bytes(4, sys.byteorder)
                links.drop(key)
                links.drop(key)


def test_a_full_map_says_so(tmp_path: Path, folder: Path) -> None:
    with pins.pin(tmp_path, pins.LINKS) as links:
        for key in range(links.entries()):
            links.put(key, key)
        with pytest.raises(OSError, match=pins.LINKS):
            links.put(links.entries(), 0)


def test_grace_is_waited_for(tmp_path: Path, folder: Path) -> None:
    pins.wait_for_grace(tmp_path)


def test_one_has_the_turn_at_a_time(tmp_path: Path) -> None:
    with pins.turn(tmp_path):
        pass
    with pins.turn(tmp_path), pytest.raises(TimeoutError), pins.turn(tmp_path, within_s=0.01):
        pass
    assert not any(_is(file, tmp_path / pins.TURN) for file in Path("/proc/self/fd").iterdir())


def _is(file: Path, path: Path) -> bool:
    with suppress(OSError):
        return file.samefile(path)
    return False
