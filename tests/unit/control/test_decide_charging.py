"""Instances that are stopped and not charged for: what becomes of their ordinary public IP."""

import pytest
from support.story import Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.values import Behaviour


def test_charged_for_it_keeps_its_address() -> None:
    story = Story()
    instance_id = story.run()
    before = story.public(instance_id)
    story.stop(instance_id)
    assert story.instance(instance_id).charging
    story.start(instance_id)
    assert story.public(instance_id) == before


def test_not_charged_for_it_loses_its_address_and_gets_another_one() -> None:
    story = Story()
    instance_id = story.run()
    before = story.public(instance_id)
    assert before
    story.stop(instance_id, charging=False)
    assert story.public(instance_id) is None
    assert before in story.free()
    assert not story.instance(instance_id).charging
    story.start(instance_id)
    assert story.instance(instance_id).charging
    assert not story.instance(instance_id).address_due
    assert story.public(instance_id) not in (None, before)


def test_that_is_no_reassignment_by_the_days_quota() -> None:
    story = Story()
    instance_id = story.run()
    story.stop(instance_id, charging=False)
    story.start(instance_id)
    assert story.state.ledger.reassignments(story.now) == 0


def test_an_eip_stays() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    story.stop(instance_id, charging=False)
    assert story.instance(instance_id).eip_id == eip_id
    story.start(instance_id)
    assert story.instance(instance_id).eip_id == eip_id
    assert story.ordinary(instance_id) is None


def test_without_an_address_before_there_is_none_after() -> None:
    story = Story()
    instance_id = story.run(0)
    story.stop(instance_id, charging=False)
    story.start(instance_id)
    assert story.public(instance_id) is None


def test_an_eip_that_came_meanwhile_takes_the_address_place() -> None:
    story = Story()
    instance_id = story.run()
    story.stop(instance_id, charging=False)
    eip_id = story.bound(instance_id)
    story.start(instance_id)
    assert story.instance(instance_id).eip_id == eip_id
    assert story.ordinary(instance_id) is None


def test_what_was_returned_before_is_not_due() -> None:
    story = Story()
    story.do(cmd.ConfigureAccount(Behaviour.STANDARD))
    instance_id = story.run()
    story.do(cmd.ReturnOrdinaryIps((instance_id,)))
    story.stop(instance_id, charging=False)
    story.start(instance_id)
    assert story.public(instance_id) is None


def test_it_does_not_start_without_an_address_to_give() -> None:
    story = Story()
    instance_id = story.run()
    story.stop(instance_id, charging=False)
    story.without_quotas()
    story.exhaust()
    assert type(story.refusal(cmd.StartInstance(instance_id))) is errors.PoolEmptyError
    assert not story.instance(instance_id).charging


def test_a_blocked_address_is_not_got_rid_of() -> None:
    story = Story()
    instance_id = story.run()
    address = story.ordinary(instance_id)
    assert address
    story.do(cmd.BlockAddress(address, 60))
    refused = story.refusal(cmd.StopInstance(instance_id, charging=False))
    assert type(refused) is errors.OrdinaryIpBlockedError
    story.stop(instance_id)


@pytest.mark.parametrize("charging", [True, False])
def test_it_ends_either_way(charging: bool) -> None:
    story = Story()
    instance_id = story.run()
    story.stop(instance_id, charging=charging)
    story.terminate(instance_id)
    assert instance_id not in story.state.instances
