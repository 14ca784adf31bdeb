"""Workers with a real page."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support.rules import KINDS
from support.workers import Start

from gateway.engine.worker import Worker
from gateway.exchange.worker_page import WorkerPage


@pytest.fixture
def page(tmp_path: Path) -> Iterator[WorkerPage]:
    with WorkerPage(tmp_path, 0) as opened:
        yield opened


@pytest.fixture(params=KINDS)
def start(tmp_path: Path, page: WorkerPage, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts a worker, interpreted and compiled, and closes it at the end."""
    with ExitStack() as started:
        yield lambda **chosen: started.enter_context(
            closing(Worker(tmp_path, page, **{"rules": KINDS[request.param], **chosen}))
        )
