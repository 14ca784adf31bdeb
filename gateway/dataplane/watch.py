"""Which workers are stuck: alive, and yet their loop doesn't go round.

A worker on a busy machine is slow and not stuck, and to replace it would help nobody: so what
counts is time in which it could have gone on (`gateway/runtime/silence.py`), and a worker that is
stuck again soon after it was replaced gets more time, twice as much each time.
"""

import time
from collections.abc import Collection, Iterator
from math import inf
from pathlib import Path
from typing import Final

from gateway.dataplane.workers import Process
from gateway.exchange.worker_page import heartbeat
from gateway.runtime.silence import Silence

SILENT_MAX_S: Final = 1.0
SILENT_AGAIN_MAX_S: Final = 16.0
START_MAX_S: Final = 30.0  # without a first heartbeat: a large table is loaded before
SOON_S: Final = 60.0


class Watch:
    """The heartbeats of the workers in one directory."""

    def __init__(self, directory: Path) -> None:
        """Begin without having seen a heartbeat of any worker."""
        self._directory = directory
        self._silences: dict[int, Silence] = {}  # by the worker's number
        self._stuck: dict[int, list[float]] = {}  # when it was, lately

    def stuck(self, workers: Collection[Process]) -> Iterator[tuple[Process, float]]:
        """Give the workers that are to be replaced, with the seconds that each was silent."""
        numbers = {worker.number for worker in workers}
        self._silences = {n: found for n, found in self._silences.items() if n in numbers}
        for worker in workers:
            silence = self._silence(worker)
            beat = heartbeat(self._directory, worker.number)
            silent_s = silence.look(beat)
            if silent_s > self._patience_s(worker, beat):
                silence.seconds = 0.0
                self._stuck.setdefault(worker.number, []).append(time.monotonic())
                yield worker, silent_s

    def _silence(self, worker: Process) -> Silence:
        known = self._silences.get(worker.number)
        if known is None or known.pid != worker.pid:
            known = self._silences[worker.number] = Silence(worker.pid)
        return known

    def _patience_s(self, worker: Process, beat: int) -> float:
        if not worker.made(beat):
            # An adopted one is of a version without heartbeats.
            return inf if worker.adopted else START_MAX_S
        now = time.monotonic()
        lately = [at for at in self._stuck.get(worker.number, ()) if now - at < SOON_S]
        self._stuck[worker.number] = lately
        return float(min(SILENT_MAX_S * 2 ** len(lately), SILENT_AGAIN_MAX_S))
