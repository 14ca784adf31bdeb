"""What a trace says of a packet: built by Scapy, read by people."""

from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet, Raw

from gateway.engine.listeners import Listeners, TraceRecord
from gateway.exchange import generations
from gateway.nat import table
from gateway.nat.outcome import NO_SLOT, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.telemetry import live_trace

CLIENT, PUBLIC, PRIVATE = "198.51.100.10", "203.0.113.1", "10.0.0.2"
SYN = TCP(sport=33266, dport=80, flags="S")


def record(before: Packet | bytes, after: Packet | None = None, missed: int = 0) -> TraceRecord:
    reason = Reason.TRANSLATED if after is not None else Reason.UNKNOWN_PUBLIC
    outcome = Outcome(reason, NO_SLOT, 1 if after is not None else NO_SLOT)
    changed = bytes(after) if after is not None else b""
    return TraceRecord(0.25, 4, missed, Direction.INBOUND, outcome, bytes(before), changed)


ACCEPTED = record(IP(src=CLIENT, dst=PUBLIC) / SYN, IP(src=CLIENT, dst=PRIVATE) / SYN)

ROWS = [
    pytest.param(IP() / TCP(flags="SA"), "TCP SYN ACK 40 B", id="tcp-flags"),
    pytest.param(IP() / UDP() / Raw(b"1234"), "UDP 32 B", id="udp"),
    pytest.param(IP() / ICMP(), "ICMP echo 28 B", id="icmp-echo"),
    pytest.param(IP() / ICMP(type=13), "ICMP type 13 40 B", id="icmp-other"),
    pytest.param(IP(proto=47) / Raw(b"1"), "GRE 21 B", id="gre"),
    pytest.param(IP(proto=199) / Raw(b"1"), "protocol 199 21 B", id="unknown"),
    pytest.param(IP(frag=9, proto=6) / Raw(b"1"), "TCP later fragment 21 B", id="fragment"),
    pytest.param(IP(proto=6, len=22) / Raw(b"12"), "TCP 22 B", id="tcp-cut"),
    pytest.param(IP(proto=1), "ICMP 20 B", id="icmp-cut"),
    pytest.param(b"\x45\x00", "2 B", id="no-packet"),
]


def test_an_accepted_packet_is_two_lines_before_and_after() -> None:
    before, after = live_trace.as_lines(ACCEPTED).splitlines()
    assert before.split()[1:] == [
        "in",
        f"{CLIENT}:33266",
        "→",
        f"{PUBLIC}:80",
        *["TCP", "SYN", "40", "B"],
    ]
    assert after.split() == ["✓", f"{CLIENT}:33266", "→", f"{PRIVATE}:80", "generation", "4"]


def test_a_dropped_packet_says_why() -> None:
    line = live_trace.as_lines(record(IP(src=CLIENT, dst=PUBLIC) / SYN)).splitlines()[1]
    assert line.split(maxsplit=1) == ["✗", f"unknown-public: {Reason.UNKNOWN_PUBLIC.doc}"]


def test_missed_packets_are_said_first() -> None:
    lines = live_trace.as_lines(record(IP(), missed=12)).splitlines()
    assert lines[0].split(maxsplit=1) == ["…", "12 packets came too fast to be shown"]


@pytest.mark.parametrize(("packet", "words"), ROWS)
def test_what_a_packet_is(packet: Packet | bytes, words: str) -> None:
    assert live_trace.as_lines(record(packet)).splitlines()[0].endswith(words)


def test_json_has_every_field() -> None:
    told = live_trace.as_json(ACCEPTED, {1: "203.0.113.1"})
    assert told["mappings"] == [{"public": PUBLIC, "slot": 1}]
    assert (told["verdict"], told["reason"], told["generation"]) == ("accept", "translated", 4)
    assert told["before"] == {
        "source": CLIENT,
        "destination": PUBLIC,
        "protocol": "TCP",
        "source_port": 33266,
        "destination_port": 80,
        "length": 40,
        "ttl": 64,
    }
    assert told["after"] == told["before"] | {"destination": PRIVATE}
    dropped = live_trace.as_json(record(b"?"), {})
    assert (dropped["verdict"], dropped["before"], dropped["after"]) == ("drop", None, None)


@pytest.mark.parametrize(
    ("address", "concerned"), [(0xCB007101, True), (0x0A000002, True), (0x0A000003, False)]
)
def test_a_record_concerns_its_addresses(address: int, concerned: bool) -> None:
    assert live_trace.concerns(ACCEPTED, {address}) is concerned


def test_listening_begins_and_ends_without_a_trace(tmp_path: Path) -> None:
    teller = Listeners(tmp_path)
    with live_trace.listening(tmp_path) as records:
        teller.look()
        teller.tell(ACCEPTED)
        assert next(records) == ACCEPTED
        assert next(records) is None
    assert list(tmp_path.iterdir()) == []
    teller.close()


def test_addresses_are_read_again_only_for_a_later_generation(tmp_path: Path) -> None:
    def publish(generation: int, public: int) -> None:
        found = [table.Mapping(public, 0x0A000002, 1)]
        generations.publish(tmp_path, table.build(generation, 2, found))

    publish(7, 0xCB007101)
    addresses = live_trace.PublishedAddresses(tmp_path)
    assert addresses.at(7) == {1: "203.0.113.1"}
    publish(9, 0xCB007102)
    assert addresses.at(7) == {1: "203.0.113.1"}
    assert addresses.at(8) == {1: "203.0.113.2"}
