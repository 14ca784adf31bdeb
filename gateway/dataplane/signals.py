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

    What comes while they are blocked before the block is not lost, nor is what comes as it ends: it
    waits for whoever unblocks them next.
    """

    def __init__(self) -> None:
        """None came yet."""
        self._asked: set[int] = set()

    def __enter__(self) -> Self:
        """Begin to collect."""
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._handlers = {number: signal.signal(number, _note) for number in ALL}
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, ALL)
        return self

    def __exit__(self, *_: object) -> None:
        """Everything is as before; what was not read yet comes again."""
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
        """Whether any signal came."""
        return bool(self._asked)

    @property
    def end(self) -> bool:
        """Whether one of `END` came."""
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
    """In a process just forked with `ALL` blocked: SIGTERM ends it, by an exception; no other does.

    A terminal sends its signals to the whole group, and the supervisor is the one to act on them.
    `generations.WAKE` only interrupts a wait.
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
    """Asked again: the exception got lost in a place that ignores it, or is still on its way."""
    os._exit(0)
