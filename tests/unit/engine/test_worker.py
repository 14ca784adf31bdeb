"""A worker with a real page and really published tables; packets are Scapy's."""

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from support.tables import file_of
from support.workers import (
    CLIENT,
    FIRST,
    IN,
    OUT,
    PUBLIC,
    SECOND,
    TO_FIRST,
    TO_SECOND,
    Start,
    accepts,
    table,
    wire,
)

from gateway.engine import gate
from gateway.engine.rules import INTERPRETED
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, counts, statuses
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping

PUBLISH_AND_WAIT = """
import sys
from pathlib import Path
from gateway.exchange import generations
from gateway.nat.table import Mapping, build
directory = Path(sys.argv[1])
generations.publish(directory, build(3, 4, [Mapping(0xCB007109, 0x0A000003, 1)]))
print(generations.wait_in_force(directory, 3, within_s=30))
"""


def acknowledged(directory: Path) -> int:
    (status,) = statuses(directory)
    return status.acknowledged


def test_a_worker_begins_with_the_table_published_last(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(2, TO_FIRST))
    worker = start()
    assert acknowledged(tmp_path) == 2
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, FIRST)


def test_a_worker_begins_with_the_table_in_force_though_the_next_one_is_written(
    tmp_path: Path, start: Start
) -> None:
    """Control ended after it had put the table in place, and before it said so."""
    generations.publish(tmp_path, table(2, TO_FIRST))
    (tmp_path / "table.1").write_bytes(table(3, TO_SECOND).memory)
    worker = start()
    assert acknowledged(tmp_path) == 2
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, FIRST)


def test_before_anything_is_published_every_packet_is_dropped(tmp_path: Path, start: Start) -> None:
    worker = start()
    assert not accepts(worker, wire(CLIENT, PUBLIC), IN)
    assert not accepts(worker, wire(FIRST, CLIENT), OUT)
    found = counts(tmp_path)
    assert found.reasons[Reason.UNKNOWN_PUBLIC] == 1
    assert found.reasons[Reason.UNKNOWN_PRIVATE] == 1
    assert found.slots == {}


def test_both_directions_are_counted_in_ip_bytes_without_padding(
    tmp_path: Path, start: Start
) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    assert accepts(worker, wire(CLIENT, PUBLIC) + bytes(14), IN)
    assert accepts(worker, wire(FIRST, CLIENT), OUT)
    assert accepts(worker, wire(FIRST, CLIENT), OUT)
    assert counts(tmp_path).slots == {1: Traffic(1, 32, 2, 64)}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x45", id="one-byte"),
        pytest.param(bytes(40), id="zeros"),
        pytest.param(b"\xff" * 40, id="ones"),
    ],
)
@pytest.mark.parametrize("direction", list(Direction), ids=lambda direction: direction.name)
def test_bytes_that_are_no_packet_are_counted_and_dropped(
    tmp_path: Path, start: Start, raw: bytes, direction: Direction
) -> None:
    worker = start()
    assert not accepts(worker, bytearray(raw), direction)
    found = counts(tmp_path)
    assert sum(found.reasons.values()) == 1
    assert found.reasons[Reason.TRANSLATED] == 0


