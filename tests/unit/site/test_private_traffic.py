"""Whose private traffic is queued: that of instances that security groups filter, in any state."""

from ipaddress import IPv4Address

from support.groups import HTTP, create, run_in
from support.kernel_sets import KernelSets
from support.story import Story

from gateway.control import commands as cmd
from gateway.control.compile import compile_table
from gateway.control.values import OPEN, PolicyDirection
from gateway.control.values.groups import SECURITY_GROUP_ID
from gateway.lab.topology import Topology
from gateway.site.private_traffic import private_traffic
from gateway.site.sets_publisher import SetsPublisher
from gateway.steering.members import MEMBER

IN, OUT = PolicyDirection.INGRESS, PolicyDirection.EGRESS


def publish(publisher: SetsPublisher, story: Story, kernel: KernelSets) -> None:
    """Publish the state, and see that whoever the table has as a member is queued, and no other."""
    publisher.take_in(story.state)
    publisher.put_in_force(story.state.sequence)
    assert publisher.acknowledged() == story.state.sequence
    members = compile_table(story.state).policies.members
    assert kernel.places == {member.private: MEMBER for member in members}


def private(story: Story, instance_id: str) -> int:
    return int(IPv4Address(story.instance(instance_id).private_ip))


def test_members_are_queued_and_those_that_admit_all_are_not(
    kernel: KernelSets, story: Story
) -> None:
    publisher = private_traffic(Topology().site)
    story.run()
    publish(publisher, story, kernel)
    assert kernel.places == {}
    web = create(story, ingress=(HTTP,))
    publish(publisher, story, kernel)
    inside, both = run_in(story, web), run_in(story, SECURITY_GROUP_ID, web)
    publish(publisher, story, kernel)
    assert kernel.places == {private(story, inside): MEMBER}
    story.do(cmd.AddPolicies(web, IN, (OPEN,), index=0))
    publish(publisher, story, kernel)
    assert kernel.places, "nothing is admitted outward"
    story.do(cmd.AddPolicies(web, OUT, (OPEN,)))
    publish(publisher, story, kernel)
    assert kernel.places == {}
    story.do(cmd.RemovePolicies(SECURITY_GROUP_ID, IN, indexes=(0,)))
    publish(publisher, story, kernel)
    assert private(story, both) not in kernel.places, "the second group admits all inward"
    assert len(kernel.places) == 1, "the first instance is in the default group alone"
    story.do(cmd.TerminateInstance(inside))
    publish(publisher, story, kernel)
    assert kernel.asked.count("fill") == 1


def test_a_publisher_that_begins_says_what_one_said_that_followed(
    kernel: KernelSets, story: Story
) -> None:
    run_in(story, create(story, ingress=(HTTP,)))
    followed = KernelSets()
    publish(private_traffic(Topology().site), story, kernel)
    followed.places = dict(kernel.places)
    publish(private_traffic(Topology().site), story, kernel)
    assert kernel.places == followed.places != {}


def test_a_deleted_group_leaves_no_one_behind(kernel: KernelSets, story: Story) -> None:
    publisher = private_traffic(Topology().site)
    web = create(story)
    instance_id = run_in(story, web)
    publish(publisher, story, kernel)
    story.do(cmd.TerminateInstance(instance_id))
    story.do(cmd.ReportDone(instance_id))
    story.do(cmd.DeleteGroup(web))
    publish(publisher, story, kernel)
    assert kernel.places == {}
