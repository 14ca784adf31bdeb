"""The lines are of /proc/net/netfilter/nfnetlink_queue, as the kernel writes them.

Its columns: queue number, port id of the socket, packets waiting, copy mode, copy range, dropped
because the queue was full, dropped because the socket's buffer was, last packet's id, and a 1.
"""

from pathlib import Path

import pytest

from gateway.dataplane import queues
from gateway.dataplane.queues import Queue

IDLE = "    0  27801     0 2  4016     0     0        0  1\n"
BUSY = "    7 3912881   812 2 65531    15 4294967       123456  1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="no-queue-is-bound"),
        pytest.param(IDLE, [Queue(0, 0, 0, 0)], id="idle"),
        pytest.param(BUSY, [Queue(7, 812, 15, 4294967)], id="busy-and-columns-overflow"),
        pytest.param(IDLE + BUSY, [Queue(0, 0, 0, 0), Queue(7, 812, 15, 4294967)], id="two"),
    ],
)
def test_a_line_is_a_bound_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[Queue]
) -> None:
    (tmp_path / "nfnetlink_queue").write_text(text)
    monkeypatch.setattr(queues, "PROC", tmp_path / "nfnetlink_queue")
    assert queues.queues() == expected


def test_a_kernel_without_the_file_has_no_queues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "PROC", tmp_path / "nfnetlink_queue")
    assert queues.queues() == []
