"""What control does when its time has come, without being asked: it opens blocked addresses."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.control import commands as cmd
from gateway.control.controller import Controller
from gateway.control.errors import ControlError

LOOK_EVERY_S: Final = 0.5  # at least: another address may be blocked, or the clock be set
RETRY_S: Final = 2.0

_log = logging.getLogger(__name__)


@contextmanager
def opening_in_time(control: Controller) -> Iterator[None]:
    """In the block, open each address when its time comes; first what is overdue."""
    ended = threading.Event()
    thread = threading.Thread(target=_open_in_time, args=(control, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def _open_in_time(control: Controller, ended: threading.Event) -> None:
    while not ended.is_set():
        pause_s = _due_in_s(control)
        if not pause_s:
            try:
                control.submit(cmd.OpenDueAddresses())
            except ControlError as error:
                _log.error("blocked addresses can't be opened: %s", error)
                pause_s = RETRY_S
        ended.wait(pause_s)


def _due_in_s(control: Controller) -> float:
    with control.state() as state:
        due_at = min(state.blocked.values(), default=None)
    if due_at is None:
        return LOOK_EVERY_S
    return min(max(due_at - control.now(), 0.0), LOOK_EVERY_S)
