"""The security groups of a table: flat rules, remotes, and which instances are members."""

from ipaddress import IPv4Address

import pytest
from support.groups import ACCEPT, DENY, HTTP, SSH, create, groups_of, run_in, template
from support.story import Story

from gateway.control import commands as cmd
from gateway.control.compile import Compiler, compile_table
from gateway.control.compile_policies import is_open
from gateway.control.values import (
    OPEN,
    Policy,
    PolicyAction,
    PolicyDirection,
    Protocol,
    TemplateKind,
    TemplateMember,
)
from gateway.control.values.groups import SECURITY_GROUP_ID
from gateway.nat.policy import ANY_PROTOCOL, Group, Member, RemoteSet, Rule
from gateway.nat.table import Table

IN, OUT = PolicyDirection.INGRESS, PolicyDirection.EGRESS
EVERYTHING = Rule(True, ANY_PROTOCOL, 0, 65535, 0, 0)
DEFAULT = Group(1, (EVERYTHING,), (EVERYTHING,))


def number(address: str) -> int:
    return int(IPv4Address(address))


def private(story: Story, instance_id: str) -> int:
    return number(story.instance(instance_id).private_ip)


def compiled(story: Story) -> Table:
    return compile_table(story.state)


class Followed:
    """A story whose tables are compiled one from the other, and each from nothing, too."""

    def __init__(self, vpc: str = "10.0.0.0/24") -> None:
        self.story = Story(vpc=vpc)
        self.compiler = Compiler()

    def table(self) -> Table:
        found = self.compiler.compile(self.story.state)
        assert found == compile_table(self.story.state)
        return found


def test_a_lab_without_groups_has_no_member() -> None:
    story = Story()
    story.run()
    assert compiled(story).policies == ((DEFAULT,), (), ())


def test_a_policy_becomes_as_many_rules_as_it_has_ranges_and_keeps_its_index() -> None:
    story = Story()
    create(
        story, ingress=(DENY, HTTP), egress=(OPEN, Policy(ACCEPT, Protocol.ICMP, cidr="10.0.0.9"))
    )
    table = compiled(story)
    assert table.remotes == (
        RemoteSet(1, ((number("192.0.2.0"), number("192.0.2.255")),)),
        RemoteSet(2, ((number("10.0.0.9"), number("10.0.0.9")),)),
    )
    _, group = table.groups
    assert group.ingress == (
        Rule(False, ANY_PROTOCOL, 0, 65535, 1, 0),
        Rule(True, 6, 80, 80, 0, 1),
        Rule(True, 6, 443, 443, 0, 1),
    )
    assert group.egress == (EVERYTHING, Rule(True, 1, 0, 65535, 2, 1))


def test_templates_are_taken_apart() -> None:
    story = Story()
    dns = template(story, TemplateKind.SERVICES, "udp:53", "gre")
    services = template(story, TemplateKind.SERVICE_GROUP, dns)
    here = template(story, TemplateKind.ADDRESSES, "10.0.0.4/31", "10.0.0.6-10.0.0.9")
    there = template(story, TemplateKind.ADDRESSES, "192.0.2.1")
    both = template(story, TemplateKind.ADDRESS_GROUP, there, here)
    create(story, ingress=(Policy(ACCEPT, addresses=both, services=services),))
    table = compiled(story)
    assert table.groups[1].ingress == (Rule(True, 17, 53, 53, 1, 0), Rule(True, 47, 0, 65535, 1, 0))
    assert table.remotes == (
        RemoteSet(
            1,
            (
                (number("10.0.0.4"), number("10.0.0.9")),
                (number("192.0.2.1"), number("192.0.2.1")),
            ),
        ),
    )


def test_a_group_as_remote_is_the_private_addresses_of_its_members_live() -> None:
    followed = Followed()
    story = followed.story
    bastions = create(story, ingress=(OPEN,), egress=(OPEN,))
    create(story, ingress=(Policy(ACCEPT, group_id=bastions),))
    assert followed.table().remotes == (RemoteSet(1, ()),)
    first, second = run_in(story, bastions), run_in(story, bastions)
    ends = private(story, first), private(story, second)
    assert followed.table().remotes == (RemoteSet(1, (ends,)),)
    story.terminate(first)
    assert followed.table().remotes == (RemoteSet(1, ((ends[1], ends[1]),)),)
    story.do(cmd.SetPolicies(bastions, version=0))
    assert followed.table().remotes == (RemoteSet(1, ((ends[1], ends[1]),)),)


