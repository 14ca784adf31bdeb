"""What becomes of one message of the queue, by interpreted and by compiled rules."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw
from support.queue import (
    AGGREGATE,
    FINISHING,
    ID,
    LOOPS,
    NOT_FINISHED,
    Kernel,
    Verdict,
    message,
    running,
)
from vectors.every import VECTORS
from vectors.row import TABLE

from gateway.engine.judge import Judge
from gateway.engine.rules import INTERPRETED
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, counts
from gateway.nat.outcome import Checksum, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import empty
from gateway.nat.tally import Tally

CLIENT, PUBLIC, PRIVATE = "198.51.100.10", "203.0.113.9", "10.0.0.2"
OFFLOAD = {
    Checksum.FINISHED: None,
    Checksum.UNFINISHED: NOT_FINISHED,
    Checksum.UNFINISHED_AGGREGATE: NOT_FINISHED | AGGREGATE,
}
OTHER_PUBLIC, OTHER_PRIVATE = "203.0.113.10", "10.0.0.3"


def wire(source: str, destination: str, size: int = 4) -> bytes:
    return bytes(IP(src=source, dst=destination) / UDP(sport=1, dport=2) / Raw(bytes(size)))


@pytest.fixture(params=LOOPS)
def kernel(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    generations.publish(tmp_path, TABLE)
    with running(tmp_path, request.param) as opened:
        yield opened


def reasons(directory: Path) -> dict[Reason, int]:
    return {reason: seen for reason, seen in counts(directory).reasons.items() if seen}


@pytest.mark.parametrize(
    ("mark", "before", "after", "traffic"),
    [
        pytest.param(
            1, (CLIENT, PUBLIC), (CLIENT, PRIVATE), {3: Traffic(1, 32, 0, 0)}, id="inbound"
        ),
        pytest.param(
            2, (PRIVATE, CLIENT), (PUBLIC, CLIENT), {3: Traffic(0, 0, 1, 32)}, id="outbound"
        ),
        pytest.param(
            3,
            (PRIVATE, OTHER_PUBLIC),
            (PUBLIC, OTHER_PRIVATE),
            {3: Traffic(0, 0, 1, 32), 4: Traffic(1, 32, 0, 0)},
            id="hairpin",
        ),
        pytest.param(
            3,
            (PRIVATE, PUBLIC),
            (PUBLIC, PRIVATE),
            {3: Traffic(1, 32, 1, 32)},
            id="hairpin-to-itself",
        ),
    ],
)
def test_a_translated_packet_goes_on_and_is_counted_under_its_slots(
    tmp_path: Path,
    kernel: Kernel,
    mark: int,
    before: tuple[str, str],
    after: tuple[str, str],
    traffic: dict[int, Traffic],
) -> None:
    assert kernel.turn(message(wire(*before), mark)) == [Verdict(ID, True, wire(*after))]
    assert reasons(tmp_path) == {Reason.TRANSLATED: 1}
    assert counts(tmp_path).slots == traffic


def test_padding_goes_on_and_isnt_counted(tmp_path: Path, kernel: Kernel) -> None:
    for padding in (b"\xaa", b"\xbb" * 26):
        found = kernel.turn(message(wire(CLIENT, PUBLIC) + padding))
        assert found == [Verdict(ID, True, wire(CLIENT, PRIVATE) + padding)]
    assert counts(tmp_path).slots == {3: Traffic(2, 64, 0, 0)}


def test_a_dropped_packet_is_counted_under_its_reason_alone(tmp_path: Path, kernel: Kernel) -> None:
    assert kernel.turn(message(wire(CLIENT, "203.0.113.77"))) == [Verdict(ID, False, None)]
    authenticated = bytes(IP(src=CLIENT, dst=PUBLIC, proto=51) / Raw(bytes(24)))
    assert kernel.turn(message(authenticated)) == [Verdict(ID, False, None)]
    assert reasons(tmp_path) == {Reason.UNKNOWN_PUBLIC: 1, Reason.AUTHENTICATION_HEADER: 1}
    assert counts(tmp_path).slots == {}


@pytest.mark.parametrize("mark", [None, 0, 4, 0x80000000, 0xFFFFFFFC])
@pytest.mark.parametrize("offload", [None, 1, 3], ids=["finished", "unfinished", "aggregate"])
def test_a_packet_whose_mark_is_no_direction_is_dropped(
    tmp_path: Path, kernel: Kernel, mark: int | None, offload: int | None
) -> None:
    # After one that was: nothing of that may count for this.
    kernel.turn(message(wire(CLIENT, PUBLIC), 1, queued_id=1))
    found = kernel.turn(message(wire(CLIENT, PUBLIC), mark, offload, queued_id=2))
    assert found == [Verdict(2, False, None)]
    assert reasons(tmp_path) == {Reason.TRANSLATED: 1, Reason.UNKNOWN_DIRECTION: 1}
    assert counts(tmp_path).slots == {3: Traffic(1, 32, 0, 0)}


@pytest.mark.parametrize("offload", [None, 1, 2, 3], ids=["whole", "unfinished", "cut", "both"])
def test_a_packet_that_was_copied_in_part_is_dropped(
    tmp_path: Path, kernel: Kernel, offload: int | None
) -> None:
    whole = wire(CLIENT, PUBLIC, 3000)
    for copied in (len(whole) - 1, 1500, 28, 20):
        assert kernel.turn(message(whole[:copied], 1, offload)) == [Verdict(ID, False, None)]
    assert reasons(tmp_path) == {Reason.TRUNCATED: 4}


def test_the_longest_packet_that_is_copied_goes_on(tmp_path: Path, kernel: Kernel) -> None:
    longest = 65_531
    raw = wire(CLIENT, PUBLIC, longest - 28)
    assert kernel.turn(message(raw)) == [Verdict(ID, True, wire(CLIENT, PRIVATE, longest - 28))]
    assert counts(tmp_path).slots == {3: Traffic(1, longest, 0, 0)}


def test_all_vectors_through_the_queue(tmp_path: Path, kernel: Kernel) -> None:
    rows = [v for v in VECTORS if v.table is TABLE and v.packet]
    assert len(rows) > 500
    for vector in rows:
        found = kernel.turn(message(vector.packet, vector.direction, OFFLOAD[vector.checksum]))
        sent_on = FINISHING if vector.reason is Reason.UNFINISHED else None
        assert found == [Verdict(ID, vector.out is not None, vector.out, sent_on)], vector.name
    expected = Counter(vector.reason for vector in rows)
    del expected[Reason.UNFINISHED]
    assert reasons(tmp_path) == expected


def test_a_packet_that_the_kernel_finishes_is_counted_once(tmp_path: Path, kernel: Kernel) -> None:
    """It is sent on uncounted and untouched, comes again finished, and has its outcome then."""
    packet = bytes(IP(src=CLIENT, dst=PUBLIC, proto=47) / Raw(bytes(40)))
    expected = bytes(IP(src=CLIENT, dst=PRIVATE, proto=47) / Raw(bytes(40)))
    for offload in (NOT_FINISHED, NOT_FINISHED | AGGREGATE):
        assert kernel.turn(message(packet, 1, offload)) == [Verdict(ID, False, None, FINISHING)]
    assert reasons(tmp_path) == {}
    found = kernel.turn(message(packet, 1, 0, queue=FINISHING))
    assert found == [Verdict(ID, True, expected, queue=FINISHING)]
    assert reasons(tmp_path) == {Reason.TRANSLATED: 1}
    assert counts(tmp_path).slots == {3: Traffic(1, 60, 0, 0)}


def test_what_the_kernel_doesnt_finish_is_dropped(tmp_path: Path, kernel: Kernel) -> None:
    """No packet goes round for ever."""
    packet = bytes(IP(src=CLIENT, dst=PUBLIC, proto=47) / Raw(bytes(40)))
    found = kernel.turn(message(packet, 1, NOT_FINISHED, queue=FINISHING))
    assert found == [Verdict(ID, False, None, queue=FINISHING)]
    assert reasons(tmp_path) == {Reason.UNFINISHED: 1}


@pytest.mark.parametrize("mark", [1, 2, 3])
def test_an_aggregate_is_counted_with_all_its_bytes(
    tmp_path: Path, kernel: Kernel, mark: int
) -> None:
    rows = [
        v for v in VECTORS if v.checksum is Checksum.UNFINISHED_AGGREGATE and v.direction == mark
    ]
    for vector in rows:
        kernel.turn(message(vector.packet, mark, NOT_FINISHED | AGGREGATE))
    counted = Traffic(*map(sum, zip(*counts(tmp_path).slots.values(), strict=True)))
    sent = sum(len(v.packet) for v in rows if v.out)
    assert sent > 65_000
    assert counted.bytes_in + counted.bytes_out == (2 if mark == 3 else 1) * sent


@pytest.mark.parametrize("offload", [0, AGGREGATE, 4, AGGREGATE | 4])  # 4: CSUM_NOTVERIFIED
def test_what_is_finished_is_rewritten_like_any_packet(kernel: Kernel, offload: int) -> None:
    """An aggregate, too, and a tunnel: only the flag of the checksum counts."""
    queued = bytes(IP(src=CLIENT, dst=PUBLIC) / TCP(flags="A") / Raw(bytes(3000)))
    expected = bytes(IP(src=CLIENT, dst=PRIVATE) / TCP(flags="A") / Raw(bytes(3000)))
    assert kernel.turn(message(queued, 1, offload)) == [Verdict(ID, True, expected)]
    tunnels = [v for v in VECTORS if v.reason is Reason.UNFINISHED]
    assert len(tunnels) > 10
    for vector in tunnels:
        (verdict,) = kernel.turn(message(vector.packet, vector.direction, offload))
        assert verdict.accepted is ("icmp error" not in vector.name)


def test_an_error_that_quotes_an_unfinished_checksum_is_a_packet_like_any_other(
    tmp_path: Path, kernel: Kernel
) -> None:
    """What is quoted is data; an ICMP message's own checksum isn't left to a card."""
    quoted = bytes(IP(src=PUBLIC, dst=CLIENT) / TCP(chksum=0x1234))
    error = bytes(IP(src="192.0.2.1", dst=PUBLIC) / ICMP(type=11) / Raw(quoted))
    assert kernel.turn(message(error, 1, 1)) == [Verdict(ID, False, None, FINISHING)]
    (verdict,) = kernel.turn(message(error, 1, 0))
    payload = verdict.payload
    assert payload is not None
    assert payload[28 + 12 : 28 + 16] == bytes([10, 0, 0, 2])


def judge_over(judge: Judge, raw: bytes) -> tuple[Outcome, bytes]:
    buffer = bytearray(raw)
    assert judge.message.read(buffer, len(buffer))
    start = judge.verdict(buffer, 0)
    return judge.outcome(), bytes(buffer[start:])


def test_the_outcome_is_the_last_packets() -> None:
    tunnel = bytes(IP(src=CLIENT, dst=PUBLIC, proto=47) / Raw(bytes(40)))
    page = bytearray(8 * (72 + 8 * 4))
    tally = Tally(memoryview(page))
    judge = Judge(INTERPRETED.for_table(TABLE), tally)
    there = Outcome(Reason.TRANSLATED, receiver=3)
    assert judge_over(judge, message(wire(CLIENT, PUBLIC)))[0] == there
    # What is known of the packet before counts no more.
    finishing = message(tunnel, 1, 1, queue=FINISHING)
    assert judge_over(judge, finishing)[0] == Outcome(Reason.UNFINISHED)
    assert judge_over(judge, message(wire(CLIENT, PUBLIC)))[0] == there
    marked = message(wire(CLIENT, PUBLIC), 8)
    assert judge_over(judge, marked)[0] == Outcome(Reason.UNKNOWN_DIRECTION)


def test_a_judge_uses_what_it_was_given_last() -> None:
    pages = [bytearray(8 * (72 + 8 * 4)) for _ in range(2)]
    tallies = [Tally(memoryview(page)) for page in pages]
    judge = Judge(INTERPRETED.for_table(empty(8)), tallies[0])
    raw = message(wire(CLIENT, PUBLIC))
    assert judge_over(judge, raw)[0] == Outcome(Reason.UNKNOWN_PUBLIC)
    judge.use(INTERPRETED.for_table(TABLE), tallies[1])
    assert judge_over(judge, raw)[0] == Outcome(Reason.TRANSLATED, receiver=3)
    found = [[*memoryview(page).cast("Q")[8 : 8 + len(Reason)]] for page in pages]
    assert [sum(each) for each in found] == [1, 1]
    assert (found[0][Reason.UNKNOWN_PUBLIC], found[1][Reason.TRANSLATED]) == (1, 1)
