"""What instances are bought with: what is taken, what is refused, and what can change."""

import base64
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.decisions.purchases import numbered
from gateway.control.values import (
    TYPES,
    USER_DATA_MAX,
    Attributes,
    ChargeType,
    Disk,
    DiskType,
    Instance,
    InstanceChargeType,
    InstanceState,
    Purchase,
)

FULL = Purchase(
    image_id="img-487zeit5",
    instance_type="SA2.LARGE8",
    charge_type=InstanceChargeType.SPOTPAID,
    attributes=Attributes(
        host_name="db-1.lab",
        user_data=base64.b64encode(b"#!/bin/sh").decode(),
        role="reader",
        protected=True,
    ),
    system_disk=Disk(DiskType.CLOUD_SSD, 100, "root"),
    data_disks=(
        Disk(DiskType.CLOUD_HSSD, 500, "db", with_instance=False, extra_mib_s=100),
        Disk(DiskType.LOCAL_SSD, 10, encrypted=True, key_id="kms-1"),
    ),
    key_ids=("skey-1bcdefgh",),
)


def buy(story: Story, name: str = "web", mbps: int = 10, **more: Any) -> list[Instance]:
    """The instances that are bought."""
    events = story.do(cmd.RunInstance(name, mbps, HOURLY, **more))
    return [
        story.instance(one.instance_id) for one in events if isinstance(one, ev.InstanceOrdered)
    ]


def without_disk_ids(purchase: Purchase) -> Purchase:
    """The purchase as it was asked for."""
    system, *data = (replace(disk, disk_id="") for disk in purchase.disks)
    return replace(purchase, system_disk=system, data_disks=tuple(data))


def refusal(story: Story, mbps: int = 10, **more: Any) -> errors.DomainError:
    return story.refusal(cmd.RunInstance("web", mbps, HOURLY, **more))


def test_what_was_bought_is_kept() -> None:
    story = Story()
    (instance,) = buy(story, purchase=FULL)
    assert without_disk_ids(instance.purchase) == FULL
    assert instance.role_since == story.now
    assert (instance.purchase.size.cpus, instance.purchase.size.memory_gib) == (4, 8)


def test_without_a_word_an_instance_is_a_small_one() -> None:
    (instance,) = buy(Story())
    disk_id = instance.purchase.system_disk.disk_id
    assert re.fullmatch("disk-[0-9a-z]{8}", disk_id)
    assert instance.purchase == Purchase(
        attributes=Attributes(host_name="VM-0-2-linux"), system_disk=Disk(disk_id=disk_id)
    )
    assert (instance.purchase.size.cpus, instance.purchase.size.memory_gib) == (1, 1)


