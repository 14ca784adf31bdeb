"""The numbers are positions in shared memory: a row here changes only by appending."""

import pytest

from gateway.nat.reasons import Reason
from gateway.nat.tally import REASONS_MAX

NUMBERS = [
    (0, "translated"),
    (1, "header-truncated"),
    (2, "bad-version"),
    (3, "bad-header-length"),
    (4, "bad-total-length"),
    (5, "truncated"),
    (6, "land"),
    (7, "martian"),
    (8, "unknown-public"),
    (9, "unknown-private"),
    (10, "transport-truncated"),
    (11, "authentication-header"),
    (12, "unsupported-icmp"),
    (13, "quote-truncated"),
    (14, "quote-unknown"),
    (15, "quote-mismatch"),
    (16, "policed"),
    (17, "package-policed"),
    (18, "not-ipv4"),
    (19, "unknown-direction"),
    (20, "misdirected"),
    (21, "private-option"),
    (22, "unfinished"),
    (23, "blocked"),
    (24, "private-routers-policed"),
    (25, "slow-path-limited"),
    (26, "security-group"),
]


@pytest.mark.parametrize(("number", "label"), NUMBERS)
def test_a_number_keeps_its_meaning(number: int, label: str) -> None:
    assert {reason.value: reason.label for reason in Reason}[number] == label


def test_every_reason_is_in_the_rows() -> None:
    assert [(reason.value, reason.label) for reason in Reason] == NUMBERS


def test_only_the_accepting_reason_is_false() -> None:
    assert [reason for reason in Reason if not reason] == [Reason.TRANSLATED]


def test_the_shared_memory_has_room_for_every_reason() -> None:
    assert max(Reason) < REASONS_MAX


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_every_reason_says_what_happened_in_one_line(reason: Reason) -> None:
    assert reason.doc == reason.doc.strip() != ""
    assert "\n" not in reason.doc
    assert not reason.doc.endswith(".")
