"""Bandwidth, charge type and name of what is in use: what may change, and what follows."""

import pytest
from support.story import HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.values import ChargeType, InstanceState

FIXED = ChargeType.BANDWIDTH_POSTPAID_BY_HOUR
MONTHLY = ChargeType.BANDWIDTH_PREPAID_BY_MONTH
PACKAGE = ChargeType.BANDWIDTH_PACKAGE


def caps(story: Story) -> list[tuple[int, int]]:
    """What the mappings are capped at, out and in, in Mbit/s."""
    mappings = compile_table(story.state).mappings
    return [(mapping.out_kbps // 1000, mapping.in_kbps // 1000) for mapping in mappings]


def bought(story: Story, charge_type: ChargeType) -> str:
    """A running instance paid for like that; its id."""
    ordered = story.do(cmd.RunInstance("web", 10, charge_type, **story.paying(charge_type)))[0]
    assert isinstance(ordered, ev.InstanceOrdered)
    story.do(cmd.ReportDone(ordered.instance_id))
    return ordered.instance_id


def allocated(story: Story, charge_type: ChargeType) -> str:
    """An EIP paid for like that; its id."""
    paying = story.paying(charge_type)
    event, *_ = story.do(cmd.AllocateEip("front", 10, charge_type, months=1, **paying))
    assert isinstance(event, ev.EipAllocated)
    return event.eip_id


def test_an_ordinary_ips_bandwidth_changes_and_the_table_follows() -> None:
    story = Story()
    instance_id, compiler = story.run(), Compiler()
    compiler.compile(story.state)
    change = cmd.ChangeInstancesBandwidth((instance_id,), 50)
    assert story.do(change) == [ev.InstanceBandwidthChanged(instance_id, 50)]
    assert caps(story) == [(50, 50)]
    assert compiler.compile(story.state) == compile_table(story.state)
    assert story.do(change) == [], "it is so already"


def test_a_bound_eips_bandwidth_changes_and_the_table_follows() -> None:
    story = Story()
    instance_id, compiler = story.run(), Compiler()
    eip_id = story.bound(instance_id)
    compiler.compile(story.state)
    change = cmd.ChangeEipsBandwidth((eip_id, eip_id), 50)
    assert story.do(change) == [ev.EipBandwidthChanged(eip_id, 50)]
    assert caps(story) == [(50, 50)]
    assert compiler.compile(story.state) == compile_table(story.state)
    assert story.do(change) == []
    assert story.instance(instance_id).bandwidth_mbps == 10, "the instance's own is another"


def test_several_change_together_or_not_at_all() -> None:
    story = Story()
    ids = (story.run(), story.run())
    assert len(story.do(cmd.ChangeInstancesBandwidth(ids, 7))) == 2
    story.refusal(cmd.ChangeInstancesBandwidth((*ids, "ins-nowhere0"), 8))
    eips = (story.allocate(), story.allocate())
    assert len(story.do(cmd.ChangeEipsBandwidth(eips, 7))) == 2
    story.refusal(cmd.ChangeEipsBandwidth((*eips, "eip-nowhere0"), 8))


INSTANCE_RANGES = [
    (ChargeType.BANDWIDTH_PREPAID, 200),
    (FIXED, 100),
    (HOURLY, 100),
    (PACKAGE, 2000),
]
EIP_RANGES = [(MONTHLY, 200), (FIXED, 100), (HOURLY, 100), (PACKAGE, 2000)]


@pytest.mark.parametrize(("kind", "most"), INSTANCE_RANGES)
def test_an_instances_bandwidth_stays_within_its_charge_types_range(
    kind: ChargeType, most: int
) -> None:
    story = Story()
    instance_id = bought(story, kind)
    for good in (1, most):
        story.do(cmd.ChangeInstancesBandwidth((instance_id,), good))
    for bad in (-1, 0, most + 1):
        refused = story.refusal(cmd.ChangeInstancesBandwidth((instance_id,), bad))
        assert isinstance(refused, errors.RangeError)
        assert f"1 to {most} is" in str(refused)


@pytest.mark.parametrize(("kind", "most"), EIP_RANGES)
def test_an_eips_bandwidth_stays_within_its_charge_types_range(kind: ChargeType, most: int) -> None:
    story = Story()
    eip_id = allocated(story, kind)
    for good in (1, most):
        story.do(cmd.ChangeEipsBandwidth((eip_id,), good))
    small = story.refusal(cmd.ChangeEipsBandwidth((eip_id,), 0))
    large = story.refusal(cmd.ChangeEipsBandwidth((eip_id,), most + 1))
    assert isinstance(small, errors.BandwidthTooSmallError)
    assert isinstance(large, errors.BandwidthTooLargeError)


@pytest.mark.parametrize("state", list(InstanceState))
def test_only_an_instance_at_rest_gets_another_bandwidth(state: InstanceState) -> None:
    story = Story()
    change = cmd.ChangeInstancesBandwidth((story.instance_in(state),), 20)
    if state in (InstanceState.RUNNING, InstanceState.STOPPED):
        assert story.do(change)
    else:
        assert isinstance(story.refusal(change), errors.InstanceStateError)


@pytest.mark.parametrize("with_eip", [False, True])
def test_without_an_ordinary_ip_there_is_none_to_change(with_eip: bool) -> None:
    story = Story()
    instance_id = story.run(bandwidth_mbps=10 if with_eip else 0)
    if with_eip:
        story.bound(instance_id)
    refused = story.refusal(cmd.ChangeInstancesBandwidth((instance_id,), 20))
    assert isinstance(refused, errors.NoOrdinaryAddressError)


def test_one_call_changes_one_charge_type_and_some_only_one_at_a_time() -> None:
    story = Story()
    traffic, fixed, other = story.run(), bought(story, FIXED), bought(story, FIXED)
    for together in ((traffic, fixed), (fixed, other)):
        refused = story.refusal(cmd.ChangeInstancesBandwidth(together, 20))
        assert isinstance(refused, errors.MixedChargeTypesError)
    assert story.do(cmd.ChangeInstancesBandwidth((fixed, fixed), 20)), "the same one is one"


def test_an_ordinary_ips_bandwidth_isnt_changed_like_an_eips() -> None:
    story = Story()
    ordinary = story.instance(story.run()).ordinary
    assert ordinary
    refused = story.refusal(cmd.ChangeEipsBandwidth((ordinary.address_id,), 5))
    assert isinstance(refused, errors.OrdinaryAddressError)


def test_an_eips_charge_type_changes_twice_in_its_life() -> None:
    story = Story()
    eip_id = story.bound(story.run())
    for kind, mbps in ((MONTHLY, 200), (HOURLY, 100)):
        (changed,) = story.do(cmd.ChangeEipChargeType(eip_id, kind, mbps, months=1))
        assert isinstance(changed, ev.EipChargeTypeChanged)
        assert (changed.charge_type, changed.bandwidth_mbps) == (kind.value, mbps)
        assert (story.eip(eip_id).charge_type, story.eip(eip_id).bandwidth_mbps) == (kind, mbps)
        assert caps(story) == [(mbps, mbps)]
    refused = story.refusal(cmd.ChangeEipChargeType(eip_id, FIXED, 5))
    assert isinstance(refused, errors.ChargeTypeQuotaError)


@pytest.mark.parametrize(
    ("begin", "to", "mbps", "error"),
    [
        (HOURLY, HOURLY, 5, errors.ChargeTypeUnchangedError),
        (HOURLY, PACKAGE, 5, errors.ChargeTypeError),
        (PACKAGE, HOURLY, 5, errors.ChargeTypeError),
        (HOURLY, ChargeType.BANDWIDTH_PREPAID, 5, errors.ChargeTypeError),
        (HOURLY, MONTHLY, 0, errors.RangeError),
        (HOURLY, MONTHLY, 201, errors.RangeError),
    ],
)
def test_what_an_eip_cant_be_switched_to(
    begin: ChargeType, to: ChargeType, mbps: int, error: type[errors.DomainError]
) -> None:
    story = Story()
    refused = story.refusal(cmd.ChangeEipChargeType(allocated(story, begin), to, mbps))
    assert isinstance(refused, error)


def test_names_change() -> None:
    story = Story()
    one, other, eip_id = story.run(name="a"), story.run(name="b"), story.allocate()
    assert story.do(cmd.RenameInstances((one, other, one), "b")) == [ev.InstanceRenamed(one, "b")]
    assert story.instance(one).name == "b"
    assert story.do(cmd.RenameEip(eip_id, "")) == [ev.EipRenamed(eip_id, "unnamed")]
    assert story.eip(eip_id).name == "unnamed"
    assert story.do(cmd.RenameEip(eip_id, "unnamed")) == []


def test_a_name_that_is_too_long_or_unprintable_is_refused() -> None:
    story = Story()
    instance_id, eip_id = story.run(), story.allocate()
    long = story.refusal(cmd.RenameInstances((instance_id,), "x" * 129))
    assert isinstance(long, errors.InstanceNameTooLongError)
    long = story.refusal(cmd.RenameEip(eip_id, "x" * 129))
    assert isinstance(long, errors.NameTooLongError)
    bad = story.refusal(cmd.RenameEip(eip_id, "\n"))
    assert isinstance(bad, errors.InvalidValueError)
