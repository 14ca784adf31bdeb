"""The picture: a panel of bars for each kind of work, as SVG that suits light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Final

from bench import work
from bench.lineup import MILLION, Peer
from bench.promises import PLAIN, added_us
from bench.report import number
from bench.samples import Figure, Samples

WIDTH: Final = 960
MARGIN: Final = 16
LABEL: Final = 220  # where bars begin
VALUE: Final = 110  # what is kept free for the number behind the longest bar
ROW: Final = 20
BAR: Final = 12
TITLE: Final = 34
DECADES_MAX: Final = 4  # a bar that is shorter than the scale is drawn as a stump

STYLE: Final = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 14px }
  .note { fill: #57606a }
  .ours { fill: #0969da } .peer { fill: #8c959f } .spread { stroke: #24292f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #8b949e }
    .ours { fill: #4493f8 } .peer { fill: #6e7681 } .spread { stroke: #e6edf3 }
  }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one kind of work."""

    title: str
    note: str
    bars: Sequence[tuple[Peer, Figure]]


def panels(samples: Samples, peers: Sequence[Peer]) -> list[Panel]:
    """What is worth a picture."""
    million = work.with_mappings(work.PPS, MILLION)
    direct = [
        ("Small packets, 1 flow", "packets/s, more is better", work.PPS),
        ("Small packets, a million mappings in use", "packets/s, more is better", million),
        ("One TCP stream", "Gbit/s, more is better", work.STREAM_1),
        ("Eight TCP streams", "Gbit/s, more is better", work.STREAM_8),
    ]
    found = [
        Panel(title, note, _bars(peers, {p.name: samples.figure(p.name, name) for p in peers}))
        for title, note, name in direct
    ]
    added = {
        peer.name: added_us(samples, peer.name, work.IDLE_P50, work.IDLE_P50)
        for peer in peers
        if peer.name != PLAIN
    }
    note = "µs at the median, less is better"
    found.append(Panel("Added to a round trip, idle", note, _bars(peers, added)))
    return [panel for panel in found if panel.bars]


def svg(found: Sequence[Panel], caption: str) -> str:
    """The picture of these panels, one under the other."""
    parts, y = [], MARGIN + ROW
    parts.append(_text(MARGIN, y, caption, "note"))
    for panel in found:
        y += TITLE
        parts += _panel(panel, y)
        y += ROW * len(panel.bars)
    height = y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">\n'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _bars(peers: Sequence[Peer], figures: dict[str, Figure | None]) -> list[tuple[Peer, Figure]]:
    pairs = [(peer, figures.get(peer.name)) for peer in peers]
    return [(peer, found) for peer, found in pairs if found is not None and found.median > 0]


def _panel(panel: Panel, y: int) -> list[str]:
    most = max(found.greatest for _, found in panel.bars)
    least = min(found.median for _, found in panel.bars)
    # From the decade below the least, so that the least has a bar, too.
    floor_decade = max(floor(log10(least)), floor(log10(most)) - DECADES_MAX)
    bottom = floor_decade - (log10(least) - floor_decade < 0.1)

    def length(value: float) -> float:
        share = (log10(max(value, 1e-9)) - bottom) / (log10(most) - bottom)
        return max(2.0, share * (WIDTH - LABEL - VALUE - MARGIN))

    parts = [
        _text(MARGIN, y, panel.title, "title"),
        _text(WIDTH - MARGIN, y, f"{panel.note} (logarithmic)", "note", ' text-anchor="end"'),
    ]
    for row, (peer, found) in enumerate(panel.bars):
        parts += _bar(
            peer,
            found,
            y + 8 + row * ROW,
            length(found.median),
            *(length(value) for value in (found.least, found.greatest)),
        )
    return parts


def _bar(
    peer: Peer, found: Figure, y: int, length: float, least: float, greatest: float
) -> list[str]:
    kind = "ours" if peer.is_ours else "peer"
    middle = y + ROW / 2
    return [
        _text(MARGIN, y + 14, peer.title),
        f'<rect class="{kind}" x="{LABEL}" y="{y + 4}" width="{length:.1f}" height="{BAR}" '
        'rx="2"/>',
        f'<line class="spread" x1="{LABEL + least:.1f}" x2="{LABEL + greatest:.1f}" '
        f'y1="{middle}" y2="{middle}"/>',
        _text(round(LABEL + greatest) + 8, y + 14, number(found.median)),
    ]


def _text(x: int, y: int, text: str, kind: str = "", more: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{attribute}{more}>{escape(text)}</text>'
