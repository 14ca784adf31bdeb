"""Where real workers run with queues that are made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forks import end_all, fake_queues


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    fake_queues(tmp_path, monkeypatch)
    yield tmp_path
    end_all(tmp_path)