def test_there_are_types_of_one_to_many_cpus() -> None:
    assert {found.cpus for found in TYPES.values()} >= {1, 2, 4, 8, 16, 32, 48}
    assert all(found.name == name for name, found in TYPES.items())
    assert all(name.startswith(f"{found.family}.") for name, found in TYPES.items())


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"instance_type": "S5.HUGE"}, errors.UnknownTypeError),
        ({"instance_type": ""}, errors.UnknownTypeError),
        ({"charge_type": InstanceChargeType.PREPAID}, errors.InvalidValueError),
        ({"charge_type": InstanceChargeType.CDHPAID}, errors.InvalidValueError),
        ({"attributes": Attributes(user_data="no base64")}, errors.UserDataError),
        ({"attributes": Attributes(user_data="eA=")}, errors.UserDataError),
        ({"attributes": Attributes(user_data="网")}, errors.UserDataError),
        ({"attributes": Attributes(role="a/b")}, errors.RoleNameError),
        ({"attributes": Attributes(role="网")}, errors.RoleNameError),
        ({"attributes": Attributes(role="x" * 129)}, errors.RoleNameError),
        ({"system_disk": Disk(size_gib=19)}, errors.RangeError),
        ({"system_disk": Disk(size_gib=2049)}, errors.RangeError),
        ({"system_disk": Disk(name="x" * 129)}, errors.InvalidValueError),
        ({"system_disk": Disk(key_id="a\0")}, errors.InvalidValueError),
        ({"data_disks": (Disk(size_gib=0),)}, errors.RangeError),
        ({"data_disks": (Disk(size_gib=32_010),)}, errors.RangeError),
        ({"data_disks": (Disk(size_gib=55),)}, errors.RangeError),
        ({"data_disks": (Disk(),) * 21}, errors.DiskCountError),
        ({"data_disks": (Disk(DiskType.LOCAL_SSD),) * 2}, errors.DiskCountError),
        ({"data_disks": (Disk(extra_mib_s=1),)}, errors.DiskKindError),
        ({"data_disks": (Disk(DiskType.CLOUD_HSSD, extra_mib_s=-1),)}, errors.DiskKindError),
        ({"key_ids": ("skey-1",)}, errors.KeyPairError),
        ({"key_ids": ("skey-12345678",) * 6}, errors.KeyPairError),
        ({"attributes": Attributes(security_groups=("sg-1",))}, errors.UnknownGroupError),
        (
            {"attributes": Attributes(security_groups=("sg-12345678",) * 6)},
            errors.SecurityGroupQuotaError,
        ),
        ({"attributes": Attributes(host_name="x")}, errors.HostNameError),
        ({"attributes": Attributes(host_name="x" * 61)}, errors.HostNameError),
        ({"attributes": Attributes(host_name="-web")}, errors.HostNameError),
        ({"attributes": Attributes(host_name="web.")}, errors.HostNameError),
        ({"attributes": Attributes(host_name="a--b")}, errors.HostNameError),
        ({"attributes": Attributes(host_name="a_b")}, errors.HostNameError),
        ({"attributes": Attributes(host_name="web\n")}, errors.HostNameError),
    ],
    ids=str,
)
def test_what_can_not_be_had_is_refused(
    changed: dict[str, Any], error: type[errors.DomainError]
) -> None:
    refused = refusal(Story(), purchase=replace(FULL, **changed))
    assert type(refused) is error
    assert "\n" not in str(refused)


def test_each_disk_of_each_instance_has_an_id_of_its_own_until_it_goes() -> None:
    story = Story()
    most = (Disk(DiskType.LOCAL_BASIC, 10), *(Disk(DiskType.CLOUD_TSSD, 32_000),) * 20)
    bought = buy(story, count=3, purchase=Purchase(data_disks=most))
    owners = {
        disk.disk_id: instance.instance_id
        for instance in bought
        for disk in instance.purchase.disks
    }
    assert len(owners) == 3 * 22
    assert story.state.disks == owners
    for instance in bought:
        story.do(cmd.ReportDone(instance.instance_id))
        story.terminate(instance.instance_id)
    assert story.state.disks == {}


def test_user_data_has_a_limit_before_base64() -> None:
    story = Story()
    most = base64.b64encode(bytes(USER_DATA_MAX)).decode()
    (instance,) = buy(story, purchase=Purchase(attributes=Attributes(user_data=most)))
    assert instance.purchase.attributes.user_data == most
    above = base64.b64encode(bytes(USER_DATA_MAX + 1)).decode()
    assert (
        type(refusal(story, purchase=Purchase(attributes=Attributes(user_data=above))))
        is errors.UserDataError
    )


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("web", ["web1", "web2", "web3"]),
        ("", ["unnamed", "unnamed", "unnamed"]),
        ("web{R:3}", ["web3", "web4", "web5"]),
        ("{R:9,F:3}-{R:1}", ["009-1", "010-2", "011-3"]),
        ("web{R:x}", ["web{R:x}1", "web{R:x}2", "web{R:x}3"]),
    ],
)
def test_several_have_names_of_their_own(name: str, names: list[str]) -> None:
    bought = buy(
        Story(), name, count=3, purchase=Purchase(attributes=Attributes(host_name="h{R:8,F:2}"))
    )
    assert [instance.name for instance in bought] == names
    assert [instance.purchase.attributes.host_name for instance in bought] == ["h08", "h09", "h10"]


