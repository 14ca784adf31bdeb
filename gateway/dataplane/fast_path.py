"""The fast path beside the workers: prepared before they start, carrying when they serve."""

import logging
import os
from collections.abc import Callable
from typing import Protocol

from gateway.dataplane import signals
from gateway.dataplane.record import AUTO, OFF, ON
from gateway.fastpath.bpf import FastPathError

_log = logging.getLogger(__name__)


class FastPath(Protocol):
    """What the kernel carries by itself. Its methods raise `FastPathError`."""

    def prepare(self) -> None:
        """Have maps by whose buckets the workers police that start from now on."""

    def carry(self) -> None:
        """Carry what is plain from now on, beside the workers."""

    def retire(self) -> None:
        """Carry nothing from now on: the workers carry all."""

    def look(self) -> None:
        """Let the slow path have what somebody watches; an error if all must be prepared anew."""


class Beside:
    """The fast path of one supervisor, which needs it no more than its workers do."""

    def __init__(self, made: Callable[[], FastPath], remains: Callable[[], bool]) -> None:
        """It is made only if it is wanted, or one `remains` to be retired: it brings much along."""
        self._made = made
        self._remains = remains
        self._fast_path: FastPath | None = None
        self.state = OFF  # as `TakeOver.fastpath` has it

    def prepare(self, wanted: str) -> None:
        """Get ready for workers to start. Raises `FastPathError` where that is a must."""
        self.state, self._fast_path = OFF, None
        try:
            if wanted != OFF:
                made = self._made()
                made.prepare()
                self._fast_path = made
            elif self._remains():
                self._made().retire()
        except FastPathError as error:
            if wanted != AUTO:
                raise
            self._do_without(error)

    def carry(self) -> None:
        """Let the kernel carry: workers are in service for all it leaves."""
        if self._fast_path:
            try:
                self._fast_path.carry()
            except FastPathError as error:
                self._do_without(error)
            else:
                self.state = ON

    def give_up(self, why: str) -> None:
        """Carry nothing from now on: the workers that it was prepared for are not in service."""
        if self._fast_path:
            self._retire(self._fast_path)
            self._do_without(why)

    def end(self) -> None:
        """Carry nothing from now on: the workers end, too, as they were asked to."""
        if self._fast_path:
            self._retire(self._fast_path)
            self._fast_path, self.state = None, OFF

    def look(self) -> None:
        """Look after it; if it is lost the supervisor is asked to begin anew."""
        if self._fast_path and self.state == ON:
            try:
                self._fast_path.look()
            except FastPathError as error:
                _log.error("the fast path is loaded anew: %s", error)
                self._fast_path = None
                os.kill(os.getpid(), signals.ANEW)

    def _retire(self, fast_path: FastPath) -> None:
        try:
            fast_path.retire()
        except FastPathError as error:
            _log.error("the fast path can't be retired: %s", error)

    def _do_without(self, why: object) -> None:
        _log.warning("no fast path: %s", why)
        self._fast_path = None
        self.state = str(why)
