"""Snapshots of what the log adds up to, made now and then by a process of their own.

That process reads the log, as control does when it starts: control lends it nothing but the number
of the event that is in force everywhere. So no command waits for a snapshot, whatever the state's
size, and nothing of control's memory is in it that isn't in the log.

::

    control ── in force + 10,000 ──▶ python -m gateway.app.snapshots LOG SNAPSHOT EVENT
                                     the snapshot before + the events since ──▶ the snapshot
"""

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from gateway.control import history
from gateway.control.controller import Controller
from gateway.net import libc
from gateway.runtime.threads import Job
from gateway.store.records import StoreError
from gateway.store.snapshots import SnapshotFile
from gateway.store.sqlite import SqliteReader

EVERY: Final = 10_000  # events, also after an attempt that failed: to replay so many takes 1 s
LOOK_EVERY_S: Final = 1.0
WITHIN_S: Final = 900.0  # ten million events without a snapshot before
PATIENCE: Final = 19  # nice(2): packets and commands go first

_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger(__name__)


def job(control: Controller, log: Path, snapshot: Path) -> Job:
    """Make a snapshot whenever so many events came into force since the last attempt."""
    return Job("snapshots", _Maker(control, log, snapshot).turn)


class _Maker:
    """Starts one process at a time, and ends it when control ends."""

    def __init__(self, control: Controller, log: Path, snapshot: Path) -> None:
        self._control = control
        self._files = log, snapshot
        self._tried_at = control.restored_from

    def turn(self, ending: threading.Event) -> None:
        with self._control.state():
            in_force = self._control.progress.in_force
        if in_force >= self._tried_at + EVERY:
            self._tried_at = in_force
            failure = self._make(in_force, ending)
            if failure:
                _log.error("no snapshot of event %d: %s", in_force, failure)
        ending.wait(LOOK_EVERY_S)

    def _make(self, sequence: int, ending: threading.Event) -> str | None:
        """Make a snapshot; returns why it failed, None if it didn't or control ends."""
        try:
            process = subprocess.Popen(
                _command(*self._files, sequence),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            return str(error)
        with process:
            waited_s = 0.0
            while True:
                try:
                    _, said = process.communicate(timeout=LOOK_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    waited_s += LOOK_EVERY_S
                    if ending.is_set() or waited_s > WITHIN_S:
                        process.kill()
                        return None if ending.is_set() else f"not done within {WITHIN_S:g} s"
        return (said.strip().splitlines() or ["it ended"])[-1] if process.returncode else None


def _command(log: Path, snapshot: Path, sequence: int) -> list[str]:
    return [sys.executable, "-m", __name__, str(log), str(snapshot), str(sequence)]


def main() -> None:
    """Make one snapshot, at low priority; the arguments are LOG SNAPSHOT EVENT."""
    log, snapshot, sequence = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(PATIENCE)
    try:
        history.save(SqliteReader(log), SnapshotFile(snapshot), sequence)
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
