"""What the early drop's publisher asks of the kernel, which is stood in for by two sets."""

from ipaddress import IPv4Address

import pytest
from support.kernel_sets import KernelSets
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control.errors import AdapterError
from gateway.lab.topology import Topology
from gateway.site.early_drop import early_drop
from gateway.site.sets_publisher import SetsPublisher
from gateway.steering.early import Place
from gateway.steering.kernel import SteeringError
from gateway.steering.sets import GENERATIONS


@pytest.fixture
def publisher(kernel: KernelSets, story: Story) -> SetsPublisher:
    """One that has put the state of a running instance in force."""
    story.run()
    made = early_drop(Topology().site)
    publish(made, story)
    assert kernel.asked == ["fill"]
    return made


def publish(publisher: SetsPublisher, story: Story) -> None:
    publisher.take_in(story.state)
    publisher.put_in_force(story.state.sequence)
    assert publisher.acknowledged() == story.state.sequence


def expected(story: Story) -> dict[int, str]:
    """By the state alone: what a publisher that begins now would say."""
    fresh = early_drop(Topology().site)
    fresh.take_in(story.state)
    return dict(fresh._held.values())


def public(story: Story, instance_id: str) -> str:
    address = story.state.public_ip(story.state.instances[instance_id])
    assert address
    return address


def test_a_change_is_what_has_changed(
    publisher: SetsPublisher, kernel: KernelSets, story: Story
) -> None:
    second = story.run()
    publish(publisher, story)
    address = public(story, second)
    story.do(cmd.BlockAddress(address, 60))
    publish(publisher, story)
    assert kernel.places[int(IPv4Address(address))] is Place.BLOCKED
    story.do(cmd.OpenAddress(address))
    publish(publisher, story)
    assert kernel.places[int(IPv4Address(address))] is Place.OPEN
    story.do(cmd.TerminateInstance(second))
    publish(publisher, story)
    assert int(IPv4Address(address)) not in kernel.places
    assert len(kernel.places) == 1
    assert kernel.asked == ["fill", *["change 1"] * 4]
    assert kernel.places == expected(story)


def test_an_address_that_moves_stays_open(
    publisher: SetsPublisher, kernel: KernelSets, story: Story
) -> None:
    first, second = story.run(), story.run()
    story.do(cmd.AllocateEip("front", 5, HOURLY))
    (eip_id,) = story.state.eips
    for instance_id in (first, second, first):
        if story.state.eips[eip_id].instance_id:
            story.do(cmd.UnbindEip(eip_id))
        story.do(cmd.BindEip(eip_id, instance_id))
        publish(publisher, story)
        assert kernel.places[int(IPv4Address(story.state.eips[eip_id].address))] is Place.OPEN
        assert kernel.places == expected(story)


@pytest.mark.parametrize("refusal", [OSError("full"), SteeringError("nft: no")])
def test_after_a_failure_it_begins_anew(
    publisher: SetsPublisher, kernel: KernelSets, story: Story, refusal: Exception
) -> None:
    story.run()
    kernel.refuses = refusal
    for _ in range(2):
        with pytest.raises(AdapterError, match="the early drop can't follow: "):
            publish(publisher, story)
    kernel.refuses = None
    publish(publisher, story)
    assert kernel.asked == ["fill", "change 1", "fill", "fill"]
    assert kernel.places == expected(story)


def test_what_is_lost_is_filled_again(
    publisher: SetsPublisher, kernel: KernelSets, story: Story
) -> None:
    kernel.at = None
    assert [publisher.acknowledged() for _ in range(2)] == [0, 0], "it is asked twice"
    publish(publisher, story)
    assert kernel.asked == ["fill", "fill"]


def test_before_anything_nothing_is_dropped_early(kernel: KernelSets) -> None:
    """As if each generation were in force; what another control has left is what it says."""
    publisher = early_drop(Topology().site)
    assert publisher.acknowledged() == GENERATIONS
    kernel.at = 7
    assert publisher.acknowledged() == 7