@pytest.mark.parametrize(
    ("ingress", "egress", "admits_all"),
    [
        ((OPEN, DENY), (OPEN,), True),
        ((DENY, OPEN), (OPEN,), False),
        ((OPEN,), (DENY,), False),
        ((), (OPEN,), False),
        ((), (), False),
        ((Policy(ACCEPT, Protocol.TCP, cidr="0.0.0.0/0"),), (OPEN,), False),
        ((Policy(PolicyAction.DROP, cidr="0.0.0.0/0"), OPEN), (OPEN,), False),
    ],
    ids=str,
)
def test_who_admits_all_is_no_member(
    ingress: tuple[Policy, ...], egress: tuple[Policy, ...], admits_all: bool
) -> None:
    story = Story()
    instance_id = run_in(story, create(story, ingress=ingress, egress=egress))
    members = compiled(story).members
    assert members == (() if admits_all else (Member(private(story, instance_id), (2,)),))
    assert is_open(story.state, story.instance(instance_id)) is admits_all


def test_the_first_rule_of_several_groups_counts_in_their_order() -> None:
    story = Story()
    inward, outward = create(story, ingress=(OPEN,)), create(story, egress=(OPEN,))
    both, web = run_in(story, inward, outward), create(story, ingress=(HTTP,))
    assert compiled(story).members == (), "each direction by the group that has a rule"
    assert is_open(story.state, story.instance(both))
    story.do(cmd.ChangeInstancesAttributes((both,), security_groups=(web, inward, outward)))
    assert compiled(story).members == (Member(private(story, both), (4, 2, 3)),)


def test_an_instance_is_a_member_in_every_state_and_without_a_public_address() -> None:
    followed = Followed()
    story = followed.story
    instance_id = run_in(story, create(story))
    member = (Member(private(story, instance_id), (2,)),)
    for act in (
        cmd.StopInstance(instance_id, charging=False),
        cmd.ReportDone(instance_id),
        cmd.StartInstance(instance_id),
        cmd.ReportDone(instance_id),
        cmd.TerminateInstance(instance_id),
    ):
        assert followed.table().members == member
        story.do(act)
    assert followed.table().members == member
    story.do(cmd.ReportDone(instance_id))
    assert followed.table().members == ()


def test_instances_are_members_as_soon_as_their_group_no_longer_admits_all() -> None:
    followed = Followed()
    story = followed.story
    ids = [story.run() for _ in range(3)]
    assert followed.table().members == ()
    story.do(cmd.AddPolicies(SECURITY_GROUP_ID, IN, (DENY,), 0))
    members = followed.table().members
    assert members == tuple(sorted(Member(private(story, one), (1,)) for one in ids))
    story.do(cmd.RemovePolicies(SECURITY_GROUP_ID, IN, (0,)))
    assert followed.table().members == ()


def test_a_private_address_and_numbers_may_change_hands_all_at_once() -> None:
    followed = Followed(vpc="10.0.0.0/30")
    story = followed.story
    old = create(story, ingress=(SSH,))
    gone = run_in(story, old)
    followed.table()
    address = story.instance(gone).private_ip
    story.terminate(gone)
    story.do(cmd.DeleteGroup(old))
    new = create(story, ingress=(DENY,))
    come = run_in(story, new)
    assert story.instance(come).private_ip == address
    table = followed.table()
    assert table.members == (Member(number(address), (2,)),)
    assert table.remotes == (RemoteSet(1, ((number("192.0.2.0"), number("192.0.2.255")),)),)
    story.terminate(come)
    story.do(cmd.DeleteGroup(new))
    assert followed.table().policies == ((DEFAULT,), (), ())


def test_what_templates_mean_is_compiled_again_when_they_change() -> None:
    followed = Followed()
    story = followed.story
    addresses = template(story, TemplateKind.ADDRESSES, "192.0.2.1")
    services = template(story, TemplateKind.SERVICES, "tcp:80")
    grouped = template(story, TemplateKind.ADDRESS_GROUP, addresses)
    create(story, egress=(Policy(ACCEPT, addresses=grouped, services=services),))
    followed.table()
    story.do(cmd.ChangeTemplate(addresses, members=(TemplateMember("192.0.2.2"),)))
    story.do(cmd.ChangeTemplate(services, members=(TemplateMember("tcp:81"),)))
    table = followed.table()
    assert table.remotes == (RemoteSet(1, ((number("192.0.2.2"),) * 2,)),)
    assert table.groups[1].egress == (Rule(True, 6, 81, 81, 1, 0),)


def test_a_change_of_one_group_leaves_the_others_as_they_were() -> None:
    followed = Followed()
    story = followed.story
    web, database = create(story, ingress=(HTTP,)), create(story, ingress=(SSH,))
    for group_id in (web, web, database):
        run_in(story, group_id)
    since = followed.table().policies_since
    story.do(cmd.ChangeGroup(web, "www"))
    story.run()
    assert followed.table().policies_since == since, "names and open instances change nothing"
    story.do(cmd.AddPolicies(web, OUT, (OPEN,)))
    assert followed.table().policies_since == story.state.sequence
    assert groups_of(story, next(iter(story.state.members_of(database)))) == (database,)
    before = followed.table()
    story.do(cmd.ChangeGroup(web, "w3"))
    run_in(story, web)
    after = followed.table()
    assert after.groups == before.groups
    assert len(after.members) == len(before.members) + 1
