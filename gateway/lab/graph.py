"""The topology as a drawing: text for a terminal, Mermaid for Markdown, SVG for everything else."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final

from gateway.lab.topology import Topology
from gateway.site.site import METADATA_ADDRESS

INSTANCES_DRAWN_MAX: Final = 12  # more make a drawing that nobody reads
NO_INSTANCE: Final = "(no instance yet)"

CHARACTER_WIDTH, LINE_HEIGHT, MARGIN, BOX_GAP = 8, 18, 16, 110  # pixels


def draw(topology: Topology, instances: Sequence[str], form: str) -> str:
    """The drawing; `form` is one of `FORMATS`, `instances` are ids."""
    return _DRAWERS[form](topology, _drawn(instances))


def _drawn(instances: Sequence[str]) -> list[str]:
    shown = list(instances[:INSTANCES_DRAWN_MAX]) or [NO_INSTANCE]
    left = len(instances) - INSTANCES_DRAWN_MAX
    return [*shown, f"and {left} more"] if left > 0 else shown


def _boxes(topology: Topology) -> tuple[list[str], list[str]]:
    internet = ["internet", topology.internet_address, *topology.clients]
    gateway = [
        "gateway",
        f"uplink   {topology.uplink_address}",
        f"pool     {topology.pool}",
        f"VPC      {topology.vpc}",
        f"metadata {METADATA_ADDRESS}",
    ]
    return internet, gateway


def _text(topology: Topology, instances: Sequence[str]) -> str:
    internet, gateway = (_framed(box) for box in _boxes(topology))
    height = max(len(internet), len(gateway), len(instances) + 2)
    rows = []
    for number in range(height):
        left, middle = (_row(box, number) for box in (internet, gateway))
        wire = "── uplink ──" if number == 1 else " " * 12
        right = ""
        if 1 <= number <= len(instances):
            branch = "─" if len(instances) == 1 else ("┬" if number == 1 else "├")
            branch = "└" if number == len(instances) > 1 else branch
            right = ("──" if number == 1 else "  ") + f"{branch}── eth0  {instances[number - 1]}"
        rows.append(f"{left}{wire}{middle}{right}".rstrip())
    return "\n".join(rows)


def _framed(lines: Sequence[str]) -> list[str]:
    width = max(map(len, lines))
    body = [f"│ {line.ljust(width)} │" for line in lines]
    return [f"┌{'─' * (width + 2)}┐", *body, f"└{'─' * (width + 2)}┘"]


def _row(box: Sequence[str], number: int) -> str:
    return box[number] if number < len(box) else " " * len(box[0])


def _mermaid(topology: Topology, instances: Sequence[str]) -> str:
    internet, gateway = ("<br/>".join(box) for box in _boxes(topology))
    lines = [
        "graph LR",
        f'    internet["{internet}"] -- uplink --- gateway["{gateway}"]',
        *(
            f'    gateway -- eth0 --- instance{number}["{name}"]'
            for number, name in enumerate(instances)
        ),
    ]
    return "\n".join(lines)


def _svg(topology: Topology, instances: Sequence[str]) -> str:
    columns = [*([box] for box in _boxes(topology)), [[name] for name in instances]]
    parts, left, height = [], MARGIN, 0
    hub = (0, 0)
    for column, label in zip(columns, ("", "uplink", "eth0"), strict=True):
        width = CHARACTER_WIDTH * max(len(line) for box in column for line in box) + 2 * MARGIN
        top = MARGIN
        for box in column:
            middle = top + LINE_HEIGHT
            if label:
                parts.append(_svg_link(*hub, left, middle, label))
            parts.append(_svg_box(left, top, width, box))
            top += LINE_HEIGHT * (len(box) + 1) + MARGIN
        hub = (left + width, MARGIN + LINE_HEIGHT)
        left += width + BOX_GAP
        height = max(height, top)
    right = left - BOX_GAP + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right}" height="{height}" '
        f'viewBox="0 0 {right} {height}" font-family="monospace" font-size="12">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )


def _svg_box(left: int, top: int, width: int, lines: Sequence[str]) -> str:
    height = LINE_HEIGHT * (len(lines) + 1)
    text = "".join(
        f'<text x="{left + MARGIN}" y="{top + LINE_HEIGHT * (number + 1)}" '
        f'xml:space="preserve">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="4" '
        f'fill="#f6f8fa" stroke="#57606a"/>{text}'
    )


def _svg_link(x1: int, y1: int, x2: int, y2: int, label: str) -> str:
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#57606a"/>'
        f'<text x="{(x1 + x2) // 2}" y="{(y1 + y2) // 2 - 5}" text-anchor="middle">{label}</text>'
    )


_DRAWERS: Final[Mapping[str, Callable[[Topology, Sequence[str]], str]]] = {
    "text": _text,
    "mermaid": _mermaid,
    "svg": _svg,
}
FORMATS: Final = tuple(_DRAWERS)
