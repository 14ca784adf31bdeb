"""Signals as something to wait for, beside other files.

A handler that raises would cut any step in two, and one that only notes would be seen late by a
wait that begins just then. So a signal makes a file readable, and each wait looks at that file.
"""

import os
import select
import signal
import socket
from collections.abc import Iterable
from types import FrameType
from typing import Final, Self

from gateway.exchange import generations

END: Final = frozenset({signal.SIGTERM, signal.SIGINT})
ANEW: Final = signal.SIGHUP
ALL: Final = END | {ANEW}


class Signals:
    """The signals of `ALL`, collected while a block runs; for the main thread only.

    A signal that comes before the block, while they are blocked, isn't lost. One that comes as the
    block ends waits until they are unblocked again.
    """

    def __init__(self) -> None:
        self._asked: set[int] = set()

    def __enter__(self) -> Self:
        """Install the handlers and unblock `ALL`: from now on signals are collected."""
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._handlers = {number: signal.signal(number, _note) for number in ALL}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore handlers and mask; raise again the signals that were not read."""
        signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
        seen = set(self._asked)
        self._read()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for unseen in self._asked - seen:
            signal.raise_signal(unseen)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        self._reader.close()
        self._writer.close()

    @property
    def asked(self) -> bool:
        """Tell whether `wait` has seen any signal so far."""
        return bool(self._asked)

    @property
    def end(self) -> bool:
        """Tell whether `wait` has seen a signal of `END` so far."""
        return bool(self._asked & END)

    def wait(self, seconds: float, files: Iterable[int]) -> None:
        """Wait until a signal comes, or one of the files is readable, or the time is over."""
        poll = select.poll()
        for file in (self._reader.fileno(), *files):
            poll.register(file, select.POLLIN)
        poll.poll(max(0.0, seconds) * 1000)
        self._read()

    def _read(self) -> None:
        try:
            while numbers := self._reader.recv(64):
                self._asked.update(numbers)
        except BlockingIOError:
            pass


def become_worker() -> None:
    """Set up the signals of a worker, in a process just forked with `ALL` blocked.

    SIGTERM ends it by an exception. It ignores the others: a terminal sends its signals to the
    whole group, and the supervisor acts on them. `generations.WAKE` only interrupts a wait.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(generations.WAKE, _note)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)


def _note(_number: int, _frame: FrameType | None) -> None:
    pass


def _end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, _end_at_once)
    raise SystemExit(0)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process at once: the first exception was lost, or is still on its way."""
    os._exit(0)
