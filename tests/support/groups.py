"""Security groups in stories: policies that tests have in common, and who is in which group."""

from typing import Any

from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.values import (
    ANY_ADDRESS,
    Attributes,
    Policy,
    PolicyAction,
    Protocol,
    Purchase,
    TemplateKind,
    TemplateMember,
)

ACCEPT = PolicyAction.ACCEPT
HTTP = Policy(ACCEPT, Protocol.TCP, "80,443", ANY_ADDRESS)
SSH = Policy(ACCEPT, Protocol.TCP, "22", "198.51.100.0/24", description="office")
DENY = Policy(PolicyAction.DROP, cidr="192.0.2.0/24")


def create(story: Story, **more: Any) -> str:
    """A security group; its id."""
    created = story.do(cmd.CreateGroup("web", "of a test", **more))[0]
    assert isinstance(created, ev.GroupCreated)
    return created.group_id


def template(story: Story, kind: TemplateKind, *texts: str) -> str:
    """A template with these members; its id."""
    members = tuple(TemplateMember(text) for text in texts)
    (created,) = story.do(cmd.CreateTemplate(kind, "some", members))
    assert isinstance(created, ev.TemplateCreated)
    return created.template_id


def run_in(story: Story, *group_ids: str) -> str:
    """A running instance that was bought into these groups; its id."""
    purchase = Purchase(attributes=Attributes(security_groups=group_ids))
    ordered = story.do(cmd.RunInstance("web", 10, HOURLY, purchase=purchase))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    story.do(cmd.ReportDone(ordered.instance_id))
    return ordered.instance_id


def groups_of(story: Story, instance_id: str) -> tuple[str, ...]:
    """The groups that the instance is in, in their order."""
    return story.state.groups_of(story.instance(instance_id))
