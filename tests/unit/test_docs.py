"""The documents name things that are there: tests, reasons, counters."""

import ast
import re
from pathlib import Path

import pytest
from vectors.every import VECTORS

from gateway.exchange.worker_page import Traffic
from gateway.nat.reasons import Reason
from gateway.steering.ruleset import GUARD_COUNTERS
from gateway.telemetry import catalogue

ROOT = Path(__file__).parents[2]
RFCS = ("791", "768", "792", "1122", "1191", "1624", "3022", "4787", "5382", "5508", "7857")
RFC_TEXT = (ROOT / "docs" / "rfc.md").read_text()
DURABILITY_TEXT = (ROOT / "docs" / "durability.md").read_text()
COUNTERS_TEXT = (ROOT / "docs" / "counters.md").read_text()
# A test as a document names it, and how the names of its rows begin.
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([^`]+)\])?`")
CLAUSES = [line for line in RFC_TEXT.splitlines() if re.match(r"\| (?!---|clause)", line)]


NAMED_TESTS = [
    pytest.param(*found, id=f"{found[0]}::{found[1]}[{found[2]}]")
    for found in sorted(set(NAMED.findall(RFC_TEXT + DURABILITY_TEXT)))
]


def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("path", "name", "row"), NAMED_TESTS)
def test_every_test_that_is_named_exists(path: str, name: str, row: str) -> None:
    assert name.startswith("test_")
    assert name in functions_in(path)
    if row:
        assert (path, name) == ("tests/unit/nat/test_vectors.py", "test_a_packet")
        assert [vector for vector in VECTORS if vector.name.startswith(row)]


def test_nothing_that_looks_like_a_test_escapes_the_check() -> None:
    this = RFC_TEXT.count("`tests/unit/test_docs.py`")
    assert RFC_TEXT.count("tests/") == len(NAMED.findall(RFC_TEXT)) + this


def section_of(rfc: str) -> str:
    pattern = rf"^## RFC {rfc} — .*?(?=^## )"
    (section,) = re.findall(pattern, RFC_TEXT, re.MULTILINE | re.DOTALL)
    return str(section)


@pytest.mark.parametrize("number", RFCS)
def test_every_rfc_has_its_clauses(number: str) -> None:
    assert section_of(number).count("\n| ") >= 3


@pytest.mark.parametrize("line", CLAUSES, ids=lambda line: line[2:60])
def test_every_clause_has_a_test_or_a_reason_why_not(line: str) -> None:
    cells = line.strip("|").split("|")
    assert len(cells) == 4
    shown_by = cells[-1]
    assert NAMED.search(shown_by) or "#what-has-no-state" in shown_by or "doesn't apply" in shown_by


@pytest.mark.parametrize("number", range(1, 15))
def test_every_requirement_of_rfc_4787_is_answered(number: int) -> None:
    assert_answered("4787", number)


@pytest.mark.parametrize("number", range(1, 11))
def test_every_requirement_of_rfc_5382_is_answered(number: int) -> None:
    assert_answered("5382", number)


@pytest.mark.parametrize("number", range(1, 12))
def test_every_requirement_of_rfc_5508_is_answered(number: int) -> None:
    assert_answered("5508", number)


def assert_answered(rfc: str, number: int) -> None:
    assert re.search(rf"^\| [^|]*REQ-{number}(?!\d)", section_of(rfc), re.MULTILINE)


def test_counters_are_the_generated_ones() -> None:
    assert catalogue.markdown() == COUNTERS_TEXT, (
        "run python -m gateway.telemetry.catalogue > docs/counters.md"
    )


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_every_reason_stands_in_the_counters(reason: Reason) -> None:
    assert COUNTERS_TEXT.count(f"| `{reason.label}` | {reason.doc} |\n") == 1


@pytest.mark.parametrize("name", GUARD_COUNTERS)
def test_every_guard_counter_stands_in_the_counters(name: str) -> None:
    assert COUNTERS_TEXT.count(f"| `{name}` | {GUARD_COUNTERS[name]} |\n") == 1


@pytest.mark.parametrize("name", Traffic._fields)
def test_every_counter_of_an_address_stands_in_the_counters(name: str) -> None:
    assert COUNTERS_TEXT.count(f"| `{name}` | ") == 1