def test_a_name_that_becomes_too_long_is_refused() -> None:
    (instance,) = buy(Story(), "x" * 127 + "{R:9}")
    assert len(instance.name) == 128
    command = cmd.RunInstance("x" * 127 + "{R:9}", 0, HOURLY, count=2)
    assert type(Story().refusal(command)) is errors.InstanceNameTooLongError


@given(st.integers(0, 10**9 - 1), st.integers(0, 99), st.integers(0, 99))
def test_a_number_counts_on_and_is_as_wide_as_asked(first: int, width: int, position: int) -> None:
    found = numbered(f"a{{R:{first},F:{width}}}b", position, 100)
    digits = re.fullmatch("a([0-9]+)b", found)
    assert digits
    assert int(digits[1]) == first + position
    assert len(digits[1]) == max(width, len(str(first + position)))


def test_private_addresses_can_be_chosen() -> None:
    story = Story()
    given_ips = ("10.0.0.77", "10.0.0.5")
    bought = buy(story, count=2, private_ips=given_ips)
    assert tuple(instance.private_ip for instance in bought) == given_ips
    assert {instance.purchase.attributes.host_name for instance in bought} == {
        "VM-0-77-linux",
        "VM-0-5-linux",
    }
    assert type(refusal(story, private_ips=("10.0.0.77",))) is errors.PrivateIpUsedError
    story.do(cmd.ReportDone(bought[0].instance_id))
    story.terminate(bought[0].instance_id)
    assert buy(story, private_ips=("10.0.0.77",))


@pytest.mark.parametrize(
    ("private_ips", "error"),
    [
        (("10.0.0.7", "10.0.0.8"), errors.InstanceCombinationError),
        (("10.0.0",), errors.PrivateIpMalformedError),
        (("010.0.0.7",), errors.PrivateIpMalformedError),
        (("::1",), errors.PrivateIpMalformedError),
        (("10.0.1.7",), errors.PrivateIpOutsideError),
        (("10.0.0.0",), errors.PrivateIpOutsideError),
        (("10.0.0.255",), errors.PrivateIpOutsideError),
        (("10.0.0.1",), errors.PrivateIpUsedError),
    ],
    ids=str,
)
def test_private_addresses_that_can_not_be_are_refused(
    private_ips: tuple[str, ...], error: type[errors.DomainError]
) -> None:
    assert type(refusal(Story(), private_ips=private_ips)) is error


def test_no_private_address_is_for_two_and_no_call_names_too_many() -> None:
    twice = refusal(Story(), count=2, private_ips=("10.0.0.7", "10.0.0.7"))
    assert type(twice) is errors.PrivateIpUsedError
    many = tuple(f"10.0.0.{last}" for last in range(10, 31))
    assert type(refusal(Story(), count=21, private_ips=many)) is errors.InstanceCombinationError


def test_fewer_will_do_if_that_was_said() -> None:
    story = Story(vpc="10.0.0.0/29")  # five private addresses
    assert type(refusal(story, 0, count=7, count_min=6)) is errors.SubnetFullError
    assert len(buy(story, mbps=0, count=7, count_min=2)) == 5


def test_fewer_will_do_if_there_are_fewer_public_addresses() -> None:
    story = Story(pool="203.0.113.0/29")  # six
    assert type(refusal(story, count=9, count_min=7)) is errors.PoolEmptyError
    blocked = story.free()[0]
    taken = story.allocate()
    story.do(cmd.BlockAddress(blocked, 600))
    story.do(cmd.ReleaseEip(taken))
    story.now += 60  # out of quarantine, and blocked still
    assert len(buy(story, count=9, count_min=4)) == 5
    assert len(buy(story, count=9, count_min=4, public_ip=False)) == 9


@pytest.mark.parametrize(("count", "least"), [(1, 0), (2, 3), (2, -1)])
def test_at_least_is_not_more_than_at_most(count: int, least: int) -> None:
    assert type(refusal(Story(), count=count, count_min=least)) is errors.MinCountError


