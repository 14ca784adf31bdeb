"""Bandwidth packages: who may join, what becomes of members, and of the table."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.values import ChargeType, NetworkType, PackageChargeType
from gateway.nat.table import Package

PACKAGE = ChargeType.BANDWIDTH_PACKAGE
FIXED = ChargeType.BANDWIDTH_POSTPAID_BY_HOUR
TOP5 = PackageChargeType.TOP5_POSTPAID_BY_MONTH
DAILY = PackageChargeType.BANDWIDTH_POSTPAID_BY_DAY


def create(story: Story, bandwidth_mbps: int = 100, count: int = 1) -> list[str]:
    """Packages; their ids."""
    command = cmd.CreatePackages("shared", bandwidth_mbps, TOP5, NetworkType.BGP, count)
    created = [event for event in story.do(command) if isinstance(event, ev.PackageCreated)]
    return [event.package_id for event in created]


def ordinary_id(story: Story, instance_id: str) -> str:
    """The id of its ordinary public IP."""
    ordinary = story.instance(instance_id).ordinary
    assert ordinary
    return ordinary.address_id


def numbers(story: Story) -> list[int]:
    """The package of each mapping."""
    return [mapping.package for mapping in compile_table(story.state).mappings]


class Followed:
    """A story whose tables are compiled one from the other."""

    def __init__(self) -> None:
        self.story = Story()
        self.compiler = Compiler()

    def agree(self) -> None:
        """What is compiled from the one before is what is compiled from nothing."""
        table = self.compiler.compile(self.story.state)
        assert table == compile_table(self.story.state)
        assert table.package_numbers == compile_table(self.story.state).package_numbers


def test_packages_have_the_lowest_free_numbers_which_are_theirs_until_they_go() -> None:
    story = Story()
    first, second, third = create(story, count=3)
    packages = story.state.packages
    assert [packages[key].number for key in (first, second, third)] == [1, 2, 3]
    story.do(cmd.DeletePackage(second))
    assert [packages[key].number for key in (first, third)] == [1, 3]
    again, more = create(story, count=2)
    assert [packages[again].number, packages[more].number] == [2, 4]
    assert first.startswith("bwp-")


def test_members_are_in_the_table_under_the_packages_number_with_their_own_caps() -> None:
    story = Story()
    package_id = create(story)[0]
    web, database = story.run(5), story.run(0)
    eip_id = story.bound(database)
    story.do(cmd.JoinPackage(package_id, (ordinary_id(story, web), eip_id)))
    table = compile_table(story.state)
    assert table.packages == (Package(1, 100_000),)
    caps = {(mapping.out_kbps, mapping.in_kbps, mapping.package) for mapping in table.mappings}
    assert caps == {(5_000, 5_000, 1)}, "inbound is what was bought, without the least"
    assert story.instance(web).charge_type is story.eip(eip_id).charge_type is PACKAGE
    assert story.state.packages[package_id].members == (ordinary_id(story, web), eip_id)


def test_an_unlimited_package_is_not_in_the_table_and_its_members_are_in_none() -> None:
    followed = Followed()
    story = followed.story
    package_id = create(story, bandwidth_mbps=-1)[0]
    unbound, bound, web = story.allocate(), story.bound(story.run()), story.run()
    members = (unbound, bound, ordinary_id(story, web))
    story.do(cmd.JoinPackage(package_id, members))
    for limit, number in ((-1, 0), (50, 1), (60, 1), (-1, 0)):
        story.do(cmd.ChangePackageBandwidth(package_id, limit))
        assert numbers(story) == [number, number]
        followed.agree()


def test_a_member_may_have_as_much_as_a_package_permits() -> None:
    story = Story()
    package_id, instance_id, eip_id = create(story)[0], story.run(), story.allocate()
    story.do(cmd.JoinPackage(package_id, (ordinary_id(story, instance_id), eip_id)))
    story.do(cmd.ChangeInstancesBandwidth((instance_id,), 2000))
    story.do(cmd.ChangeEipsBandwidth((eip_id,), 2000))
    story.do(cmd.LeavePackage(package_id, (ordinary_id(story, instance_id), eip_id)))
    for holder in (story.instance(instance_id), story.eip(eip_id)):
        assert (holder.charge_type, holder.bandwidth_mbps) == (HOURLY, 100)
        assert holder.package_id is None


def test_whoever_leaves_may_choose_how_to_pay_and_how_much() -> None:
    story = Story()
    package_id, eip_id = create(story)[0], story.allocate()
    story.do(cmd.JoinPackage(package_id, (eip_id,)))
    assert story.do(cmd.LeavePackage(package_id, (eip_id, eip_id), FIXED, 30)) == [
        ev.PackageLeft(package_id, eip_id, FIXED.value, 30)
    ]
    assert (story.eip(eip_id).charge_type, story.eip(eip_id).bandwidth_mbps) == (FIXED, 30)


def test_the_table_follows_members_that_come_move_and_go() -> None:
    followed = Followed()
    story = followed.story
    first, second = create(story, count=2)
    web, database = story.run(), story.run()
    eip_id = story.bound(web)
    followed.agree()
    story.do(cmd.JoinPackage(first, (eip_id, ordinary_id(story, database))))
    followed.agree()
    story.do(cmd.LeavePackage(first, (eip_id, ordinary_id(story, database))))
    story.do(cmd.JoinPackage(second, (eip_id,)))
    story.do(cmd.DeletePackage(first))
    followed.agree()
    third = create(story)[0]
    story.do(cmd.JoinPackage(third, (ordinary_id(story, database),)))
    assert story.state.packages[third].number == 1
    followed.agree()
    story.do(cmd.BindEip(eip_id, database))
    story.do(cmd.LeavePackage(second, (eip_id,)))
    story.do(cmd.DeletePackage(second))
    followed.agree()
    assert numbers(story) == [0, 0]


@pytest.mark.parametrize("how", ["bind", "terminate", "fail"])
def test_an_ordinary_ip_leaves_its_package_when_it_is_released(how: str) -> None:
    story = Story()
    package_id = create(story)[0]
    ordered, assigned, joined = story.do(cmd.RunInstance("web", 500, PACKAGE, package_id))
    assert isinstance(ordered, ev.InstanceOrdered)
    assert isinstance(assigned, ev.OrdinaryIpAssigned)
    assert joined == ev.PackageJoined(package_id, assigned.address_id)
    instance_id = ordered.instance_id
    if how == "fail":
        story.do(cmd.ReportLaunchFailed(instance_id, "no memory"))
    else:
        story.do(cmd.ReportDone(instance_id))
        eip_id = story.allocate()
        story.do(
            cmd.BindEip(eip_id, instance_id)
            if how == "bind"
            else cmd.TerminateInstance(instance_id)
        )
    assert story.state.packages[package_id].members == ()
    instance = story.instance(instance_id)
    assert (instance.package_id, instance.bandwidth_mbps) == (None, 100)
    assert instance.charge_type is HOURLY
    story.do(cmd.DeletePackage(package_id))


def test_an_eip_joins_as_it_is_allocated_and_leaves_as_it_is_released() -> None:
    story = Story()
    package_id = create(story)[0]
    allocated, joined = story.do(cmd.AllocateEip("front", 2000, PACKAGE, package_id))
    assert isinstance(allocated, ev.EipAllocated)
    eip_id = allocated.eip_id
    assert joined == ev.PackageJoined(package_id, eip_id)
    assert story.eip(eip_id).package_id == package_id
    instance_id = story.run()
    story.do(cmd.BindEip(eip_id, instance_id))
    story.do(cmd.UnbindEip(eip_id))
    assert story.state.packages[package_id].members == (eip_id,), "bound or not"
    story.do(cmd.ReleaseEip(eip_id))
    assert story.state.packages[package_id].members == ()


def test_a_packages_attributes_change() -> None:
    story = Story()
    package_id = create(story)[0]
    assert story.do(cmd.ChangePackageAttributes(package_id, "ours", None)) == [
        ev.PackageChanged(package_id, "ours", 100, TOP5.value)
    ]
    assert story.do(cmd.ChangePackageAttributes(package_id, None, DAILY)) == [
        ev.PackageChanged(package_id, "ours", 100, DAILY.value)
    ]
    assert story.do(cmd.ChangePackageAttributes(package_id, "ours", DAILY)) == []
    assert story.do(cmd.ChangePackageBandwidth(package_id, 100)) == []
    found = story.state.packages[package_id]
    assert (found.name, found.charge_type, found.bandwidth_mbps) == ("ours", DAILY, 100)


def test_a_package_with_members_is_not_deleted() -> None:
    story = Story()
    package_id = create(story)[0]
    story.do(cmd.JoinPackage(package_id, (story.allocate(),)))
    refused = story.refusal(cmd.DeletePackage(package_id))
    assert isinstance(refused, errors.PackageInUseError)


@pytest.mark.parametrize("mbps", [-2, 0, 50_001])
def test_a_packages_bandwidth_has_a_range(mbps: int) -> None:
    story = Story()
    package_id = create(story)[0]
    both: list[cmd.Command] = [
        cmd.CreatePackages("x", mbps, TOP5, NetworkType.BGP),
        cmd.ChangePackageBandwidth(package_id, mbps),
    ]
    for command in both:
        assert isinstance(story.refusal(command), errors.RangeError)


@pytest.mark.parametrize("number", [0, -1, 21])
def test_one_call_makes_so_many_packages(number: int) -> None:
    refused = Story().refusal(cmd.CreatePackages("x", 10, TOP5, NetworkType.BGP, number))
    assert isinstance(refused, errors.RangeError)


def test_an_account_has_twenty_packages_and_a_package_a_hundred_members() -> None:
    story = Story(pool="203.0.112.0/24")
    create(story, count=19)
    package_id = create(story)[0]
    refused = story.refusal(cmd.CreatePackages("x", 10, TOP5, NetworkType.BGP))
    assert isinstance(refused, errors.PackageQuotaError)
    for _ in range(100):
        story.do(cmd.RunInstance("web", 10, PACKAGE, package_id))
    more: list[cmd.Command] = [
        cmd.RunInstance("web", 10, PACKAGE, package_id),
        cmd.AllocateEip("front", 10, PACKAGE, package_id),
        cmd.JoinPackage(package_id, (story.allocate(),)),
    ]
    assert all(isinstance(story.refusal(one), errors.PackageFullError) for one in more)


@pytest.mark.parametrize("kind", [ChargeType.BANDWIDTH_PREPAID_BY_MONTH, FIXED])
def test_who_pays_by_the_month_cannot_join(kind: ChargeType) -> None:
    story = Story()
    (allocated,) = story.do(cmd.AllocateEip("front", 10, kind, months=1))
    assert isinstance(allocated, ev.EipAllocated)
    command = cmd.JoinPackage(create(story)[0], (allocated.eip_id,))
    if kind is ChargeType.BANDWIDTH_PREPAID_BY_MONTH:
        assert isinstance(story.refusal(command), errors.MemberChargeTypeError)
    else:
        assert story.do(command)


def test_an_address_is_in_one_package() -> None:
    story = Story()
    first, second = create(story, count=2)
    eip_id = story.allocate()
    story.do(cmd.JoinPackage(first, (eip_id,)))
    for package_id in (first, second):
        refused = story.refusal(cmd.JoinPackage(package_id, (story.allocate(), eip_id)))
        assert isinstance(refused, errors.AlreadyMemberError)
    refused = story.refusal(cmd.LeavePackage(second, (eip_id,)))
    assert isinstance(refused, errors.NotMemberError)


def test_what_isnt_there_is_refused() -> None:
    story = Story()
    package_id = create(story)[0]
    unknown: list[cmd.Command] = [
        cmd.DeletePackage("bwp-nowhere0"),
        cmd.AllocateEip("front", 10, PACKAGE, "bwp-nowhere0"),
        cmd.JoinPackage("bwp-nowhere0", (story.allocate(),)),
    ]
    assert all(isinstance(story.refusal(one), errors.UnknownPackageError) for one in unknown)
    for kind in (cmd.JoinPackage, cmd.LeavePackage):
        refused = story.refusal(kind(package_id, ("eip-nowhere0",)))
        assert isinstance(refused, errors.UnknownMemberError)


def test_what_doesnt_go_together_is_refused() -> None:
    story = Story()
    package_id, eip_id = create(story)[0], story.allocate()
    story.do(cmd.JoinPackage(package_id, (eip_id,)))
    apart: list[cmd.Command] = [
        cmd.AllocateEip("front", 10, HOURLY, package_id),
        cmd.RunInstance("web", 10, HOURLY, package_id),
        cmd.RunInstance("web", 0, PACKAGE, package_id),
    ]
    for command in apart:
        assert isinstance(story.refusal(command), errors.CombinationError)
    refused = story.refusal(cmd.LeavePackage(package_id, (eip_id,), PACKAGE))
    assert isinstance(refused, errors.MemberChargeTypeError)
    refused = story.refusal(cmd.LeavePackage(package_id, (eip_id,), HOURLY, 101))
    assert isinstance(refused, errors.RangeError)


def test_what_a_package_pays_for_must_say_which() -> None:
    story = Story()
    for command in (
        cmd.AllocateEip("front", 10, PACKAGE),
        cmd.RunInstance("web", 10, PACKAGE),
    ):
        assert type(story.refusal(command)) is errors.PackageMissingError
    for command in (
        cmd.RunInstance("web", 0, PACKAGE),
        cmd.RunInstance("web", 10, PACKAGE, public_ip=False),
    ):
        assert story.do(command), "there is nothing to pay for"
