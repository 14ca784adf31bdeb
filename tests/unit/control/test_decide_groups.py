"""Security groups: created, cloned, renamed, deleted, and which instances are in them."""

import pytest
from support.groups import HTTP, SSH, create, groups_of, run_in
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions import groups
from gateway.control.values import (
    OPEN,
    Attributes,
    Policy,
    PolicyAction,
    Purchase,
    Tag,
)
from gateway.control.values.groups import SECURITY_GROUP_ID


def test_a_default_group_is_there_from_the_start_and_admits_all() -> None:
    story = Story()
    (default,) = story.state.groups.values()
    assert (default.group_id, default.number, default.is_default) == (SECURITY_GROUP_ID, 1, True)
    assert (default.ingress, default.egress, default.version) == ((OPEN,), (OPEN,), 1)
    instance_id = story.run()
    assert groups_of(story, instance_id) == (SECURITY_GROUP_ID,)
    assert story.state.members_of(SECURITY_GROUP_ID) == {instance_id}
    story.terminate(instance_id)
    assert story.state.members_of(SECURITY_GROUP_ID) == set()


def test_groups_have_the_lowest_free_numbers_and_no_policies() -> None:
    story = Story()
    first, second = create(story), create(story)
    found = story.state.groups
    assert first.startswith("sg-")
    assert [found[key].number for key in (first, second)] == [2, 3]
    assert found[first].all_policies == ()
    story.do(cmd.DeleteGroup(first))
    again, more = create(story), create(story)
    assert [found[key].number for key in (again, more)] == [2, 4]


def test_a_group_is_created_with_policies_and_tags() -> None:
    story = Story()
    group_id = create(story, ingress=(HTTP,), egress=(OPEN,), tags=(Tag("owner", "me"),))
    group = story.state.groups[group_id]
    assert (group.ingress, group.egress) == ((HTTP,), (OPEN,))
    assert (group.created_at, group.changed_at) == (story.now, story.now)
    assert story.state.tags[group_id] == {"owner": "me"}
    story.do(cmd.DeleteGroup(group_id))
    assert group_id not in story.state.tags


def test_a_clone_has_the_policies_and_perhaps_the_tags() -> None:
    story = Story()
    group_id = create(story, ingress=(HTTP,), tags=(Tag("a", "1"), Tag("b", "1")))
    (cloned,) = story.do(cmd.CloneGroup(group_id))
    assert isinstance(cloned, ev.GroupCreated)
    assert (cloned.name, cloned.description, cloned.ingress) == ("web", "of a test", (HTTP,))
    command = cmd.CloneGroup(group_id, "other", "", tags=(Tag("a", "2"),), with_tags=True)
    (again, *_) = story.do(command)
    assert isinstance(again, ev.GroupCreated)
    assert (again.name, again.description) == ("other", "")
    assert story.state.tags[again.group_id] == {"a": "2", "b": "1"}
    assert isinstance(story.refusal(cmd.CloneGroup("sg-nowhere0")), errors.UnknownGroupError)


def test_names_and_descriptions_change_and_have_their_bounds() -> None:
    story = Story()
    group_id = create(story)
    story.now += 1
    assert story.do(cmd.ChangeGroup(group_id, name="www")) == [
        ev.GroupChanged(group_id, "www", "of a test")
    ]
    assert story.do(cmd.ChangeGroup(group_id, description="")) == [
        ev.GroupChanged(group_id, "www", "")
    ]
    assert story.do(cmd.ChangeGroup(group_id, "www", "")) == []
    group = story.state.groups[group_id]
    assert (group.name, group.description, group.version) == ("www", "", 1)
    assert group.changed_at == story.now > group.created_at
    for name, description, error in (
        ("x" * 61, "", errors.NameTooLongError),
        ("x", "x" * 101, errors.NameTooLongError),
        ("\n", "", errors.InvalidValueError),
        ("x", "\0", errors.InvalidValueError),
    ):
        assert type(story.refusal(cmd.ChangeGroup(group_id, name, description))) is error
        assert type(story.refusal(cmd.CreateGroup(name, description))) is error


def test_an_account_has_fifty_groups_with_the_default_one() -> None:
    story = Story()
    for _ in range(groups.GROUPS_MAX - 1):
        create(story)
    refused = story.refusal(cmd.CreateGroup("more", ""))
    assert isinstance(refused, errors.GroupQuotaError)


def test_a_group_that_is_needed_is_not_deleted() -> None:
    story = Story()
    used, named, naming = create(story), create(story), create(story)
    instance_id = run_in(story, used)
    rule = Policy(PolicyAction.ACCEPT, group_id=named)
    story.do(cmd.SetPolicies(naming, ingress=(rule,)))
    assert isinstance(story.refusal(cmd.DeleteGroup(SECURITY_GROUP_ID)), errors.DefaultGroupError)
    assert isinstance(story.refusal(cmd.DeleteGroup(used)), errors.GroupInUseError)
    refused = story.refusal(cmd.DeleteGroup(named))
    assert isinstance(refused, errors.GroupInUseError)
    assert naming in str(refused)
    assert isinstance(story.refusal(cmd.DeleteGroup("sg-nowhere0")), errors.UnknownGroupError)
    story.do(cmd.SetPolicies(naming, version=0))
    story.terminate(instance_id)
    for group_id in (used, named, naming):
        assert story.do(cmd.DeleteGroup(group_id)) == [ev.GroupDeleted(group_id)]


