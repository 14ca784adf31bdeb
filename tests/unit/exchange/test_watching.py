"""Somebody watches: the fast path passes all packets up, and no longer than that."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kernel_maps import needs_kernel, pinned

from gateway.exchange import pins, watching

pytestmark = needs_kernel


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    with pinned(tmp_path):
        yield tmp_path


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "trace-1.sock"))
        yield bound


def watched(directory: Path) -> bool:
    return bool(pins.settings(directory)[pins.WATCHED])


def test_without_a_fast_path_there_is_nothing_to_say(tmp_path: Path) -> None:
    watching.begin(tmp_path)
    assert not watching.is_watched(tmp_path)


def test_it_is_watched_from_the_beginning_on(directory: Path, listener: socket.socket) -> None:
    watching.begin(directory)
    assert watched(directory)
    watching.follow(directory)
    assert watched(directory)


def test_a_listener_that_said_nothing_is_found(directory: Path, listener: socket.socket) -> None:
    watching.follow(directory)
    assert watched(directory)


def test_a_killed_listener_leaves_a_socket_that_nobody_reads(
    directory: Path, listener: socket.socket
) -> None:
    watching.begin(directory)
    listener.close()
    watching.follow(directory)
    assert not watched(directory)


def test_who_writes_the_maps_is_not_waited_for(directory: Path, listener: socket.socket) -> None:
    with pins.turn(directory):
        watching.follow(directory)
        assert not watched(directory)
