"""Records over real sockets: told to whoever listens, and nobody waits for a slow one."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.listeners import Listeners, TraceRecord, decode
from gateway.nat.outcome import NO_SLOT, Direction, Outcome
from gateway.nat.reasons import Reason

SLOTS = st.integers(NO_SLOT, 2**31 - 1)
RECORDS = st.builds(
    TraceRecord,
    at=st.floats(0, 2**33),
    generation=st.integers(0, 2**64 - 1),
    missed=st.integers(0, 2**32 - 1),
    direction=st.sampled_from(Direction),
    outcome=st.builds(Outcome, st.sampled_from(Reason), SLOTS, SLOTS),
    before=st.binary(max_size=100),
    after=st.binary(max_size=100),
)
RECORD = TraceRecord(
    1.5, 7, 0, Direction.INBOUND, Outcome(Reason.TRANSLATED, NO_SLOT, 3), b"in", b"out"
)


def listener(directory: Path, name: str) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    bound.bind(str(directory / f"trace-{name}.sock"))
    return bound


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[Listeners]:
    with closing(Listeners(tmp_path)) as found:
        yield found


@given(RECORDS)
def test_what_is_encoded_is_decoded(record: TraceRecord) -> None:
    assert decode(record.encode()) == record


def test_nobody_listens_until_somebody_does(tmp_path: Path, listeners: Listeners) -> None:
    listeners.look()
    assert not listeners
    with listener(tmp_path, "1"):
        assert not listeners, "only a look finds who listens"
        listeners.look()
        assert listeners


def test_each_listener_is_told(tmp_path: Path, listeners: Listeners) -> None:
    with listener(tmp_path, "1") as first, listener(tmp_path, "2") as second:
        listeners.look()
        listeners.tell(RECORD)
        assert [decode(one.recv(1000)) for one in (first, second)] == [RECORD, RECORD]


def test_a_listener_that_is_gone_is_forgotten(tmp_path: Path, listeners: Listeners) -> None:
    """Killed, it leaves its socket file behind."""
    listener(tmp_path, "1").close()
    listeners.look()
    listeners.tell(RECORD)
    assert not listeners


def test_a_slow_listener_holds_nobody_up_and_learns_what_it_missed(
    tmp_path: Path, listeners: Listeners
) -> None:
    told = 5000
    with listener(tmp_path, "1") as slow:
        listeners.look()
        for _ in range(told):
            listeners.tell(RECORD)
        got = 0
        while got < told:
            try:
                slow.recv(1000)
            except BlockingIOError:
                break
            got += 1
        assert 0 < got < told
        listeners.tell(RECORD)
        assert decode(slow.recv(1000)).missed == told - got
        listeners.tell(RECORD)
        assert decode(slow.recv(1000)).missed == 0


@given(raw=st.binary(max_size=100))
def test_any_datagram_is_a_record_or_none(raw: bytes) -> None:
    for datagram in (raw, RECORD.encode()[: len(raw)], raw + RECORD.encode()[len(raw) :]):
        with suppress(ValueError):
            found = decode(datagram)
            assert decode(found.encode()) == found
            datetime.fromtimestamp(found.at, tz=UTC)
