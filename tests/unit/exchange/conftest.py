"""Both ends of the published tables: what control writes, and what a worker reads."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.publishing_tables import Control, Reader


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    made = Control(tmp_path)
    yield made
    made.writer.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    with closing(made.files):
        yield made
