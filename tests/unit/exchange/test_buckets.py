"""Buckets in a file, or in a map of the kernel's that the fast path polices by, too."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.kernel_maps import needs_kernel, pinned

from gateway.exchange import pins
from gateway.exchange.buckets import Buckets
from gateway.exchange.pins import State

NAME = pins.ADDRESS_BUCKETS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "buckets"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    with pinned(tmp_path) as folder:
        yield folder


def held(file: Path, count: int) -> memoryview:
    with closing(Buckets(file, NAME)) as buckets:
        buckets.hold(count)
        return buckets.memory.cast("Q")


def test_without_a_fast_path_the_words_are_a_files(file: Path) -> None:
    held(file, 3)[2] = 5
    assert list(held(file, 3)) == [0, 0, 5]
    assert file.stat().st_size == 24


def test_no_words_are_none(file: Path) -> None:
    assert len(held(file, 0)) == 0


def test_with_a_fast_path_they_are_its_own(file: Path, shared: Path) -> None:
    held(file, 3)[2] = 5
    assert pins.memory(file.parent, NAME).cast("Q")[2] == 5
    assert file.stat().st_size == 0


def test_words_that_a_map_has_no_room_for_are_a_files(file: Path, shared: Path) -> None:
    with closing(Buckets(file, NAME)) as buckets:
        buckets.hold(3)
        assert len(buckets.memory) > 24
        buckets.hold(1000)
        assert len(buckets.memory) == file.stat().st_size == 8000


def test_a_retired_fast_path_polices_nothing(file: Path, shared: Path) -> None:
    pins.settings(file.parent)[pins.STATE] = State.RETIRED
    assert len(held(file, 3)) == 3


@needs_kernel
def test_workers_police_without_maps_that_are_lost(file: Path, shared: Path) -> None:
    (shared / pins.SETTINGS).unlink()
    assert len(held(file, 3)) == 3
