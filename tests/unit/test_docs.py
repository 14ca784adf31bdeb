"""The documents name things that are there: tests, reasons, counters."""

import ast
import re
from pathlib import Path

from vectors.every import VECTORS

from gateway.exchange.worker_page import Traffic
from gateway.fastpath.passage import Passed
from gateway.nat.reasons import Reason
from gateway.steering.ruleset import GUARD_COUNTERS
from gateway.telemetry import catalogue

ROOT = Path(__file__).parents[2]
RFCS = ("791", "768", "792", "1122", "1191", "1624", "3022", "4787", "5382", "5508", "7857")
# The last of the numbered requirements of these.
REQUIREMENTS = {"4787": 14, "5382": 10, "5508": 11}
RFC_TEXT = (ROOT / "docs" / "rfc.md").read_text()
DURABILITY_TEXT = (ROOT / "docs" / "durability.md").read_text()
SECURITY_TEXT = (ROOT / "docs" / "security.md").read_text()
FAST_PATH_TEXT = (ROOT / "docs" / "fast-path.md").read_text()
NAMING = RFC_TEXT + DURABILITY_TEXT + SECURITY_TEXT + FAST_PATH_TEXT  # tests, that is
COUNTERS_TEXT = (ROOT / "docs" / "counters.md").read_text()
# A test as a document names it, and how the names of its rows begin.
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([^`]+)\])?`")
CLAUSES = [line for line in RFC_TEXT.splitlines() if re.match(r"\| (?!---|clause)", line)]


def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = set(NAMED.findall(NAMING))
    assert len(named) > 50
    functions = {path: functions_in(path) for path, _, _ in named}
    assert [
        (path, name)
        for path, name, _ in named
        if not name.startswith("test_") or name not in functions[path]
    ] == []


def test_every_row_that_is_named_exists() -> None:
    rows = {found for found in NAMED.findall(NAMING) if found[2]}
    assert {found[:2] for found in rows} == {("tests/unit/nat/test_vectors.py", "test_a_packet")}
    assert [
        row for *_, row in rows if not any(vector.name.startswith(row) for vector in VECTORS)
    ] == []


def test_nothing_that_looks_like_a_test_escapes_the_check() -> None:
    this = RFC_TEXT.count("`tests/unit/test_docs.py`")
    assert RFC_TEXT.count("tests/") == len(NAMED.findall(RFC_TEXT)) + this


def test_every_bound_of_security_has_a_test() -> None:
    sections = re.split(r"^## ", SECURITY_TEXT, flags=re.MULTILINE)[1:]
    rows = [row for one in sections for row in re.findall(r"^\| .*", one, re.MULTILINE)]
    bounds = [row for row in rows if not row.startswith(("| to |", "| what |", "| --- |"))]
    assert len(bounds) > 15
    assert [row for row in bounds if not NAMED.search(row)] == []
    assert SECURITY_TEXT.count("tests/") == len(NAMED.findall(SECURITY_TEXT))


def test_every_way_up_of_the_fast_path_is_told() -> None:
    rows = [f"| `{way.label}` | {way.doc} |" for way in Passed]
    assert [row for row in rows if row not in FAST_PATH_TEXT.splitlines()] == []


def section_of(rfc: str) -> str:
    pattern = rf"^## RFC {rfc} — .*?(?=^## )"
    (section,) = re.findall(pattern, RFC_TEXT, re.MULTILINE | re.DOTALL)
    return str(section)


def test_every_rfc_has_its_clauses() -> None:
    assert [rfc for rfc in RFCS if section_of(rfc).count("\n| ") < 3] == []


def test_every_clause_has_a_test_or_a_reason_why_not() -> None:
    rows = [line.strip("|").split("|") for line in CLAUSES]
    assert [cells for cells in rows if len(cells) != 4] == []
    reasons = ("#what-has-no-state", "doesn't apply")
    assert [
        clause
        for *clause, shown_by in rows
        if not NAMED.search(shown_by) and not any(reason in shown_by for reason in reasons)
    ] == []


def test_every_requirement_is_answered() -> None:
    assert [
        f"RFC {rfc} REQ-{number}"
        for rfc, last in REQUIREMENTS.items()
        for number in range(1, last + 1)
        if not re.search(rf"^\| [^|]*REQ-{number}(?!\d)", section_of(rfc), re.MULTILINE)
    ] == []


def test_counters_are_the_generated_ones() -> None:
    assert catalogue.markdown() == COUNTERS_TEXT, (
        "run python -m gateway.telemetry.catalogue > docs/counters.md"
    )


def test_every_reason_and_counter_stands_in_the_counters_once() -> None:
    rows = [f"| `{reason.label}` | {reason.doc} |\n" for reason in Reason]
    rows += [f"| `{name}` | {doc} |\n" for name, doc in GUARD_COUNTERS.items()]
    rows += [f"| `{name}` | " for name in Traffic._fields]
    assert [row for row in rows if COUNTERS_TEXT.count(row) != 1] == []
