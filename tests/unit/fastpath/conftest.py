"""The fast path's programs, loaded once for all tests of a process."""

from collections.abc import Iterator

import pytest
from support.fast_links import FastLinks, fast_links
from support.fast_ways import TABLE

from gateway.engine.fast_replay import FastEngine, fast_engine
from gateway.nat.outcome import Direction
from gateway.nat.table import empty


@pytest.fixture(scope="session")
def fast() -> Iterator[FastEngine]:
    with fast_engine() as engine:
        engine(empty(), Direction.INBOUND)
        yield engine


@pytest.fixture(scope="package")
def made_links() -> Iterator[FastLinks]:
    with fast_links(TABLE) as found:
        yield found


@pytest.fixture
def links(made_links: FastLinks) -> FastLinks:
    """The links, with all counters at zero."""
    made_links.forget()
    return made_links
