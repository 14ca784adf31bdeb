import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from gateway.lab.graph import FORMATS, INSTANCES_DRAWN_MAX, NO_INSTANCE, draw
from gateway.lab.topology import Topology
from gateway.site.site import METADATA_ADDRESS

TOPOLOGY = Topology()
SVG = "{http://www.w3.org/2000/svg}"

NONE = """\
┌───────────────┐            ┌─────────────────────────┐
│ internet      │── uplink ──│ gateway                 │───── eth0  (no instance yet)
│ 198.51.100.1  │            │ uplink   198.51.100.254 │
│ 198.51.100.10 │            │ pool     203.0.113.0/24 │
│ 198.51.100.11 │            │ VPC      10.0.0.0/16    │
│ 198.51.100.12 │            │ metadata 169.254.0.23   │
└───────────────┘            └─────────────────────────┘"""
THREE = """\
┌───────────────┐            ┌─────────────────────────┐
│ internet      │── uplink ──│ gateway                 │──┬── eth0  ins-1
│ 198.51.100.1  │            │ uplink   198.51.100.254 │  ├── eth0  ins-2
│ 198.51.100.10 │            │ pool     203.0.113.0/24 │  └── eth0  ins-3
│ 198.51.100.11 │            │ VPC      10.0.0.0/16    │
│ 198.51.100.12 │            │ metadata 169.254.0.23   │
└───────────────┘            └─────────────────────────┘"""


def names(count: int) -> list[str]:
    return [f"ins-{number}" for number in range(1, count + 1)]


def svg_lines(drawing: str) -> list[str]:
    # Our own output, not somebody's input: no attack through XML.
    tree = ET.fromstring(drawing)  # noqa: S314
    return [element.text or "" for element in tree.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("instances", "drawing"),
    [pytest.param([], NONE, id="none"), pytest.param(names(3), THREE, id="three")],
)
def test_the_text(instances: list[str], drawing: str) -> None:
    assert draw(TOPOLOGY, instances, "text") == drawing


@pytest.mark.parametrize("form", FORMATS)
def test_every_address_and_instance_is_drawn_once(form: str) -> None:
    drawing = draw(TOPOLOGY, names(3), form)
    facts = [TOPOLOGY.internet_address, *TOPOLOGY.clients, TOPOLOGY.uplink_address, TOPOLOGY.pool]
    for fact in [*facts, TOPOLOGY.vpc, METADATA_ADDRESS, *names(3)]:
        assert len(re.findall(rf"(?<![\d.]){re.escape(fact)}(?![\d.])", drawing)) == 1, fact


@pytest.mark.parametrize("form", FORMATS)
def test_without_instances_it_says_so(form: str) -> None:
    assert draw(TOPOLOGY, [], form).count(NO_INSTANCE) == 1
    assert NO_INSTANCE not in draw(TOPOLOGY, names(1), form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("count", "more"),
    [(INSTANCES_DRAWN_MAX, None), (INSTANCES_DRAWN_MAX + 1, 1), (100_000, 99_988)],
)
def test_the_number_of_drawn_instances_is_bounded(form: str, count: int, more: int | None) -> None:
    drawing = draw(TOPOLOGY, names(count), form)
    assert drawing.count("ins-") == INSTANCES_DRAWN_MAX
    assert (f"and {more} more" in drawing) is (more is not None)
    assert ("more" in drawing) is (more is not None)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 12])
@pytest.mark.parametrize("clients", [0, 1, 8])
def test_the_boxes_of_the_text_are_closed_and_of_their_height(count: int, clients: int) -> None:
    topology = replace(TOPOLOGY, clients=tuple(f"198.51.100.{n + 10}" for n in range(clients)))
    lines = draw(topology, names(count), "text").splitlines()
    middle = lines[0].index("┌", 1)
    for left, right, height in (
        (0, lines[0].index("┐"), 2 + clients),
        (middle, lines[0].index("┐", middle), 5),
    ):
        for column, edge in ((left, "┌└"), (right, "┐┘")):
            drawn = "".join(line.ljust(right + 1)[column] for line in lines)
            assert drawn.rstrip() == edge[0] + "│" * height + edge[1]


@pytest.mark.parametrize("count", [1, 2, 5, 6, 12])
def test_the_branches_of_the_text_are_one_tree(count: int) -> None:
    lines = draw(TOPOLOGY, names(count), "text").splitlines()
    ends = [line.partition("── eth0")[0][-1] for line in lines if "── eth0" in line]
    assert "".join(ends) == ("─" if count == 1 else "┬" + "├" * (count - 2) + "└")


def test_mermaid_links_every_instance_to_the_gateway() -> None:
    lines = draw(TOPOLOGY, names(2), "mermaid").splitlines()
    assert lines[0] == "graph LR"
    assert lines[1].startswith('    internet["internet<br/>198.51.100.1<br/>198.51.100.10<br/>')
    assert lines[1].count('"] -- uplink --- gateway["gateway<br/>uplink   198.51.100.254') == 1
    assert lines[2:] == [
        '    gateway -- eth0 --- instance0["ins-1"]',
        '    gateway -- eth0 --- instance1["ins-2"]',
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 12, 13])
def test_svg_is_xml_with_a_box_and_a_link_for_each(count: int) -> None:
    drawing = draw(TOPOLOGY, names(count), "svg")
    tree = ET.fromstring(drawing)  # noqa: S314
    drawn = max(1, min(count, INSTANCES_DRAWN_MAX) + (count > INSTANCES_DRAWN_MAX))
    assert len(list(tree.iter(f"{SVG}rect"))) == 2 + drawn
    assert len(list(tree.iter(f"{SVG}line"))) == 1 + drawn
    assert svg_lines(drawing).count("eth0") == drawn


@pytest.mark.parametrize("count", [1, 2, 5, 12, 13])
def test_every_box_of_the_svg_is_inside_of_it(count: int) -> None:
    tree = ET.fromstring(draw(TOPOLOGY, names(count), "svg"))  # noqa: S314
    width, height = int(tree.attrib["width"]), int(tree.attrib["height"])
    assert tree.attrib["viewBox"] == f"0 0 {width} {height}"
    for box in tree.iter(f"{SVG}rect"):
        left, top, wide, high = (int(box.attrib[k]) for k in ("x", "y", "width", "height"))
        assert left + wide <= width
        assert top + high <= height


def test_svg_escapes_what_it_is_given() -> None:
    assert "<b>&" in svg_lines(draw(TOPOLOGY, ["<b>&"], "svg"))


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(KeyError):
        draw(TOPOLOGY, [], "png")
