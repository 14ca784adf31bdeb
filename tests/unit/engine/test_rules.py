"""The two kinds of rules, and that a compiled module of other sources is none."""

import importlib
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from support.rules import KINDS, with_both_kinds

from gateway import sources
from gateway.engine import rules as kinds
from gateway.engine.rules import INTERPRETED, Rules
from gateway.nat.outcome import NO_SLOT, Direction, Outcome
from gateway.nat.reasons import Reason
from gateway.nat.table import Mapping, Package, Table, build, empty
from gateway.nat.translate import INBOUND, OUTBOUND

OUT = Direction.OUTBOUND
PACKET = bytes(IP(src="10.0.0.2", dst="198.51.100.10") / UDP() / Raw(bytes(50_000 - 28)))
MAPPING = Mapping(0xCB007109, 0x0A000002, 1, out_kbps=8_000)


def feed(rules: Rules, table: Table, times: int) -> list[Reason]:
    translator = rules.for_table(table)
    return [translator.feed(memoryview(bytearray(PACKET)), OUT, 0).reason for _ in range(times)]


def test_both_kinds_are_there_and_are_not_the_same() -> None:
    interpreted, compiled = KINDS["interpreted"], KINDS["compiled"]
    assert interpreted is INTERPRETED
    assert not set(interpreted) & set(compiled)
    assert [one.__name__ for one in interpreted] == [one.__name__ for one in compiled]
    assert {one.__module__ for one in compiled} == {"gateway.compiled"}


@with_both_kinds
def test_rules_for_a_table_have_full_buckets_of_their_own(rules: Rules) -> None:
    table = build(1, 2, [MAPPING])
    for _ in range(2):
        assert feed(rules, table, 5) == [Reason.TRANSLATED] * 4 + [Reason.POLICED]


@with_both_kinds
def test_there_is_a_bucket_for_the_highest_package(rules: Rules) -> None:
    member = MAPPING._replace(out_kbps=0, package=300)
    table = build(1, 2, [member], [Package(300, 8_000)])
    assert feed(rules, table, 5) == [Reason.TRANSLATED] * 4 + [Reason.PACKAGE_POLICED]


@with_both_kinds
@pytest.mark.parametrize("table", [empty(), empty(9)], ids=["no-slots", "slots"])
def test_rules_for_the_empty_table_know_nobody(rules: Rules, table: Table) -> None:
    assert feed(rules, table, 1) == [Reason.UNKNOWN_PRIVATE]


@with_both_kinds
def test_before_any_packet_the_slots_are_nobodys(rules: Rules) -> None:
    translator = rules.for_table(build(1, 2, [MAPPING]))
    assert translator.outcome(Reason.TRANSLATED) == Outcome(Reason.TRANSLATED, NO_SLOT, NO_SLOT)


@with_both_kinds
@pytest.mark.parametrize("raw", [b"", b"E", bytes(19)], ids=["nothing", "a-byte", "19-bytes"])
def test_nothing_is_a_packet_too_short(rules: Rules, raw: bytes) -> None:
    translator = rules.for_table(build(1, 2, [MAPPING]))
    found = translator.feed(memoryview(bytearray(raw)), OUT, 0)
    assert found == Outcome(Reason.HEADER_TRUNCATED)


@with_both_kinds
def test_the_table_lives_as_long_as_the_rules_for_it(rules: Rules) -> None:
    translator = rules.for_table(build(1, 2, [MAPPING]))
    others = [build(n, 2, [MAPPING._replace(public=n)]) for n in range(2000)]
    packet = bytearray(PACKET)
    assert translator.feed(memoryview(packet), OUT, 0) == Outcome(Reason.TRANSLATED, sender=1)
    assert packet[12:16] == struct.pack("!I", MAPPING.public)
    assert len(others) == 2000


def test_directions_are_the_marks_that_steering_gives() -> None:
    assert [(one.name, one.value) for one in Direction] == [
        ("INBOUND", 1),
        ("OUTBOUND", 2),
        ("HAIRPIN", 3),
    ]
    assert (INBOUND, OUTBOUND) == (1, 2)


def test_a_module_of_other_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "digest", lambda: 0)
    for load in (kinds.compiled, kinds.compiled_module):
        with pytest.raises(ImportError, match="built from other sources"):
            load()


def test_without_the_module_there_are_no_compiled_rules() -> None:
    program = """
import sys
sys.modules["gateway.compiled"] = None
from gateway.engine import rules
try:
    rules.compiled()
except ImportError:
    print("none", rules.INTERPRETED.translator.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "none Translator\n"


def test_every_source_of_the_rules_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is changed in one of them, the digest is another."""
    root = sources.ROOT
    found = sources.sources()
    assert len(found) > 10
    names = {str(path.relative_to(root)) for path in found}
    assert {"compiled.pyx", "nat/translate.py", "packet/ipv4.py", "engine/batch.py"} <= names
    for path in found:
        copy = tmp_path / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = sources.digest()
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    monkeypatch.setattr(sources, "MAIN", tmp_path / "compiled.pyx")
    assert sources.digest() == before == importlib.import_module("gateway.compiled").SOURCES
    for path in sources.sources():
        raw = path.read_bytes()
        path.write_bytes(raw + b"#")
        assert sources.digest() != before
        path.write_bytes(raw)
    assert sources.digest() == before