def test_a_drop_for_a_known_address_counts_no_traffic(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    authenticated = bytearray(bytes(IP(src=CLIENT, dst=PUBLIC, proto=51) / Raw(bytes(24))))
    assert not accepts(worker, authenticated, IN)
    found = counts(tmp_path)
    assert found.reasons[Reason.AUTHENTICATION_HEADER] == 1
    assert found.slots == {}


def test_a_hairpin_is_traffic_of_both_addresses(tmp_path: Path, start: Start) -> None:
    second = Mapping(0xCB00710A, 0x0A000003, 2)
    generations.publish(tmp_path, table(1, TO_FIRST, second))
    worker = start()
    packet = wire(SECOND, PUBLIC)
    assert accepts(worker, packet, Direction.HAIRPIN)
    assert packet == wire("203.0.113.10", FIRST)
    assert counts(tmp_path).slots == {1: Traffic(1, 32, 0, 0), 2: Traffic(0, 0, 1, 32)}


def test_policing_goes_by_the_loops_clock_and_outlives_tables(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 8 Mbps are 1,000,000 bytes a second, and a burst of 200,000: six packets of 32,028 bytes.
    capped = TO_FIRST._replace(out_kbps=8_000)
    generations.publish(tmp_path, table(1, capped))
    now_ns = 100_000_000_000
    monkeypatch.setattr(gate, "monotonic_ns", lambda: now_ns)
    worker = start(rules=INTERPRETED)
    packet = bytes(IP(src=FIRST, dst=CLIENT) / UDP() / Raw(bytes(32_000)))
    assert [accepts(worker, bytearray(packet), OUT) for _ in range(7)] == [True] * 6 + [False]
    generations.publish(tmp_path, table(2, capped))
    assert not accepts(worker, bytearray(packet), OUT)
    now_ns += 32_028_000
    assert accepts(worker, bytearray(packet), OUT)
    assert not accepts(worker, bytearray(packet), OUT)
    found = counts(tmp_path)
    assert found.reasons[Reason.POLICED] == 3
    assert found.slots == {1: Traffic(0, 0, 7, 7 * 32_028)}


def test_the_packet_after_a_publication_sees_the_new_table(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    generations.publish(tmp_path, table(2, TO_SECOND))
    assert acknowledged(tmp_path) == 1
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, SECOND)
    assert acknowledged(tmp_path) == 2


def test_an_idle_worker_takes_the_table_when_it_refreshes(tmp_path: Path, start: Start) -> None:
    worker = start()
    generations.publish(tmp_path, table(1, TO_FIRST))
    assert generations.laggards(tmp_path, 1) == ["worker-0"]
    worker.refresh()
    assert generations.wait_in_force(tmp_path, 1, within_s=0) == []


def test_a_refresh_without_a_publication_reads_no_file(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    file_of(tmp_path, 1).unlink()  # to read it would now be an error
    worker.refresh()
    assert accepts(worker, wire(CLIENT, PUBLIC), IN)


def test_a_generation_may_be_lower_than_the_last(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(9, TO_FIRST))
    worker = start()
    generations.publish(tmp_path, table(1, TO_SECOND))
    worker.refresh()
    assert acknowledged(tmp_path) == 1


def test_a_mapping_that_is_gone_is_not_translated(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    generations.publish(tmp_path, table(2))
    packet = wire(FIRST, CLIENT)
    assert not accepts(worker, packet, OUT)
    assert packet == wire(FIRST, CLIENT)


def test_a_table_with_more_slots_makes_the_page_grow(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    assert accepts(worker, wire(CLIENT, PUBLIC), IN)
    generations.publish(tmp_path, table(2, TO_FIRST._replace(slot=5000), slots=5001))
    assert accepts(worker, wire(CLIENT, PUBLIC), IN)
    assert counts(tmp_path).slots == {1: Traffic(1, 32, 0, 0), 5000: Traffic(1, 32, 0, 0)}


def test_a_damaged_table_keeps_the_old_one_and_is_not_acknowledged(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    worker = start()
    generations.publish(tmp_path, table(2, TO_SECOND))
    file = file_of(tmp_path, 2)
    file.write_bytes(file.read_bytes()[:-1])
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            packet = wire(CLIENT, PUBLIC)
            assert accepts(worker, packet, IN)
            assert packet == wire(CLIENT, FIRST)
    assert acknowledged(tmp_path) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "generation 2 refused, the last table stays: the mapping table is damaged"
    ]


def test_the_next_good_table_ends_a_refusal(tmp_path: Path, start: Start) -> None:
    worker = start()
    generations.publish(tmp_path, table(1, TO_FIRST))
    file_of(tmp_path, 1).write_bytes(b"no table")
    worker.refresh()
    generations.publish(tmp_path, table(2, TO_SECOND))
    worker.refresh()
    assert acknowledged(tmp_path) == 2


def test_a_damaged_table_at_the_start_drops_everything(tmp_path: Path, start: Start) -> None:
    generations.publish(tmp_path, table(1, TO_FIRST))
    file_of(tmp_path, 1).write_bytes(b"no table")
    worker = start()
    assert not accepts(worker, wire(CLIENT, PUBLIC), IN)
    assert acknowledged(tmp_path) == 0


@pytest.mark.parametrize("mark", [0, 4, 0xFFFFFFFC])
def test_a_mark_that_is_no_direction_is_counted(tmp_path: Path, start: Start, mark: int) -> None:
    worker = start()
    assert not accepts(worker, wire(CLIENT, PUBLIC), mark)
    found = counts(tmp_path)
    assert {why: seen for why, seen in found.reasons.items() if seen} == {
        Reason.UNKNOWN_DIRECTION: 1
    }
    assert found.slots == {}


def test_a_publisher_in_another_process_sees_its_table_come_in_force(
    tmp_path: Path, start: Start
) -> None:
    worker = start()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {generations.WAKE})
    try:
        command = [sys.executable, "-c", PUBLISH_AND_WAIT, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
            assert signal.sigtimedwait({generations.WAKE}, 30)
            worker.refresh()
            late, _ = publisher.communicate(timeout=30)
            while signal.sigtimedwait({generations.WAKE}, 0):
                pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert late.strip() == "[]"
    packet = wire(CLIENT, PUBLIC)
    assert accepts(worker, packet, IN)
    assert packet == wire(CLIENT, SECOND)


def test_a_refused_table_that_is_published_again_is_taken(tmp_path: Path, start: Start) -> None:
    """Control publishes its last generation anew when it starts: that must mend a damaged file."""
    worker = start()
    generations.publish(tmp_path, table(2, TO_FIRST))
    file_of(tmp_path, 2).write_bytes(b"damaged")
    worker.refresh()
    assert generations.laggards(tmp_path, 2) == ["worker-0"]
    generations.publish(tmp_path, table(2, TO_FIRST))
    worker.refresh()
    assert generations.laggards(tmp_path, 2) == []


def test_a_refused_table_is_reported_once(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    worker = start()
    generations.publish(tmp_path, table(2, TO_FIRST))
    file_of(tmp_path, 2).write_bytes(b"damaged")
    for _ in range(3):
        worker.refresh()
    assert len(caplog.records) == 1
