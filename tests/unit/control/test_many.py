"""A command costs the same however many instances there are: nothing is searched for."""

import time

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.errors import DomainError

FEW, MANY = 20, 12_000
ROUNDS = 15
FACTOR = 5  # searching all instances for an id, as it was once, makes it 35


def crowded(instances: int) -> Story:
    """A lab with so many instances, every other one with an EIP."""
    story = Story(pool="100.64.0.0/17", vpc="10.0.0.0/17")
    story.without_quotas()
    for n in range(instances):
        instance_id = story.run()
        if n % 2:
            story.bound(instance_id)
    return story


def a_round(story: Story) -> None:
    """Every command once, and one refusal that has to look for an ordinary public IP."""
    instance_id = story.run()
    ordinary = story.instance(instance_id).ordinary
    assert ordinary is not None
    with pytest.raises(DomainError):
        story.do(cmd.UnbindEip(ordinary.address_id))
    with pytest.raises(DomainError):
        story.do(cmd.UnbindEip("eip-nowhere0"))
    eip_id = story.bound(instance_id)
    story.do(cmd.UnbindEip(eip_id))
    story.do(cmd.ReleaseEip(eip_id))
    story.stop(instance_id)
    story.do(cmd.StartInstance(instance_id))
    story.do(cmd.ReportDone(instance_id))
    story.do(cmd.RebootInstance(instance_id))
    story.do(cmd.ReportDone(instance_id))
    story.terminate(instance_id)
    ordered = story.do(cmd.RunInstance("web", 10, HOURLY))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    story.do(cmd.ReportLaunchFailed(ordered.instance_id, "no memory"))
    story.terminate(ordered.instance_id)


def fastest_s(story: Story) -> float:
    """What one round takes when nothing else runs on this processor."""

    def taken_s() -> float:
        begin = time.perf_counter()
        a_round(story)
        return time.perf_counter() - begin

    return min(taken_s() for _ in range(ROUNDS))


@pytest.mark.slow
def test_deciding_and_taking_in_cost_the_same_with_many_instances() -> None:
    few, many = fastest_s(crowded(FEW)), fastest_s(crowded(MANY))
    assert many < few * FACTOR
