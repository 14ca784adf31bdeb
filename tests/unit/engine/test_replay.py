"""What replay adds to the rules: which packets they see, at what time, and what is sent."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from gateway.engine.replay import (
    DEFAULT_ENGINE,
    ENGINES,
    NOW_MAX_S,
    Engine,
    Feed,
    Replayed,
    replay,
)
from gateway.nat.outcome import NO_SLOT, Checksum, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, Table, build
from gateway.packet import link
from gateway.packet.frame import Frame, framed
from gateway.packet.link import ETHERNET

PUBLIC, PRIVATE, CLIENT = "203.0.113.9", "10.0.0.2", "198.51.100.7"
TABLE = build(1, 8, [Mapping(0xCB007109, 0x0A000002, 3)])
CAPPED = build(1, 8, [Mapping(0xCB007109, 0x0A000002, 3, 1, 1, 1)], [Package(1, 1)])
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
IN, OUT = Direction.INBOUND, Direction.OUTBOUND

with_every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))


def raw_ip(packet: Packet | bytes, at: float = 0.0, cut: int = 0) -> Frame:
    raw = bytes(packet)
    seen = raw[: len(raw) - cut]
    return Frame(at, len(raw), b"", seen)


def ethernet(frame: Packet | bytes, cut: int = 0) -> Frame:
    raw = bytes(frame)
    seen = raw[: len(raw) - cut]
    return framed(5.000007, len(raw), ETHERNET, seen, b"before", b"behind")


def udp(source: str, destination: str, size: int = 9) -> Packet:
    return IP(src=source, dst=destination) / UDP(sport=1000, dport=53) / Raw(bytes(size))


def one(
    captured: Frame, direction: Direction, engine: Engine = ENGINES[DEFAULT_ENGINE]
) -> Replayed:
    (replayed,) = replay([captured], engine, TABLE, direction)
    return replayed


@with_every_engine
@pytest.mark.parametrize(
    ("direction", "before", "after", "outcome"),
    [
        pytest.param(
            IN, (CLIENT, PUBLIC), (CLIENT, PRIVATE),
            Outcome(Reason.TRANSLATED, NO_SLOT, 3), id="inbound",
        ),
        pytest.param(
            OUT, (PRIVATE, CLIENT), (PUBLIC, CLIENT),
            Outcome(Reason.TRANSLATED, 3, NO_SLOT), id="outbound",
        ),
        pytest.param(
            Direction.HAIRPIN, (PRIVATE, PUBLIC), (PUBLIC, PRIVATE),
            Outcome(Reason.TRANSLATED, 3, 3), id="hairpin-to-itself",
        ),
    ],
)  # fmt: skip
def test_an_accepted_packet_is_sent_translated(
    engine: Engine,
    direction: Direction,
    before: tuple[str, str],
    after: tuple[str, str],
    outcome: Outcome,
) -> None:
    captured = raw_ip(udp(*before), at=9.5)
    assert one(captured, direction, engine) == (
        captured,
        outcome,
        replace(captured, packet=bytes(udp(*after))),
    )


def test_a_frame_keeps_its_addresses_and_its_padding() -> None:
    def frame(destination: str) -> bytes:
        head = ETHER / IP(src=CLIENT, dst=destination)
        return bytes(head / TCP(flags="A")) + b"padded"

    sent = one(ethernet(frame(PUBLIC)), IN).sent
    assert sent == ethernet(frame(PRIVATE))


def test_a_dropped_packet_is_not_sent() -> None:
    captured = raw_ip(udp(CLIENT, "203.0.113.10"))
    assert one(captured, IN) == (
        captured,
        (Reason.UNKNOWN_PUBLIC, NO_SLOT, NO_SLOT),
        None,
    )


SEEN_BY_NO_RULE = [
    pytest.param(ethernet(ETHER / ARP()), Reason.NOT_IPV4, id="arp"),
    pytest.param(ethernet(ETHER / IPv6() / UDP()), Reason.NOT_IPV4, id="ipv6"),
    pytest.param(ethernet(ETHER / Dot1Q(vlan=7) / ARP()), Reason.NOT_IPV4, id="arp-in-a-vlan"),
    pytest.param(
        ethernet(bytes(12) + b"\0\x3c" + bytes(udp(CLIENT, PUBLIC))),
        Reason.NOT_IPV4,
        id="length-field",
    ),
    pytest.param(ethernet(ETHER / ARP(), cut=5), Reason.NOT_IPV4, id="arp-cut"),
    pytest.param(ethernet(ETHER / udp(CLIENT, PUBLIC), cut=1), Reason.TRUNCATED, id="frame-cut"),
    pytest.param(
        ethernet(bytes(ETHER / udp(CLIENT, PUBLIC)) + b"padded", cut=1),
        Reason.TRUNCATED,
        id="padding-cut",
    ),
    pytest.param(
        ethernet(ETHER / udp(CLIENT, PUBLIC), cut=45), Reason.TRUNCATED, id="ethertype-cut"
    ),
    pytest.param(raw_ip(udp(CLIENT, PUBLIC), cut=1), Reason.TRUNCATED, id="raw-cut"),
    pytest.param(raw_ip(udp(CLIENT, PUBLIC), cut=37), Reason.TRUNCATED, id="raw-cut-to-nothing"),
]


@pytest.mark.parametrize(("captured", "reason"), SEEN_BY_NO_RULE)
def test_what_no_queue_would_give_to_the_rules_is_dropped_before(
    captured: Frame, reason: Reason
) -> None:
    def never(_table: Table, _direction: Direction) -> Feed:
        def feed(_packet: bytearray, _checksum: Checksum, _now: float) -> Outcome:
            raise AssertionError("the rules saw it")

        return feed

    (replayed,) = replay([captured], never, TABLE, IN)
    assert replayed == (captured, (reason, NO_SLOT, NO_SLOT), None)


@with_every_engine
@pytest.mark.parametrize(
    ("captured", "reason"),
    [
        pytest.param(raw_ip(b""), Reason.HEADER_TRUNCATED, id="raw-nothing"),
        pytest.param(ethernet(b"\x02" * 13), Reason.HEADER_TRUNCATED, id="frame-too-short"),
        pytest.param(ethernet(bytes(12) + b"\x08\0"), Reason.HEADER_TRUNCATED, id="no-packet"),
        pytest.param(raw_ip(IPv6(src="::1", dst="::2")), Reason.BAD_VERSION, id="raw-ipv6"),
        pytest.param(
            ethernet(bytes(12) + b"\x08\0" + bytes(IPv6(src="::1", dst="::2"))),
            Reason.BAD_VERSION,
            id="ipv6-in-a-frame-of-ipv4",
        ),
        pytest.param(
            raw_ip(bytes(udp(CLIENT, PUBLIC))[:-1]), Reason.TRUNCATED, id="its-sender-cut-it"
        ),
    ],
)
def test_the_rules_judge_what_says_that_it_is_ipv4(
    engine: Engine, captured: Frame, reason: Reason
) -> None:
    assert one(captured, IN, engine).outcome.reason is reason


def test_time_is_the_captures_and_does_not_go_back() -> None:
    times: list[float] = []

    def watch(_table: Table, _direction: Direction) -> Feed:
        def feed(_packet: bytearray, _checksum: Checksum, now: float) -> Outcome:
            times.append(now)
            return Outcome(Reason.TRANSLATED, NO_SLOT, NO_SLOT)

        return feed

    stamps = [100.5, 101.0, 99.0, 101.0, 102.25]
    packets = [raw_ip(udp(CLIENT, PUBLIC), at=at) for at in stamps]
    sent = [done.sent for done in replay(packets, watch, TABLE, IN)]
    assert times == [0.0, 0.5, 0.5, 0.5, 1.75]
    assert sent == packets


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        pytest.param([0, 1, 3601, 3602], [0, 1, 3601, 3602], id="an-hour"),
        pytest.param([0, 1, 3602, 3603], [0, 1, 3601, 3602], id="more"),
        pytest.param([0, 1.75e9, 1.75e9 + 1], [0, 3600, 3601], id="a-clock-that-was-set"),
        pytest.param([10, 2**32, 5, 2**32 + 1], [0, 3600, 3600, 3601], id="and-goes-back"),
        pytest.param([2**32, 0, 2**32 + 7200], [0, 0, 3600], id="back-first"),
        pytest.param([0, 10_000, 20_000, 30_000], [0, 3600, 7200, 10_800], id="again-and-again"),
    ],
)
def test_a_pause_of_more_than_an_hour_is_an_hour(stamps: list[float], times: list[float]) -> None:
    found: list[float] = []

    def watch(_table: Table, _direction: Direction) -> Feed:
        def feed(_packet: bytearray, _checksum: Checksum, now: float) -> Outcome:
            found.append(now)
            return Outcome(Reason.TRANSLATED)

        return feed

    packets = [raw_ip(udp(CLIENT, PUBLIC), at=at) for at in stamps]
    assert len(list(replay(packets, watch, TABLE, IN))) == len(stamps)
    assert found == times


def test_hours_without_end_are_times_that_the_rules_can_count() -> None:
    """A stamp may say anything: packets an hour apart are soon of centuries."""
    latest = 0.0

    def watch(_table: Table, _direction: Direction) -> Feed:
        def feed(_packet: bytearray, _checksum: Checksum, now: float) -> Outcome:
            nonlocal latest
            assert now >= latest
            latest = now
            return Outcome(Reason.LAND)

        return feed

    packet = bytes(udp(CLIENT, PUBLIC))
    frames = (Frame(hour * 3600.0, len(packet), b"", packet) for hour in range(80_000))
    assert sum(1 for _ in replay(frames, watch, TABLE, IN)) == 80_000
    assert latest == NOW_MAX_S


@with_every_engine
def test_the_last_time_that_is_counted_is_one_of_the_rules(engine: Engine) -> None:
    table = build(1, 1, [Mapping(0xCB007109, 0x0A000002, 0, in_kbps=8_000)])
    feed = engine(table, IN)
    for now in (0.0, NOW_MAX_S, NOW_MAX_S):
        packet = bytearray(bytes(udp(CLIENT, PUBLIC)))
        assert feed(packet, Checksum.FINISHED, now).reason is Reason.TRANSLATED
    frames = [raw_ip(udp(CLIENT, PUBLIC), at=at) for at in (-9e18, 1.8e19, 1e290)]
    assert [one.outcome.reason for one in replay(frames, engine, table, IN)] == [
        Reason.TRANSLATED
    ] * 3


@with_every_engine
def test_a_clock_that_was_set_leaves_caps_as_they_are(engine: Engine) -> None:
    """A capture that begins in 1970, as of a machine that asked for the time only later."""
    table = build(1, 1, [Mapping(0xCB007109, 0x0A000002, 0, in_kbps=8_000)])
    packet = udp(CLIENT, PUBLIC, 50_000 - 28)
    packets = [raw_ip(packet, at=at) for at in [0.0] * 5 + [2.0**32 - 1] * 5]
    reasons = [done.outcome.reason for done in replay(packets, engine, table, IN)]
    assert reasons == ([Reason.TRANSLATED] * 4 + [Reason.POLICED]) * 2


@with_every_engine
@pytest.mark.parametrize(
    ("mapping", "packages", "reason"),
    [
        pytest.param(
            Mapping(0xCB007109, 0x0A000002, 0, in_kbps=8_000), (), Reason.POLICED, id="in-cap"
        ),
        pytest.param(
            Mapping(0xCB007109, 0x0A000002, 0, package=1),
            (Package(1, 8_000),),
            Reason.PACKAGE_POLICED,
            id="package",
        ),
        pytest.param(
            Mapping(0xCB007109, 0x0A000002, 0, out_kbps=8_000), (), None, id="other-direction"
        ),
    ],
)
def test_a_cap_is_kept_in_the_captures_time(
    engine: Engine, mapping: Mapping, packages: tuple[Package, ...], reason: Reason | None
) -> None:
    """1,000 bytes each millisecond are 8 Mbit/s; twice that is offered for ten seconds."""
    packet = bytes(udp(CLIENT, PUBLIC, 972))
    packets = [raw_ip(packet, at=n / 2000) for n in range(20_000)]
    table = build(1, 1, [mapping], packages)
    reasons = [done.outcome.reason for done in replay(packets, engine, table, IN)]
    passed = reasons.count(Reason.TRANSLATED)
    if reason is None:
        assert passed == len(packets)
    else:
        assert 10_000 <= passed <= 10_250
        assert reasons.count(reason) == len(packets) - passed


@with_every_engine
def test_each_replay_has_full_buckets(engine: Engine) -> None:
    table = build(1, 1, [Mapping(0xCB007109, 0x0A000002, 0, in_kbps=1)])
    packets = [raw_ip(udp(CLIENT, PUBLIC, 1000))] * 500
    first = list(replay(packets, engine, table, IN))
    assert {done.outcome.reason for done in first} == {Reason.TRANSLATED, Reason.POLICED}
    assert list(replay(packets, engine, table, IN)) == first


@with_every_engine
@given(
    packets=st.lists(
        st.builds(
            lambda kind, raw, cut, at: framed(at, len(raw) + cut, kind, raw, b""),
            st.sampled_from([*link.HEADERS, link.RAW]),
            st.one_of(st.binary(max_size=60), st.just(bytes(udp(CLIENT, PUBLIC, 60_000)))),
            st.integers(0, 1),
            st.floats(0, 2**32),
        ),
        max_size=5,
    ),
    direction=st.sampled_from(Direction),
)
def test_no_packet_raises_and_each_has_an_outcome(
    engine: Engine, packets: list[Frame], direction: Direction
) -> None:
    done = list(replay(packets, engine, CAPPED, direction))
    assert len(done) == len(packets)
    for captured, (frame, outcome, sent) in zip(packets, done, strict=True):
        assert frame is captured
        assert (sent is not None) == (outcome.reason is Reason.TRANSLATED)
        assert sent is None or replace(sent, packet=captured.packet) == captured
