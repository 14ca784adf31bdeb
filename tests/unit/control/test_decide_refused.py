"""What is refused: with which error and which words, and that nothing changes by it."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control.values import ChargeType, InstanceState

STATES = list(InstanceState)
PERMITTED: dict[type[cmd.Command], set[InstanceState]] = {
    cmd.StartInstance: {InstanceState.STOPPED},
    cmd.StopInstance: {InstanceState.RUNNING},
    cmd.RebootInstance: {InstanceState.RUNNING},
    cmd.TerminateInstance: {
        InstanceState.RUNNING,
        InstanceState.STOPPED,
        InstanceState.LAUNCH_FAILED,
    },
    cmd.BindEip: {InstanceState.RUNNING, InstanceState.STOPPED},
    cmd.ReportLaunchFailed: {InstanceState.PENDING},
}
MAKE: dict[type[cmd.Command], Callable[[str, str], cmd.Command]] = {
    cmd.StartInstance: lambda instance_id, _: cmd.StartInstance(instance_id),
    cmd.StopInstance: lambda instance_id, _: cmd.StopInstance(instance_id),
    cmd.RebootInstance: lambda instance_id, _: cmd.RebootInstance(instance_id),
    cmd.TerminateInstance: lambda instance_id, _: cmd.TerminateInstance(instance_id),
    cmd.BindEip: lambda instance_id, eip_id: cmd.BindEip(eip_id, instance_id),
    cmd.ReportLaunchFailed: lambda instance_id, _: cmd.ReportLaunchFailed(instance_id, "why"),
}


@pytest.mark.parametrize(
    ("command", "state"),
    [
        pytest.param(command, state, id=f"{command.__name__}-{state.value}")
        for command, state in product(PERMITTED, STATES)
    ],
)
def test_a_command_is_carried_out_in_its_states_and_refused_in_all_others(
    command: type[cmd.Command], state: InstanceState
) -> None:
    story = Story()
    instance_id, eip_id = story.instance_in(state), story.allocate()
    asked = MAKE[command](instance_id, eip_id)
    if state in PERMITTED[command]:
        assert story.do(asked)
        return
    refused = story.refusal(asked)
    assert isinstance(refused, errors.InstanceStateError)
    assert refused.state is state
    assert f"{instance_id} is {state.value}: it must be " in str(refused)
    assert all(needed.value in str(refused) for needed in PERMITTED[command])


@pytest.mark.parametrize("kind", MAKE, ids=lambda kind: kind.__name__)
def test_an_unknown_instance_is_refused_by_its_id(kind: type[cmd.Command]) -> None:
    story = Story()
    refused = story.refusal(MAKE[kind]("ins-nowhere0", story.allocate()))
    assert isinstance(refused, errors.UnknownInstanceError)
    assert "'ins-nowhere0'" in str(refused)


def test_a_report_on_an_unknown_instance_is_refused() -> None:
    assert isinstance(Story().refusal(cmd.ReportDone("ins-x")), errors.UnknownInstanceError)


ON_EIP: list[Callable[[str, str], cmd.Command]] = [
    cmd.BindEip,
    lambda eip_id, _: cmd.UnbindEip(eip_id),
    lambda eip_id, _: cmd.ReleaseEip(eip_id),
]
ON_EIP_IDS = ["bind", "unbind", "release"]


@pytest.mark.parametrize("make", ON_EIP, ids=ON_EIP_IDS)
def test_an_unknown_eip_is_refused_by_its_id(make: Callable[[str, str], cmd.Command]) -> None:
    story = Story()
    refused = story.refusal(make("eip-nowhere0", story.run()))
    assert isinstance(refused, errors.UnknownEipError)
    assert "'eip-nowhere0'" in str(refused)


@pytest.mark.parametrize("make", ON_EIP, ids=ON_EIP_IDS)
def test_the_user_cannot_bind_unbind_or_release_an_ordinary_ip_by_its_address_id(
    make: Callable[[str, str], cmd.Command],
) -> None:
    story = Story()
    owner, other = story.run(), story.run()
    ordinary = story.instance(owner).ordinary
    assert ordinary is not None
    for instance_id in (owner, other):
        refused = story.refusal(make(ordinary.address_id, instance_id))
        assert isinstance(refused, errors.OrdinaryAddressError)
        assert f"{ordinary.address} is an ordinary public IP" in str(refused)


def test_the_user_cannot_choose_a_public_address_because_no_command_has_a_place_for_one() -> None:
    moves_nothing = {cmd.BlockAddress, cmd.OpenAddress}  # and is the operator's
    kinds = set(cmd.Command.__args__) - moves_nothing
    fields = {(kind.__name__, field) for kind in kinds for field in kind.__dataclass_fields__}
    assert {field for _, field in fields} == {
        "name",
        "bandwidth_mbps",
        "charge_type",
        "instance_id",
        "eip_id",
        "why",
        "instance_ids",
        "eip_ids",
        "address_ids",
        "package_id",
        "network_type",
        "client_token",
        "behaviour",
        "reallocate",
        "eips_max",
        "applications_max",
        "count",
        "count_min",
        "purchase",
        "private_ips",
        "public_ip",  # whether, not which
        "charging",
        "host_name",
        "user_data",
        "role",
        "protected",
        "security_groups",
        "tags",
        "tag",
        "resource_id",  # of what is tagged
        "given",
        "taken",
        "months",
        "renewal",
        "group_id",
        "template_id",
        "description",
        "ingress",
        "egress",
        "policies",
        "direction",
        "index",
        "indexes",
        "changes",
        "version",
        "with_tags",
        "kind",
        "members",  # of a template
    }


def exhausted() -> tuple[Story, str]:
    """No public address can be given out; one instance has an EIP."""
    story = Story(pool="203.0.113.0/28")
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    story.exhaust()
    return story, eip_id


@pytest.mark.parametrize(
    "make",
    [
        lambda eip_id, _: cmd.RunInstance("web", 10, HOURLY),
        lambda eip_id, _: cmd.AllocateEip("front", 10, HOURLY),
        lambda eip_id, _: cmd.UnbindEip(eip_id),
        cmd.BindEip,
    ],
    ids=["run", "allocate", "unbind", "rebind"],
)
def test_an_empty_pool_is_a_clear_error_and_nothing_has_changed(
    make: Callable[[str, str], cmd.Command],
) -> None:
    story, eip_id = exhausted()
    refused = story.refusal(make(eip_id, story.run(0)))
    assert isinstance(refused, errors.PoolEmptyError)
    assert "no public address is free: release an EIP or terminate an instance" in str(refused)
    assert "quarantine" in str(refused)


def test_with_an_empty_pool_what_needs_no_address_still_works() -> None:
    story, eip_id = exhausted()
    owner = story.eip(eip_id).instance_id
    assert owner is not None
    story.run(0)
    story.terminate(owner)
    story.do(cmd.ReleaseEip(eip_id))


def test_rebinding_off_an_instance_without_bandwidth_needs_no_address() -> None:
    story = Story()
    old, new = story.run(0), story.run(0)
    eip_id = story.bound(old)
    story.exhaust()
    story.do(cmd.BindEip(eip_id, new))
    assert story.public(old) is None


def test_a_full_subnet_is_a_clear_error_and_takes_no_public_address() -> None:
    story = Story(vpc="10.0.0.0/30")
    story.run()
    refused = story.refusal(cmd.RunInstance("web", 10, HOURLY))
    assert isinstance(refused, errors.SubnetFullError)
    assert "no private address is free" in str(refused)


def test_an_eip_bound_to_the_instance_already_is_refused() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    refused = story.refusal(cmd.BindEip(eip_id, instance_id))
    assert isinstance(refused, errors.AlreadyBoundError)
    assert f"{eip_id} is bound to {instance_id} already" in str(refused)


def test_a_second_eip_for_one_instance_is_refused() -> None:
    story = Story()
    instance_id = story.run()
    first, second = story.bound(instance_id), story.allocate()
    refused = story.refusal(cmd.BindEip(second, instance_id))
    assert isinstance(refused, errors.AlreadyBoundError)
    assert f"{instance_id} has {first} bound: unbind that first" in str(refused)


def test_rebinding_to_an_instance_in_the_wrong_state_leaves_the_eip_where_it_is() -> None:
    story = Story()
    eip_id = story.bound(story.run())
    pending = story.instance_in(InstanceState.PENDING)
    assert isinstance(story.refusal(cmd.BindEip(eip_id, pending)), errors.InstanceStateError)


def test_an_unbound_eip_cannot_be_unbound() -> None:
    story = Story()
    eip_id = story.allocate()
    refused = story.refusal(cmd.UnbindEip(eip_id))
    assert isinstance(refused, errors.EipStatusError)
    assert f"{eip_id} is bound to no instance" in str(refused)


def test_a_bound_eip_cannot_be_released() -> None:
    story = Story()
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    refused = story.refusal(cmd.ReleaseEip(eip_id))
    assert isinstance(refused, errors.EipStatusError)
    assert f"{eip_id} is bound to {instance_id}: unbind it first" in str(refused)


BANDWIDTHS = [
    (ChargeType.BANDWIDTH_PREPAID, 200),
    (ChargeType.BANDWIDTH_PREPAID_BY_MONTH, 200),
    (ChargeType.BANDWIDTH_POSTPAID_BY_HOUR, 100),
    (ChargeType.TRAFFIC_POSTPAID_BY_HOUR, 100),
    (ChargeType.BANDWIDTH_PACKAGE, 2000),
]


OUT_OF_RANGE = (
    errors.RangeError,
    errors.BandwidthTooSmallError,
    errors.BandwidthTooLargeError,
)


@pytest.mark.parametrize(("charge_type", "most"), BANDWIDTHS)
@pytest.mark.parametrize(
    ("kind", "least", "not_for"),
    [
        (cmd.RunInstance, 0, ChargeType.BANDWIDTH_PREPAID_BY_MONTH),
        (cmd.AllocateEip, 1, ChargeType.BANDWIDTH_PREPAID),
    ],
    ids=["instance", "eip"],
)
def test_bandwidth_has_the_limits_of_its_charge_type(
    kind: type[cmd.RunInstance | cmd.AllocateEip],
    least: int,
    not_for: ChargeType,
    charge_type: ChargeType,
    most: int,
) -> None:
    story = Story()
    if charge_type is not_for:
        refused = story.refusal(kind("name", 10, charge_type))
        assert isinstance(refused, errors.InvalidValueError)
        assert f"{charge_type.value} isn't possible here: use " in str(refused)
        return
    more: Any = story.paying(charge_type)
    if charge_type is ChargeType.BANDWIDTH_PREPAID_BY_MONTH:
        more = {"months": 1}
    for mbps in (least or 1, most):
        assert story.do(kind("name", mbps, charge_type, **more))
    if not least:
        assert story.do(kind("name", 0, charge_type))
    for mbps in (least - 1, most + 1):
        refused = story.refusal(kind("name", mbps, charge_type, **more))
        assert isinstance(refused, OUT_OF_RANGE)
        assert f"{least} to {most} is" in str(refused)


@pytest.mark.parametrize(
    "name",
    ["a\nb", "a\x00", "\u202etxt", "\ud800"],
    ids=["newline", "zero byte", "direction override", "lone surrogate"],
)
@pytest.mark.parametrize("kind", [cmd.RunInstance, cmd.AllocateEip], ids=["instance", "eip"])
def test_names_that_cannot_be_printed_are_refused(
    kind: type[cmd.RunInstance | cmd.AllocateEip], name: str
) -> None:
    refused = Story().refusal(kind(name, 10, HOURLY))
    assert isinstance(refused, errors.InvalidValueError)
    assert "at most 128 characters" in str(refused)


def test_names_that_are_too_long_are_refused() -> None:
    story = Story()
    refused = story.refusal(cmd.RunInstance("x" * 129, 10, HOURLY))
    assert isinstance(refused, errors.InstanceNameTooLongError)
    refused = story.refusal(cmd.AllocateEip("x" * 129, 10, HOURLY))
    assert isinstance(refused, errors.NameTooLongError)