def test_a_public_address_can_be_declined_for_good() -> None:
    story = Story()
    (instance,) = buy(story, public_ip=False)
    assert (instance.ordinary, instance.bandwidth_mbps) == (None, 0)
    story.do(cmd.ReportDone(instance.instance_id))
    eip_id = story.bound(instance.instance_id)
    story.do(cmd.UnbindEip(eip_id))
    assert story.public(instance.instance_id) is None


def test_a_public_address_needs_bandwidth() -> None:
    story = Story()
    assert type(refusal(story, 0, public_ip=True)) is errors.InstanceCombinationError
    assert type(refusal(story, 101, public_ip=False)) is errors.RangeError
    package = ChargeType.BANDWIDTH_PACKAGE
    command = cmd.RunInstance("web", 10, package, "bwp-nothing0", public_ip=False)
    assert type(story.refusal(command)) is errors.UnknownPackageError


def test_a_client_token_tells_other_purchases_apart() -> None:
    story = Story()
    first = cmd.RunInstance("web", 10, HOURLY, client_token="t", purchase=FULL)
    assert story.do(first)
    assert story.do(first) == []
    other = replace(first, purchase=replace(FULL, image_id="img-00000001"))
    assert type(story.refusal(other)) is errors.TokenReusedError


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"host_name": "www"}, {"host_name": "www"}),
        ({"host_name": ""}, {"host_name": "VM-0-2-linux"}),
        ({"user_data": "eA=="}, {"user_data": "eA=="}),
        ({"user_data": ""}, {"user_data": ""}),
        ({"role": "writer"}, {"role": "writer"}),
        ({"role": ""}, {"role": ""}),
        ({"protected": False}, {"protected": False}),
    ],
    ids=str,
)
def test_an_attribute_changes_and_nothing_else(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    story = Story()
    (instance,) = buy(story, purchase=FULL)
    story.do(cmd.ReportDone(instance.instance_id))
    command = cmd.ChangeInstancesAttributes((instance.instance_id,), **changes)
    assert len(story.do(command)) == 1
    attributes = replace(FULL.attributes, **expected)
    after = replace(instance.purchase, attributes=attributes)
    assert story.instance(instance.instance_id).purchase == after
    assert story.do(command) == []


def test_a_role_that_comes_back_is_another_one() -> None:
    story = Story()
    instance_id = story.run()

    def since_after(**changes: Any) -> float:
        story.now += 1
        story.do(cmd.ChangeInstancesAttributes((instance_id,), **changes))
        return story.instance(instance_id).role_since

    times = [since_after(role="reader"), since_after(role=""), since_after(role="reader")]
    assert times == [story.now - 2, story.now - 1, story.now]
    assert since_after(protected=True) == times[-1]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"host_name": "-"}, errors.HostNameError),
        ({"user_data": "?"}, errors.UserDataError),
        ({"role": "?"}, errors.RoleNameError),
    ],
    ids=str,
)
def test_an_attribute_that_can_not_be_is_refused_for_all(
    changes: dict[str, Any], error: type[errors.DomainError]
) -> None:
    story = Story()
    command = cmd.ChangeInstancesAttributes((story.run(), story.run()), **changes)
    assert type(story.refusal(command)) is error


def test_the_attributes_of_whom_there_is_not_or_who_is_busy_stay() -> None:
    story = Story()
    good, busy = story.run(), story.instance_in(InstanceState.PENDING)
    for other, error in (("ins-x", errors.UnknownInstanceError), (busy, errors.InstanceStateError)):
        command = cmd.ChangeInstancesAttributes((good, other), role="reader")
        assert type(story.refusal(command)) is error


def test_who_is_protected_is_not_terminated_until_it_no_longer_is() -> None:
    story = Story()
    for instance_id in (story.run(), story.instance_in(InstanceState.LAUNCH_FAILED)):
        story.do(cmd.ChangeInstancesAttributes((instance_id,), protected=True))
        refused = story.refusal(cmd.TerminateInstance(instance_id))
        assert type(refused) is errors.ProtectedError
        story.do(cmd.ChangeInstancesAttributes((instance_id,), protected=False))
        story.terminate(instance_id)
