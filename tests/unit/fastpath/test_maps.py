"""New maps: room to grow, and what they take over from those before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel_maps import needs_kernel, pinned

from gateway.exchange import generations, pins, worker_page
from gateway.fastpath import maps
from gateway.fastpath.maps import Place
from gateway.nat.table import SLOTS_MAX, Draft, Mapping, Package, empty
from gateway.nat.tally import Tally


@pytest.mark.parametrize("slots", [0, 64, 1024, 5000, SLOTS_MAX])
def test_there_is_room_for_twice_the_table(slots: int) -> None:
    sizes = maps.sizes_for(empty(slots), links=3)
    assert sizes.slots == min(SLOTS_MAX, max(1024, 2 * slots))
    draft = Draft(min(2 * slots, SLOTS_MAX))
    for slot in range(min(2 * slots, 1500)):
        draft.put(Mapping(1 + slot, 1 + slot, slot))
    assert len(draft.finish(1).memory) <= sizes.table_bytes
    assert sizes.table_bytes % 8 == 0


def test_there_is_room_for_more_packages_and_links() -> None:
    draft = Draft(4)
    draft.put_package(Package(100, 1000))
    sizes = maps.sizes_for(draft.finish(1), links=5000)
    assert sizes.packages >= 200
    assert sizes.links == 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with pinned(tmp_path) as made:
        yield made


@needs_kernel
def test_new_maps_go_on_from_those_before(tmp_path: Path, folder: Path) -> None:
    site = Place("test", tmp_path, "nowhere", "uplink", "198.51.100.254")
    maps.set_up(site, folder, 20)
    births = {page.birth for page in worker_page.page_slots(tmp_path)}
    Tally(pins.memory(tmp_path, pins.PAGES)).count(0, -1, 3, 100)
    pins.memory(tmp_path, pins.ADDRESS_BUCKETS).cast("Q")[5] = 77
    maps.give_buckets_back(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pinned(elsewhere) as fresh:
        maps.set_up(site, fresh, 20)
        assert pins.memory(elsewhere, pins.ADDRESS_BUCKETS).cast("Q")[5] == 77
        assert {page.birth for page in worker_page.page_slots(elsewhere)} == births
        assert worker_page.counts(elsewhere) == worker_page.counts(tmp_path)
        settings = pins.settings(elsewhere)
        assert settings[3] == 0xC633_64FE
        assert settings[7] == 1


@needs_kernel
@pytest.mark.parametrize(("pools", "whole"), [(1, 1), (2, 1), (3, 0)])
def test_the_programs_know_whether_the_table_has_all_pools(
    tmp_path: Path, folder: Path, pools: int, whole: int
) -> None:
    maps.set_up(Place("test", tmp_path, "nowhere", "uplink", "198.51.100.254", pools), folder, 20)
    assert pins.settings(tmp_path)[7] == whole


@needs_kernel
def test_the_files_buckets_are_taken(tmp_path: Path, folder: Path) -> None:
    (tmp_path / generations.PACKAGE_BUCKETS).write_bytes((9).to_bytes(8, "little") * 3)
    maps.set_up(Place("test", tmp_path, "nowhere", "uplink", "198.51.100.254"), folder, 20)
    assert list(pins.memory(tmp_path, pins.PACKAGE_BUCKETS).cast("Q")[:4]) == [9, 9, 9, 0]
