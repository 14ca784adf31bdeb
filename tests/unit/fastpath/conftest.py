"""The fast path's programs, loaded once for all tests of a process."""

from collections.abc import Iterator

import pytest

from gateway.engine.fast_replay import FastEngine, fast_engine
from gateway.nat.outcome import Direction
from gateway.nat.table import empty


@pytest.fixture(scope="session")
def fast() -> Iterator[FastEngine]:
    with fast_engine() as engine:
        engine(empty(), Direction.INBOUND)
        yield engine
