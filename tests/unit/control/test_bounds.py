"""What would grow for ever with the log has a bound, and some are reached here.

Others are reached where they are used: answers to tokens, failed launches, touched instances.
What else the state holds is bounded by what there is: addresses, instances, packages.
"""

from collections.abc import Callable

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control.state.image import image_of
from gateway.control.state.ledger import DAY_S, DAYS_MAX, RELEASED_MAX, Ledger
from gateway.control.values import Behaviour, Eip
from gateway.control.values.account import Account
from gateway.control.values.instances import FORMER_MAX


def test_an_instance_has_so_many_former_addresses_and_they_are_the_latest() -> None:
    story = Story(pool="203.0.113.0/24", quarantine_s=0)
    instance_id = story.run()
    lost = []
    for _ in range(FORMER_MAX + 5):
        ordinary = story.instance(instance_id).ordinary
        assert ordinary
        lost.append(ordinary.address)
        story.stop(instance_id, charging=False)
        story.start(instance_id)
    assert len(set(lost)) == len(lost)
    assert story.instance(instance_id).former == tuple(lost[-FORMER_MAX:])


@pytest.mark.parametrize(
    ("act", "count"),
    [
        (Ledger.apply, Ledger.applications),
        (Ledger.reassign, Ledger.reassignments),
        (lambda ledger, at: ledger.change("eip", at), Ledger.changes),
    ],
    ids=["applications", "reassignments", "changes"],
)
def test_so_many_days_are_counted_and_they_are_the_latest(
    act: Callable[[Ledger, float], None], count: Callable[[Ledger, float], int]
) -> None:
    ledger = Ledger()
    days = [day * DAY_S for day in range(DAYS_MAX + 2)]
    for at in days:
        act(ledger, at)
        act(ledger, at + 1)
    assert [count(ledger, at) for at in days] == [0, 0, *[2] * DAYS_MAX]


def test_so_many_released_eips_are_remembered_and_they_are_the_latest() -> None:
    ledger = Ledger()
    for number in range(RELEASED_MAX + 2):
        ledger.release(Eip(f"eip-{number}", "203.0.113.1", "", 1, HOURLY, created_at=0.0), at=1.0)
    ids = [one.eip_id for one in ledger.released]
    assert ids == [f"eip-{number}" for number in range(2, RELEASED_MAX + 2)]


def test_the_changes_of_an_address_are_forgotten_with_it() -> None:
    story = Story()
    story.do(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id = story.run()
    ordinary = story.instance(instance_id).ordinary
    assert ordinary
    story.do(cmd.ChangeOrdinaryIp(instance_id))
    assert story.state.ledger.changes_of(ordinary.address_id) == 1
    story.do(cmd.TransformOrdinaryIp(instance_id))
    assert story.state.ledger.changes_of(ordinary.address_id) == 1, "it has the same id"
    story.do(cmd.UnbindEip(ordinary.address_id))
    story.do(cmd.ReleaseEip(ordinary.address_id))
    assert image_of(story.state).ledger.changes_of == {}
    other = story.run()
    story.do(cmd.ChangeOrdinaryIp(other))
    story.terminate(other)
    assert image_of(story.state).ledger.changes_of == {}


def test_a_lab_that_has_come_and_gone_leaves_only_what_is_remembered() -> None:
    """Nothing else is there than in a lab that nothing has happened in."""
    story = Story()
    for _ in range(3):
        instance_id = story.run()
        story.bound(instance_id)
        story.terminate(instance_id)
        for eip_id in list(story.state.eips):
            story.do(cmd.ReleaseEip(eip_id))
    image = image_of(story.state)
    assert (image.instances, image.passing, image.by_ordinary_ip, image.eips) == ({}, {}, {}, {})
    assert (image.in_use, image.blocked, image.packages, image.tags) == ({}, {}, {}, {})
    assert image.account == Account()
    assert len(image.given_back) == 6, "each address once"
