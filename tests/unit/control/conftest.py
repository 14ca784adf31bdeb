"""A world with a control in it, for each test its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A lab that was just brought up; its log is a file."""
    with closing(World(tmp_path)) as made:
        yield made


@pytest.fixture
def quick_world() -> Iterator[World]:
    """The same with its log in memory: for what is tried a hundred times."""
    with closing(World()) as made:
        yield made
