"""Pages are real; the kernel's counters and queues are stood in for, because both need root."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from gateway.dataplane import queues
from gateway.exchange import generations
from gateway.exchange.worker_page import Traffic, WorkerPage
from gateway.nat import table
from gateway.nat.outcome import Outcome
from gateway.nat.reasons import Reason
from gateway.nat.tally import Tally
from gateway.net import nftables
from gateway.steering.kernel import SteeringError
from gateway.telemetry import counters

BOOK = Path("/nonexistent")
COUNTED = {("tgw", "guard_foreign"): 5, ("tgw_early", "early_unknown_public"): 30}


@pytest.fixture
def steered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "counters", lambda: COUNTED)
    (tmp_path / "queue").write_text(" 0 1 0 2 4016 3 4 99 1\n 1 1 0 2 4016 10 20 99 1\n")
    monkeypatch.setattr(queues, "PROC", tmp_path / "queue")
    (tmp_path / "snmp").write_text("Ip: Forwarding InHdrErrors\nIp: 1 7\nIcmp: X\nIcmp: 1\n")
    (tmp_path / "netstat").write_text(
        "TcpExt: A\nTcpExt: 1\nIpExt: B InTruncatedPkts\nIpExt: 1 8\n"
    )
    monkeypatch.setattr(counters, "PROC", tmp_path)


def write_pages(directory: Path) -> None:
    for worker in (0, 1):
        with WorkerPage(directory, worker) as page:
            page.hold(256)
            Tally(page.memory).count(*Outcome(Reason.TRANSLATED, receiver=200), 100)
            Tally(page.memory).count(*Outcome(Reason.TRANSLATED, sender=9), 60)
            Tally(page.memory).count(*Outcome(Reason.UNKNOWN_PUBLIC), 0)


@pytest.mark.usefixtures("steered")
def test_everything_is_read_at_once(tmp_path: Path) -> None:
    write_pages(tmp_path)
    found = counters.read(tmp_path, BOOK)
    assert found.guard == {"guard_foreign": 5}
    assert found.queue == {"dropped_full": 13, "dropped_socket": 24}
    assert found.kernel == {"bad_header": 7, "truncated": 8}
    assert {label: seen for label, seen in found.reasons.items() if seen} == {
        "translated": 4,
        "unknown-public": 32,
    }


@pytest.mark.usefixtures("steered")
def test_a_slot_is_the_address_that_it_belongs_to(tmp_path: Path) -> None:
    write_pages(tmp_path)
    mappings = [
        table.Mapping(int(IPv4Address(f"203.0.113.{slot}")), slot + 1, slot) for slot in (200, 9)
    ]
    generations.publish(tmp_path, table.build(1, 256, mappings))
    assert list(counters.read(tmp_path, BOOK).addresses.items()) == [
        ("203.0.113.9", Traffic(0, 0, 2, 120)),
        ("203.0.113.200", Traffic(2, 200, 0, 0)),
    ]


@pytest.mark.usefixtures("steered")
def test_reasons_that_were_not_seen_are_zero_and_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nftables, "counters", lambda: {("tgw", "guard_foreign"): 5})
    found = counters.read(tmp_path, BOOK)
    assert list(found.reasons) == [reason.label for reason in Reason]
    assert set(found.reasons.values()) == {0}
    assert found.addresses == {}


def test_a_namespace_without_steering_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nftables, "counters", dict)
    with pytest.raises(SteeringError):
        counters.read(tmp_path, BOOK)
