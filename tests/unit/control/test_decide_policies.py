"""Policies of security groups, and templates: what is kept, in which order, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from support.groups import ACCEPT, DENY, HTTP, SSH, create, template
from support.story import Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import policies, templates
from gateway.control.values import (
    OPEN,
    Policy,
    PolicyAction,
    PolicyDirection,
    Protocol,
    Tag,
    TemplateKind,
    TemplateMember,
)

IN, OUT = PolicyDirection.INGRESS, PolicyDirection.EGRESS
ANY = "0.0.0.0/0"


def listed(story: Story, group_id: str, direction: PolicyDirection = IN) -> tuple[Policy, ...]:
    return story.state.groups[group_id].policies(direction)


def version(story: Story, group_id: str) -> int:
    return story.state.groups[group_id].version


def test_policies_are_added_at_a_place_or_behind_the_last_one() -> None:
    story = Story()
    group_id = create(story)
    story.do(cmd.AddPolicies(group_id, IN, (HTTP,)))
    story.do(cmd.AddPolicies(group_id, IN, (DENY, SSH), index=0, version=2))
    story.do(cmd.AddPolicies(group_id, OUT, (OPEN,)))
    assert listed(story, group_id) == (DENY, SSH, HTTP)
    assert listed(story, group_id, OUT) == (OPEN,)
    assert version(story, group_id) == 4
    for index in (-1, 4):
        refused = story.refusal(cmd.AddPolicies(group_id, IN, (OPEN,), index))
        assert isinstance(refused, errors.PolicyIndexError)


def test_policies_are_kept_in_one_form() -> None:
    story = Story()
    group_id = create(story)
    told = Policy(ACCEPT, Protocol.UDP, "53, 0067-68", " 192.0.2.7/24 ", description="dns")
    story.do(cmd.AddPolicies(group_id, OUT, (told,)))
    assert listed(story, group_id, OUT) == (replace(told, ports="53,67-68", cidr="192.0.2.0/24"),)


def test_policies_are_removed_by_place_or_by_content() -> None:
    story = Story()
    group_id = create(story, ingress=(DENY, SSH, HTTP, OPEN), egress=(OPEN,))
    (removed,) = story.do(cmd.RemovePolicies(group_id, IN, indexes=(2, 0, 2)))
    assert removed == ev.PoliciesRemoved(group_id, IN, (0, 2))
    assert listed(story, group_id) == (SSH, OPEN)
    untold = replace(SSH, description="")
    story.do(cmd.RemovePolicies(group_id, IN, policies=(untold,), version=2))
    assert listed(story, group_id) == listed(story, group_id, OUT) == (OPEN,)
    refused: list[tuple[dict[str, Any], type[errors.DomainError]]] = [
        ({"indexes": (1,)}, errors.PolicyIndexError),
        ({"indexes": (0,), "policies": (OPEN,)}, errors.CoexistError),
        ({"policies": (HTTP,)}, errors.UnknownPolicyError),
        ({}, errors.EmptyError),
        ({"indexes": (0,), "version": 2}, errors.PolicyVersionError),
    ]
    for more, error in refused:
        assert type(story.refusal(cmd.RemovePolicies(group_id, IN, **more))) is error


def test_policies_are_replaced_and_moved() -> None:
    story = Story()
    group_id = create(story, ingress=(DENY, SSH, HTTP), egress=(SSH,))

    def change(*changes: cmd.PolicyChange, direction: PolicyDirection = IN) -> list[ev.Event]:
        return story.do(cmd.ReplacePolicies(group_id, direction, changes))

    change(cmd.PolicyChange(1, OPEN))
    assert listed(story, group_id) == (DENY, OPEN, HTTP)
    change(cmd.PolicyChange(2, to=0))
    assert listed(story, group_id) == (HTTP, DENY, OPEN)
    change(cmd.PolicyChange(0, to=2), cmd.PolicyChange(1, SSH, to=0))
    assert listed(story, group_id) == (SSH, OPEN, HTTP)
    change(cmd.PolicyChange(0, DENY), direction=OUT)
    assert (listed(story, group_id), listed(story, group_id, OUT)) == ((SSH, OPEN, HTTP), (DENY,))
    assert version(story, group_id) == 5
    assert change(cmd.PolicyChange(0, SSH, to=0)) == []
    refused: list[tuple[tuple[cmd.PolicyChange, ...], type[errors.DomainError]]] = [
        ((), errors.EmptyError),
        ((cmd.PolicyChange(3, OPEN),), errors.PolicyIndexError),
        ((cmd.PolicyChange(0, to=3),), errors.PolicyIndexError),
        ((cmd.PolicyChange(0, to=1), cmd.PolicyChange(0, to=2)), errors.CoexistError),
        ((cmd.PolicyChange(0, to=1), cmd.PolicyChange(1, to=1)), errors.CoexistError),
        ((cmd.PolicyChange(0, HTTP),), errors.DuplicatePolicyError),
    ]
    for changes, error in refused:
        assert type(story.refusal(cmd.ReplacePolicies(group_id, IN, changes))) is error
    stale = cmd.ReplacePolicies(group_id, IN, (cmd.PolicyChange(0, to=1),), version=1)
    assert isinstance(story.refusal(stale), errors.PolicyVersionError)


def test_all_policies_are_replaced_and_version_0_removes_them() -> None:
    story = Story()
    group_id = create(story, ingress=(DENY,))
    command = cmd.SetPolicies(group_id, (HTTP,), (OPEN,), version=1)
    assert story.do(command) == [ev.PoliciesSet(group_id, (HTTP,), (OPEN,))]
    assert story.do(replace(command, version=None)) == []
    assert isinstance(story.refusal(command), errors.PolicyVersionError)
    story.do(cmd.SetPolicies(group_id, (SSH,), (SSH,), version=0))
    assert story.state.groups[group_id].all_policies == ()
    assert version(story, group_id) == 3


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        (Policy(ACCEPT), errors.EmptyError),
        (Policy(ACCEPT, cidr=ANY, group_id="sg-tgw00001"), errors.CoexistError),
        (Policy(ACCEPT, cidr="10.0.0.0/33"), errors.MalformedError),
        (Policy(ACCEPT, cidr="10.0.0.1-10.0.0.2"), errors.MalformedError),
        (Policy(ACCEPT, group_id="sg-nowhere0"), errors.UnknownGroupError),
        (Policy(ACCEPT, addresses="ipm-nowhere0"), errors.UnknownTemplateError),
        (Policy(ACCEPT, cidr=ANY, services="ppm-nowhere0"), errors.UnknownTemplateError),
        (Policy(ACCEPT, Protocol.TCP, "70000", ANY), errors.MalformedError),
        (Policy(ACCEPT, Protocol.ICMP, "80", ANY), errors.CoexistError),
        (Policy(ACCEPT, Protocol.ALL, "80", ANY), errors.CoexistError),
        (Policy(ACCEPT, cidr=ANY, description="x" * 101), errors.NameTooLongError),
        (Policy(ACCEPT, cidr=ANY, description="\n"), errors.InvalidValueError),
    ],
    ids=str,
)
def test_what_is_no_policy_is_refused(policy: Policy, error: type[errors.DomainError]) -> None:
    story = Story()
    group_id = create(story, ingress=(SSH,))
    commands: list[cmd.Command] = [
        cmd.AddPolicies(group_id, IN, (policy,)),
        cmd.ReplacePolicies(group_id, IN, (cmd.PolicyChange(0, policy),)),
        cmd.SetPolicies(group_id, egress=(policy,)),
        cmd.CreateGroup("x", "", ingress=(policy,)),
    ]
    for command in commands:
        assert type(story.refusal(command)) is error


def test_what_isnt_there_or_is_nothing_is_refused() -> None:
    story = Story()
    for command in (
        cmd.AddPolicies("sg-nowhere0", IN, (OPEN,)),
        cmd.RemovePolicies("sg-nowhere0", IN, (0,)),
        cmd.ReplacePolicies("sg-nowhere0", IN, ()),
        cmd.SetPolicies("sg-nowhere0", version=0),
    ):
        assert isinstance(story.refusal(command), errors.UnknownGroupError)
    assert isinstance(story.refusal(cmd.AddPolicies(create(story), IN, ())), errors.EmptyError)


def test_the_same_policy_twice_is_refused_whatever_its_description() -> None:
    story = Story()
    group_id = create(story, ingress=(SSH,))
    again = replace(SSH, description="again")
    for command in (
        cmd.AddPolicies(group_id, IN, (again,)),
        cmd.SetPolicies(group_id, egress=(SSH, again)),
    ):
        assert isinstance(story.refusal(command), errors.DuplicatePolicyError)
    story.do(cmd.AddPolicies(group_id, IN, (replace(SSH, action=PolicyAction.DROP),)))
    story.do(cmd.AddPolicies(group_id, OUT, (again,)))


def test_a_direction_has_a_hundred_policies() -> None:
    story = Story()
    many = [Policy(ACCEPT, Protocol.TCP, str(port), ANY) for port in range(101)]
    group_id = create(story, ingress=tuple(many[:100]), egress=tuple(many[:100]))
    for command in (
        cmd.AddPolicies(group_id, IN, (many[100],)),
        cmd.SetPolicies(group_id, egress=tuple(many)),
    ):
        assert isinstance(story.refusal(command), errors.PolicyQuotaError)


def test_ten_policies_of_a_group_name_groups() -> None:
    story = Story()
    named = [create(story) for _ in range(6)]
    naming = tuple(Policy(ACCEPT, group_id=one) for one in named)
    group_id = create(story, ingress=naming[:5], egress=naming[:5])
    for command in (
        cmd.AddPolicies(group_id, OUT, naming[5:]),
        cmd.SetPolicies(group_id, naming, naming),
    ):
        assert isinstance(story.refusal(command), errors.PolicyQuotaError)


def test_a_policy_names_templates_which_stay_as_long() -> None:
    story = Story()
    addresses = template(story, TemplateKind.ADDRESSES, "192.0.2.1", "198.51.100.1-198.51.100.9")
    web = template(story, TemplateKind.SERVICES, "tcp:80,443", "ICMP")
    both = template(story, TemplateKind.SERVICE_GROUP, web)
    assert [one.text for one in story.state.templates[web].members] == ["tcp:80,443", "icmp"]
    policy = Policy(ACCEPT, addresses=addresses, services=both)
    group_id = create(story, ingress=(policy,))
    for key, naming in ((addresses, group_id), (both, group_id), (web, both)):
        refused = story.refusal(cmd.DeleteTemplate(key))
        assert isinstance(refused, errors.TemplateInUseError)
        assert naming in str(refused)
    mixed = replace(policy, protocol=Protocol.TCP)
    swapped = Policy(ACCEPT, addresses=both, services=addresses)
    for wrong, error in ((mixed, errors.CoexistError), (swapped, errors.UnknownTemplateError)):
        assert type(story.refusal(cmd.SetPolicies(group_id, (wrong,)))) is error
    story.do(cmd.DeleteGroup(group_id))
    for key in (addresses, both, web):
        assert story.do(cmd.DeleteTemplate(key)) == [ev.TemplateDeleted(key)]


def test_a_template_changes_and_all_that_name_it_are_touched() -> None:
    story = Story()
    web = template(story, TemplateKind.SERVICES, "tcp:80")
    unused = template(story, TemplateKind.SERVICES, "tcp:90")
    both = template(story, TemplateKind.SERVICE_GROUP, web)
    direct = create(story, ingress=(Policy(ACCEPT, cidr=ANY, services=web),))
    through = create(story, egress=(Policy(ACCEPT, cidr=ANY, services=both),))
    before = story.state.sequence
    members = (TemplateMember("tcp:8080", "new"),)
    (changed,) = story.do(cmd.ChangeTemplate(web, "www", members))
    assert changed == ev.TemplateChanged(web, "www", members)
    touched = story.state.policies_touched_since(before)
    assert touched is not None
    assert set(touched) == {web, both, direct, through}
    assert story.do(cmd.ChangeTemplate(web, "www")) == []
    assert story.do(cmd.ChangeTemplate(web, members=members)) == []
    story.do(cmd.ChangeTemplate(unused, "other"))
    assert story.state.templates[unused].name == "other"


@pytest.mark.parametrize(
    ("kind", "texts", "error"),
    [
        (TemplateKind.ADDRESSES, [], errors.EmptyError),
        (TemplateKind.ADDRESSES, ["10.0.0.256"], errors.MalformedError),
        (TemplateKind.ADDRESSES, ["10.0.0.1", "10.0.0.1 "], errors.DuplicateMemberError),
        (TemplateKind.ADDRESSES, [f"10.0.0.{n}" for n in range(21)], errors.TemplateQuotaError),
        (TemplateKind.SERVICES, ["tcp:70000"], errors.MalformedError),
        (TemplateKind.SERVICES, ["icmp:1"], errors.MalformedError),
        (TemplateKind.SERVICES, ["tcp:80", "TCP:80"], errors.DuplicateMemberError),
        (TemplateKind.ADDRESS_GROUP, ["ipm-nowhere0"], errors.UnknownTemplateError),
        (TemplateKind.SERVICE_GROUP, ["10.0.0.1"], errors.UnknownTemplateError),
    ],
    ids=str,
)
def test_what_is_no_template_is_refused(
    kind: TemplateKind, texts: list[str], error: type[errors.DomainError]
) -> None:
    members = tuple(TemplateMember(text) for text in texts)
    assert type(Story().refusal(cmd.CreateTemplate(kind, "x", members))) is error


def test_templates_are_counted_by_kind_and_have_names_and_tags() -> None:
    story = Story()
    one = (TemplateMember("10.0.0.1", "x"),)
    created = cmd.CreateTemplate(TemplateKind.ADDRESSES, "x", one, (Tag("owner", "me"),))
    event, _ = story.do(created)
    assert isinstance(event, ev.TemplateCreated)
    assert story.state.tags[event.template_id] == {"owner": "me"}
    for _ in range(templates.TEMPLATES_MAX - 1):
        template(story, TemplateKind.ADDRESSES, "10.0.0.1")
    assert isinstance(story.refusal(created), errors.TemplateQuotaError)
    template(story, TemplateKind.SERVICES, "all")
    for wrong in (
        cmd.CreateTemplate(TemplateKind.SERVICES, "x" * 61, one),
        cmd.ChangeTemplate(event.template_id, "x" * 61),
        cmd.ChangeTemplate(event.template_id, members=(TemplateMember("10.0.0.1", "x" * 101),)),
    ):
        assert isinstance(story.refusal(wrong), errors.NameTooLongError)
    refused = story.refusal(cmd.DeleteTemplate("ipm-nowhere0"))
    assert isinstance(refused, errors.UnknownTemplateError)


def test_templates_make_no_more_conditions_than_a_table_has_room_for() -> None:
    story = Story()
    listed_ports = ",".join(str(2 * n) for n in range(15))
    wide = [f"tcp:{listed_ports}"] + [f"tcp:{2 * n + 101}" for n in range(5)]
    small = template(story, TemplateKind.SERVICES, "tcp:1")
    many = tuple(
        Policy(ACCEPT, cidr=f"10.0.{n}.0/24", services=small) for n in range(policies.POLICIES_MAX)
    )
    group_id = create(story, ingress=many)
    members = tuple(TemplateMember(text) for text in wide)
    story.do(cmd.ChangeTemplate(small, members=members))  # 20 conditions each
    odd_ports = ",".join(str(2 * n + 1) for n in range(15))
    more = tuple(TemplateMember(f"udp:{one}") for one in (listed_ports, odd_ports))
    refused = story.refusal(cmd.ChangeTemplate(small, members=(*members, *more)))
    assert isinstance(refused, errors.PolicyQuotaError)
    assert "more than 4096 conditions" in str(refused)
    assert listed(story, group_id) == many


def test_a_remote_has_one_number_as_long_as_a_policy_names_it() -> None:
    story = Story()
    first = create(story, ingress=(SSH, DENY))
    second = create(story, ingress=(DENY, HTTP))
    assert story.state.remotes == {"198.51.100.0/24": 1, "192.0.2.0/24": 2}
    story.do(cmd.RemovePolicies(first, IN, (0,)))
    assert story.state.remotes == {"192.0.2.0/24": 2}
    story.do(cmd.AddPolicies(second, OUT, (Policy(ACCEPT, group_id=first),)))
    assert story.state.remotes == {"192.0.2.0/24": 2, first: 1}
    story.do(cmd.DeleteGroup(second))
    story.do(cmd.SetPolicies(first, version=0))
    assert story.state.remotes == {}
    create(story, ingress=(SSH,))
    assert story.state.remotes == {"198.51.100.0/24": 1}