def test_a_group_that_only_names_itself_can_go() -> None:
    story = Story()
    group_id = create(story)
    story.do(cmd.SetPolicies(group_id, ingress=(Policy(PolicyAction.ACCEPT, group_id=group_id),)))
    assert story.state.naming(group_id) == [group_id]
    assert story.do(cmd.DeleteGroup(group_id))
    assert story.state.remotes == {}


def test_an_instance_is_in_groups_in_an_order() -> None:
    story = Story()
    first, second = create(story), create(story)
    instance_id = run_in(story, second, first)
    assert groups_of(story, instance_id) == (second, first)
    story.do(cmd.ReportDone(instance_id))
    command = cmd.ChangeInstancesAttributes((instance_id,), security_groups=(first, second))
    (changed,) = story.do(command)
    assert isinstance(changed, ev.InstanceAttributesChanged)
    assert story.do(command) == []
    assert groups_of(story, instance_id) == (first, second)
    assert story.state.members_of(first) == story.state.members_of(second) == {instance_id}


def test_instances_join_behind_and_leave_but_not_their_last_group() -> None:
    story = Story()
    first, second = create(story), create(story)
    one, two = story.run(), story.run()
    both = (one, two)
    assert len(story.do(cmd.JoinGroups(both, (first,)))) == 2
    assert story.do(cmd.JoinGroups(both, (first,))) == []
    assert groups_of(story, one) == (SECURITY_GROUP_ID, first)
    story.do(cmd.LeaveGroups(both, (SECURITY_GROUP_ID, second)))
    assert groups_of(story, two) == (first,)
    assert story.do(cmd.LeaveGroups(both, (second,))) == []
    for command in (
        cmd.LeaveGroups(both, (first,)),
        cmd.ChangeInstancesAttributes(both, security_groups=()),
    ):
        assert isinstance(story.refusal(command), errors.LastGroupError)


def test_who_joins_must_be_there_and_at_rest() -> None:
    story = Story()
    group_id, instance_id = create(story), story.order()
    unknown: list[tuple[cmd.Command, type[errors.DomainError]]] = [
        (cmd.JoinGroups((instance_id,), (group_id,)), errors.InstanceStateError),
        (cmd.JoinGroups(("ins-nowhere0",), (group_id,)), errors.UnknownInstanceError),
        (cmd.JoinGroups((instance_id,), ("sg-nowhere0",)), errors.UnknownGroupError),
        (cmd.LeaveGroups((instance_id,), ("sg-nowhere0",)), errors.UnknownGroupError),
    ]
    for command, error in unknown:
        assert type(story.refusal(command)) is error
    story.do(cmd.ReportLaunchFailed(instance_id, "no memory"))
    assert story.do(cmd.JoinGroups((instance_id,), (group_id,)))


def test_an_instance_is_in_five_groups_at_most() -> None:
    story = Story()
    five = [create(story) for _ in range(groups.GROUPS_PER_INSTANCE)]
    instance_id = run_in(story, *five)
    story.do(cmd.ReportDone(instance_id))
    more = create(story)
    for command in (
        cmd.JoinGroups((instance_id,), (more,)),
        cmd.ChangeInstancesAttributes((instance_id,), security_groups=(*five, more)),
    ):
        assert isinstance(story.refusal(command), errors.SecurityGroupQuotaError)


def test_a_group_has_so_many_instances_and_the_default_one_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "MEMBERS_MAX", 2)
    story = Story()
    group_id = create(story)
    inside, outside = run_in(story, group_id), story.run()
    story.run(), story.run()
    story.do(cmd.ReportDone(inside))
    purchase = Purchase(attributes=Attributes(security_groups=(group_id,)))
    for command in (
        cmd.RunInstance("web", 0, HOURLY, count=2, purchase=purchase),
        cmd.JoinGroups((outside, story.run()), (group_id,)),
    ):
        assert isinstance(story.refusal(command), errors.GroupFullError)
    story.do(cmd.JoinGroups((inside, outside), (group_id,)))
    alone = cmd.ChangeInstancesAttributes((inside, outside), security_groups=(group_id,))
    assert len(story.do(alone)) == 1, "who is inside already needs no room"


def test_ids_of_earlier_versions_are_no_groups_and_become_none() -> None:
    story = Story()
    purchase = Purchase(attributes=Attributes(security_groups=("sg-2bcdefgh",)))
    ordered = ev.InstanceOrdered(
        "ins-1", "web", "uuid", "10.0.0.2", "52:54:00:00:00:01", 0, HOURLY.value, purchase
    )
    story.state.evolve(ordered, story.now)
    assert groups_of(story, "ins-1") == (SECURITY_GROUP_ID,)
    story.do(cmd.ReportDone("ins-1"))
    group_id = create(story)
    story.do(cmd.JoinGroups(("ins-1",), (group_id,)))
    assert groups_of(story, "ins-1") == (SECURITY_GROUP_ID, group_id)


def test_changed_members_are_known_and_changed_policies_too() -> None:
    story = Story()
    group_id = create(story)
    before = story.state.sequence
    instance_id = run_in(story, group_id)
    assert story.state.policies_touched_since(before) == [group_id]
    assert story.state.touched_since(before) == [instance_id]
    before = story.state.sequence
    story.do(cmd.ReportDone(instance_id))
    story.do(cmd.ChangeGroup(group_id, "www"))
    assert story.state.policies_touched_since(before) == []
    story.do(cmd.JoinGroups((instance_id,), (SECURITY_GROUP_ID,)))
    assert story.state.policies_touched_since(before) == [SECURITY_GROUP_ID]
    before = story.state.sequence
    story.do(cmd.SetPolicies(group_id, ingress=(SSH,)))
    assert story.state.policies_touched_since(before) == [group_id]
    assert story.state.touched_since(before) == []
