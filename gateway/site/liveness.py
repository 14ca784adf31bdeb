"""Which processes go on, as one look sees it: for who asks now, and has not watched them before."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from gateway.dataplane import watch
from gateway.exchange import generations
from gateway.exchange.worker_page import WorkerStatus, statuses
from gateway.runtime.silence import Silence
from gateway.runtime.waiting import looks
from gateway.site.heartbeat import age_s

SEEN_SILENT_S: Final = 1.0  # that long, of the time in which there could have been a heartbeat
SEEN_WITHIN_S: Final = 10.0  # without a processor there may be none for so long
ACKNOWLEDGED_WITHIN_S: Final = 5.0  # a generation may be on its way
LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that lives, and whether it goes on and has the table that was published last."""

    worker: str
    pid: int
    ready: bool
    beat_age_s: float | None = field(compare=False)


def workers(run: Path) -> list[Worker]:
    """Find the workers that live now, by their pages in this directory. Raises `OSError`."""
    late = _late(run)
    found = []
    for status in statuses(run):
        if status.alive:
            stuck = is_silent(status.pid, watch.SILENT_MAX_S, partial(_beat_of, run, status))
            ready = not stuck and status.worker not in late
            found.append(Worker(status.worker, status.pid, ready, age_s(status.beat)))
    return found


def is_silent(
    pid: int, within_s: float, beat_ns: Callable[[], int], seen_s: float = SEEN_SILENT_S
) -> bool:
    """Whether the last heartbeat is older than that, and in `seen_s` from now none comes."""
    first = beat_ns()
    if (age_s(first) or 0.0) <= within_s:
        return False
    silence = Silence(pid)
    for _ in looks(SEEN_WITHIN_S, LOOK_S):
        now = beat_ns()
        if now != first:
            return False
        if silence.look(now) > seen_s:
            return True
    return False  # it gets no processor


def _late(run: Path) -> list[str]:
    """The live workers that don't take the table published last."""
    late: list[str] = []
    for _ in looks(ACKNOWLEDGED_WITHIN_S, LOOK_S):
        late = generations.laggards(run, generations.published(run))
        if not late:
            break
    return late


def _beat_of(run: Path, sought: WorkerStatus) -> int:
    return next((found.beat for found in statuses(run) if found.worker == sought.worker), 0)
