"""Starts again the processes of a site that have fallen, and replaces those that are stuck.

A role's process is stuck if it makes no heartbeat for some seconds in which it could have made one
(`gateway/runtime/silence.py`). It has fallen if it is gone, and isn't at rest. One that falls again
and again is started ever slower.

The watchdog is a role, too, and control watches it: each of the two starts the other again.
"""

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.runtime.silence import Silence
from gateway.site import heartbeat, roles
from gateway.site.heartbeat import Heartbeat

LOOK_EVERY_S: Final = 0.5
SILENT_MAX_S: Final = 5.0
START_MAX_S: Final = 600.0  # a long log is read before the first heartbeat
AT_ONCE_S: Final = 60.0  # a process that fell sooner may do so again
BACK_OFF_S: Final = 0.5  # doubled each time
BACK_OFF_MAX_S: Final = 60.0

_log = logging.getLogger(__name__)

Spawn = Callable[[str], "subprocess.Popen[bytes]"]


@dataclass(slots=True)
class _Ward:
    """One role that is watched: its process's silence, and how it was started again."""

    silence: Silence | None = None
    child: "subprocess.Popen[bytes] | None" = None
    spawned: float = float("-inf")
    due: float | None = None
    falls: int = 0


@dataclass(slots=True)
class Watchdog:
    """Looks after some roles of the site in `run`; `spawn` starts a role's process."""

    run: Path
    watched: Iterable[str]
    spawn: Spawn
    _wards: dict[str, _Ward] = field(default_factory=dict)

    def look(self) -> None:
        """Look at each role once, and do what is to be done."""
        for role in self.watched:
            self._look_at(role, self._wards.setdefault(role, _Ward()))

    def _look_at(self, role: str, ward: _Ward) -> None:
        starting = ward.child is not None and ward.child.poll() is None
        found = heartbeat.read(self.run, role)
        pid = roles.holder(self.run, role)
        if pid is not None:
            ward.due = None
            if not found.at_rest:
                self._judge(role, ward, pid, found)
        elif found.at_rest:
            ward.due = None
        elif not starting:
            self._revive(role, ward)

    def _judge(self, role: str, ward: _Ward, pid: int, found: Heartbeat) -> None:
        """Kill the role's process if it is stuck: it has fallen then."""
        if ward.silence is None or ward.silence.pid != pid:
            ward.silence = Silence(pid)
        silent_s = ward.silence.look(found.beat_ns)
        if silent_s > (SILENT_MAX_S if found.beat_ns else START_MAX_S):
            _log.error("%s, process %d, makes no heartbeat for %.1f s: killed", role, pid, silent_s)
            ward.silence = None
            roles.tell(self.run, role, signal.SIGKILL)

    def _revive(self, role: str, ward: _Ward) -> None:
        """Start the role's process again, when it is time."""
        now = time.monotonic()
        if ward.due is None:
            ward.falls = ward.falls + 1 if now - ward.spawned < AT_ONCE_S else 0
            delay_s = min(BACK_OFF_S * 2**ward.falls, BACK_OFF_MAX_S) if ward.falls else 0.0
            ward.due = now + delay_s
            _log.error("%s has fallen; started again%s", role, f" in {delay_s:g} s" * (delay_s > 0))
        if now < ward.due:
            return
        ward.due, ward.spawned = None, now
        try:
            ward.child = self.spawn(role)
        except OSError as error:
            _log.error("%s can't be started: %s", role, error)
