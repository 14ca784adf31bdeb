from pathlib import Path

import pytest

from gateway.engine import dataplane
from gateway.nat.worker_page import WorkerPage, WorkerRunningError


def test_a_second_data_plane_is_refused_before_it_takes_the_first_ones_socket(
    tmp_path: Path,
) -> None:
    with WorkerPage(tmp_path, dataplane.WORKER):
        with pytest.raises(WorkerRunningError):
            dataplane.run(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["worker-0.page"]
