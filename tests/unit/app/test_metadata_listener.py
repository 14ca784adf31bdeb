"""The metadata service waits for its address while another process has it, and not for ever."""

import errno
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import pytest

from gateway.app import metadata


@dataclass(frozen=True)
class Here:
    """A site whose network is the one that this test is in."""

    def inside(self) -> "nullcontext[None]":
        return nullcontext()


@contextmanager
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(metadata, "HTTP_PORT", other.getsockname()[1])
        yield other


def test_it_has_the_address_as_soon_as_the_other_process_is_gone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with taken(monkeypatch) as other, caplog.at_level(logging.WARNING):
        threading.Timer(0.3, other.close).start()
        with metadata._listener(Here(), "127.0.0.1"):  # type: ignore[arg-type]
            pass
    assert caplog.messages == ["127.0.0.1 is another process's: waiting for its end"]


def test_it_gives_up_with_a_line_that_names_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "FREE_WITHIN_S", 0.3)
    with taken(monkeypatch), pytest.raises(OSError, match="is another process's, also"):
        metadata._listener(Here(), "127.0.0.1")  # type: ignore[arg-type]


def test_another_failure_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken(monkeypatch), pytest.raises(OSError, match="assign") as raised:
        metadata._listener(Here(), "192.0.2.1")  # type: ignore[arg-type]
    assert raised.value.errno == errno.EADDRNOTAVAIL
