"""The report: its numbers, tables and picture, the promises, and the document they stand in."""

from contextlib import nullcontext
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench import chart, promises, report, ways, work
from bench.lineup import MILLION, Peer
from bench.plan import FULL, QUICK, Plan
from bench.samples import Sample, Samples

DOCUMENT = Path(__file__).parents[3] / "docs" / "performance.md"
OURS = "batch-1"
PEERS = [
    Peer("plain", "no NAT", lambda _: nullcontext(), translates=False),
    Peer("nfq-c", "in C", lambda _: nullcontext(), queues=1),
    Peer(OURS, "tgw <1>", lambda _: nullcontext(), queues=1, is_ours=True),
]
MILLIONS = work.with_mappings(work.PPS, MILLION)
SAMPLES = Samples(
    [
        Sample(1, "plain", work.IDLE_P50, 6.0),
        Sample(1, "plain", work.PPS, 1_313_000.0),
        Sample(1, "plain", work.offered(work.PPS), 1_313_000.0),
        Sample(1, "nfq-c", work.PPS, 100_000.0),
        Sample(1, "nfq-c", work.offered(work.PPS), 500_000.0),
        Sample(1, "nfq-c", work.IDLE_P50, 20.0),
        Sample(1, OURS, work.PPS, 160_000.0),
        Sample(1, OURS, MILLIONS, 100_000.0),
        Sample(1, OURS, work.IDLE_P50, 20.0),
        Sample(1, OURS, work.with_mappings(work.MEMORY, MILLION), 40e6),
    ]
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (1.555, "1.55"),
        (17.44, "17.4"),
        (-17.44, "-17.4"),
        (171.4, "171"),
        (1_234.0, "1,230"),
        (1_316_616.5, "1,320,000"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert report.number(value) == text


def kept(text: str) -> promises.Kept:
    (found,) = (row for row in promises.kept(SAMPLES, OURS) if text in row.text)
    return found


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("against the C program", True),
        ("less the C program's", True),
        ("packets/s with a million mappings", False),
        ("stateful nft", None),
    ],
)
def test_a_promise_holds_or_doesnt_or_wasnt_measured(text: str, holds: bool | None) -> None:
    assert kept(text).holds is holds


@pytest.mark.parametrize(("fast_us", "holds"), [(46.0, True), (47.0, False)])
def test_a_round_trip_by_the_fast_path_may_take_so_much_longer(fast_us: float, holds: bool) -> None:
    trips = {"plain": 40.0, promises.FAST_PATH: fast_us}
    samples = Samples([Sample(1, peer, ways.IDLE, value) for peer, value in trips.items()])
    (found,) = (row for row in promises.kept(samples, OURS) if "a round trip, idle" in row.text)
    assert (found.wanted, found.holds) == ("≤ 1.15 ×", holds)  # noqa: RUF001


def test_the_promises_table_says_what_was_wanted_and_measured() -> None:
    table = report.promise_table([kept("packets/s with a million mappings"), kept("stateful nft")])
    assert "≥ 0.85 × | **0.62 ×** (0.62 to 0.62) | ✗ |" in table  # noqa: RUF001
    assert "≥ 0.5 × | - | not measured |" in table  # noqa: RUF001


def test_only_a_peer_that_lost_next_to_nothing_was_limited_by_the_sender() -> None:
    plain, in_c = report.packet_table(SAMPLES, PEERS).splitlines()[2:4]
    assert "⁺" in plain
    assert "⁺" not in in_c


def test_added_latency_is_without_what_the_trip_takes_anyway() -> None:
    plain, in_c, _ = report.latency_table(SAMPLES, PEERS).splitlines()[2:]
    assert plain.startswith("| no NAT | (6.00")
    assert in_c.startswith("| in C | +14.0 (14.0 to 14.0) |")


@pytest.mark.parametrize("plan", [QUICK, FULL], ids=lambda plan: plan.name)
def test_the_document_has_a_place_for_each_part(plan: Plan) -> None:
    rows = promises.kept(SAMPLES, OURS)
    parts = report.sections(SAMPLES, PEERS, plan, {"kernel": "6.1"}, rows)
    text = DOCUMENT.read_text()
    filled = report.fill(text, parts)
    assert all(part in filled for part in parts.values())
    assert report.fill(filled, parts) == filled
    assert text.count("<!-- ") == filled.count("<!-- ") == 2 * len(parts)


def test_a_part_without_a_place_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no place for promises"):
        report.fill("# Performance\n", {"promises": "text"})


def test_the_picture_is_svg_with_a_bar_for_each_figure() -> None:
    panels = chart.panels(SAMPLES, PEERS)
    assert [panel.title for panel in panels] == [
        "Small packets, 1 flow",
        "Small packets, a million mappings in use",
        "Added to a round trip, idle",
    ]
    drawn = ET.fromstring(chart.svg(panels, "machine & versions"))  # noqa: S314  our own
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 3 + 1 + 2
    assert all(float(bar.attrib["width"]) > 0 for bar in bars)
