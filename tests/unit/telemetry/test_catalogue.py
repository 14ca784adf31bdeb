"""What the catalogue says is in `tests/unit/test_docs.py`; here, how it is made."""

import subprocess
import sys
from dataclasses import replace

import pytest

from gateway.telemetry import catalogue, counters
from gateway.telemetry.catalogue import PLACES, markdown


def test_it_is_printed_as_it_is() -> None:
    command = [sys.executable, "-m", "gateway.telemetry.catalogue"]
    printed = subprocess.run(command, capture_output=True, check=True)
    assert printed.stdout.decode() == markdown()


def test_every_place_is_a_table_in_the_order_of_the_way() -> None:
    titles = [line[3:] for line in markdown().splitlines() if line.startswith("## ")]
    assert titles == [place.title for place in PLACES]
    numbered = [title for title in titles if title[0].isdigit()]
    assert [int(title.split(".")[0]) for title in numbered] == [*range(1, len(numbered) + 1)]


# The kernel's counters and those of addresses are nobody's catalogue.
LISTED = [
    n
    for n, place in enumerate(PLACES)
    if place.title[0].isdigit() and place.title != "2. The queue"
]


@pytest.mark.parametrize("at", LISTED, ids=lambda at: PLACES[at].title)
def test_a_counter_that_is_forgotten_or_stands_twice_is_refused(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(PLACES[at], rows=PLACES[at].rows[1:])
    for places in ((*PLACES[:at], short, *PLACES[at + 1 :]), (*PLACES, PLACES[at])):
        monkeypatch.setattr(catalogue, "PLACES", places)
        with pytest.raises(AssertionError):
            markdown()


def test_the_queues_counters_are_those_that_are_shown() -> None:
    found = counters.Counters({}, {}, {}, {"dropped_full": 0, "dropped_socket": 0}, {}, {})
    assert list(catalogue.QUEUE_COUNTERS) == [f"queue_{name}" for name in found.queue]
    assert list(catalogue.KERNEL_COUNTERS) == [f"kernel_{name}" for name in counters.KERNEL_DROPS]
