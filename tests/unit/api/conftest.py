"""A world with a control in it, and its API on a real socket."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.api import context, serving
from support.world import World

from gateway.api.client import Client
from gateway.api.server import application


@pytest.fixture
def world() -> Iterator[World]:
    """A lab that was just brought up; its log is in memory."""
    with closing(World()) as made:
        yield made


@pytest.fixture
def socket_path(world: World, tmp_path: Path) -> Iterator[Path]:
    """Where the world's API listens."""
    path = tmp_path / "api"
    with serving(application(context(world)), path):
        yield path


@pytest.fixture(scope="module")
def idle_socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same for requests that change nothing: one for a whole module of tests."""
    path = tmp_path_factory.mktemp("idle") / "api"
    with closing(World()) as made, serving(application(context(made)), path):
        yield path


@pytest.fixture
def client(socket_path: Path) -> Client:
    """A client of that API."""
    return Client(socket_path)
