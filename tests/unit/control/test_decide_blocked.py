"""Blocked addresses: what is refused meanwhile, what goes on, and when they open."""

from ipaddress import IPv4Address

import pytest
from support.story import BEGIN, HOURLY, Story

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import Compiler, compile_table
from gateway.control.decisions.blocks import BLOCKED_MAX_S
from gateway.control.state import State
from gateway.control.values import Behaviour, InstanceState, NetworkType
from gateway.control.values import PackageChargeType as Kind

HOUR_S = 3600


def blocked(state: State) -> list[str]:
    """The public addresses that the table says are blocked."""
    mappings = compile_table(state).mappings
    return [str(IPv4Address(mapping.public)) for mapping in mappings if mapping.blocked]


def with_ordinary(story: Story) -> tuple[str, str]:
    """A running instance, and its ordinary public IP, which is blocked."""
    instance_id = story.run()
    address = story.ordinary(instance_id)
    assert address
    story.do(cmd.BlockAddress(address, HOUR_S))
    return instance_id, address


def with_eip(story: Story) -> tuple[str, str, str]:
    """A running instance, its EIP, and its address, which is blocked."""
    instance_id = story.run()
    eip_id = story.bound(instance_id)
    address = story.eip(eip_id).address
    story.do(cmd.BlockAddress(address, HOUR_S))
    return instance_id, eip_id, address


@pytest.mark.parametrize("kind", ["ordinary", "eip"])
def test_an_address_is_blocked_and_opens_when_its_time_has_come(kind: str) -> None:
    story, compiler = Story(), Compiler()
    story.run()
    instance_id = story.run()
    if kind == "eip":
        story.bound(instance_id)
    address = story.public(instance_id)
    assert address
    before = compiler.compile(story.state)
    assert story.do(cmd.BlockAddress(address, HOUR_S)) == [
        ev.AddressBlocked(address, BEGIN + HOUR_S)
    ]
    assert blocked(story.state) == [address]
    assert compiler.compile(story.state) == compile_table(story.state)
    story.now += HOUR_S - 0.001
    assert story.do(cmd.OpenDueAddresses()) == []
    story.now += 0.001
    assert story.do(cmd.OpenDueAddresses()) == [ev.AddressOpened(address)]
    assert compiler.compile(story.state).mappings == before.mappings


def test_only_what_is_due_opens() -> None:
    story = Story()
    first, second = (story.eip(story.allocate()).address for _ in range(2))
    story.do(cmd.BlockAddress(first, HOUR_S))
    story.do(cmd.BlockAddress(second, 2 * HOUR_S))
    story.now += HOUR_S
    assert story.do(cmd.OpenDueAddresses()) == [ev.AddressOpened(first)]
    assert story.state.blocked == {second: BEGIN + 2 * HOUR_S}


def test_to_block_again_changes_the_time_alone() -> None:
    story = Story()
    _, address = with_ordinary(story)
    story.now += 7
    again = story.do(cmd.BlockAddress(address, 10))
    assert again == [ev.AddressBlocked(address, BEGIN + 17)]
    assert story.state.blocked == {address: BEGIN + 17}


def test_the_operator_opens_before_its_time_and_twice_is_once() -> None:
    story = Story()
    _, address = with_ordinary(story)
    assert story.do(cmd.OpenAddress(address)) == [ev.AddressOpened(address)]
    assert story.do(cmd.OpenAddress(address)) == []
    assert blocked(story.state) == []


@pytest.mark.parametrize("seconds", [0, -1, BLOCKED_MAX_S + 1])
def test_a_time_has_a_range(seconds: int) -> None:
    story = Story()
    address = story.eip(story.allocate()).address
    assert isinstance(story.refusal(cmd.BlockAddress(address, seconds)), errors.RangeError)
    assert story.do(cmd.BlockAddress(address, BLOCKED_MAX_S))


@pytest.mark.parametrize("address", ["203.0.113.9", "198.51.100.1", "10.0.0.2", "", "eip-x"])
def test_an_address_that_nobody_has_is_refused(address: str) -> None:
    story = Story()
    story.run()
    for command in (cmd.BlockAddress(address, 1), cmd.OpenAddress(address)):
        assert isinstance(story.refusal(command), errors.UnknownAddressError)


def test_a_blocked_eip_is_neither_bound_nor_moved_nor_unbound() -> None:
    story = Story()
    _, eip_id, address = with_eip(story)
    idle = story.allocate()
    story.do(cmd.BlockAddress(story.eip(idle).address, HOUR_S))
    other = story.run()
    for behaviour in Behaviour:
        story.do(cmd.ConfigureAccount(behaviour))
        for command in (
            cmd.BindEip(idle, other),
            cmd.BindEip(eip_id, other),
            cmd.UnbindEip(eip_id),
            cmd.UnbindEip(eip_id, reallocate=True),
        ):
            refused = story.refusal(command)
            assert isinstance(refused, errors.AddressBlockedError)
            assert "is blocked until 1970-01-12T14:46:40Z" in str(refused)
    story.do(cmd.ConfigureAccount(Behaviour.LEGACY))
    story.do(cmd.OpenAddress(address))
    assert story.do(cmd.UnbindEip(eip_id))


@pytest.mark.parametrize("behaviour", Behaviour)
def test_a_blocked_ordinary_ip_stays_where_it_is(behaviour: Behaviour) -> None:
    story = Story()
    instance_id, address = with_ordinary(story)
    story.do(cmd.ConfigureAccount(behaviour))
    refused = story.refusal(cmd.BindEip(story.allocate(), instance_id))
    assert isinstance(refused, errors.OrdinaryIpBlockedError)
    refused = story.refusal(cmd.TransformOrdinaryIp(instance_id))
    assert isinstance(refused, errors.AddressBlockedError)
    if behaviour is Behaviour.STANDARD:
        refused = story.refusal(cmd.ReturnOrdinaryIps((instance_id,)))
        assert isinstance(refused, errors.AddressBlockedError)
    story.do(cmd.OpenAddress(address))
    assert story.do(cmd.TransformOrdinaryIp(instance_id))


def test_bandwidth_names_and_packages_change_while_an_address_is_blocked() -> None:
    story = Story()
    instance_id, address = with_ordinary(story)
    (created,) = story.do(
        cmd.CreatePackages("x", 100, Kind.TOP5_POSTPAID_BY_MONTH, NetworkType.BGP)
    )
    assert isinstance(created, ev.PackageCreated)
    ordinary = story.instance(instance_id).ordinary
    assert ordinary
    assert story.do(cmd.ChangeInstancesBandwidth((instance_id,), 20))
    assert story.do(cmd.RenameInstances((instance_id,), "sealed"))
    assert story.do(cmd.JoinPackage(created.package_id, (ordinary.address_id,)))
    (mapping,) = compile_table(story.state).mappings
    assert (mapping.blocked, mapping.package, mapping.out_kbps) == (True, 1, 20_000)
    assert blocked(story.state) == [address]


def test_a_stopped_instance_comes_back_blocked() -> None:
    story = Story()
    instance_id, address = with_ordinary(story)
    story.stop(instance_id)
    assert compile_table(story.state).mappings == ()
    story.do(cmd.StartInstance(instance_id))
    story.do(cmd.ReportDone(instance_id))
    assert blocked(story.state) == [address]


def test_an_instance_may_end_and_its_ordinary_ip_is_nobodys_until_it_opens() -> None:
    story = Story(quarantine_s=1)
    instance_id, address = with_ordinary(story)
    story.terminate(instance_id)
    story.now += 60
    story.without_quotas()
    given = {story.eip(story.allocate()).address for _ in range(13)}
    assert address not in given
    assert isinstance(story.refusal(cmd.AllocateEip("", 1, HOURLY)), errors.PoolEmptyError)
    assert isinstance(story.refusal(cmd.RunInstance("", 1, HOURLY)), errors.PoolEmptyError)
    story.do(cmd.BlockAddress(address, 2 * HOUR_S))
    story.do(cmd.OpenAddress(address))
    assert story.eip(story.allocate()).address == address
    assert blocked(story.state) == []


def test_an_instance_may_end_and_its_eip_stays_blocked() -> None:
    story = Story()
    instance_id, eip_id, address = with_eip(story)
    story.terminate(instance_id)
    assert story.eip(eip_id).instance_id is None
    assert address in story.state.blocked
    assert isinstance(story.refusal(cmd.BindEip(eip_id, story.run())), errors.AddressBlockedError)


def test_an_idle_blocked_eip_may_be_released_and_its_address_waits() -> None:
    story = Story(quarantine_s=1)
    eip_id = story.allocate()
    address = story.eip(eip_id).address
    story.do(cmd.BlockAddress(address, HOUR_S))
    story.do(cmd.ReleaseEip(eip_id))
    story.without_quotas()
    story.now += HOUR_S
    assert address not in {story.eip(story.allocate()).address for _ in range(13)}
    story.do(cmd.OpenDueAddresses())
    assert story.eip(story.allocate()).address == address


def test_what_could_not_be_built_leaves_its_blocked_address_to_nobody() -> None:
    story = Story(quarantine_s=1)
    instance_id = story.instance_in(InstanceState.PENDING)
    address = story.ordinary(instance_id)
    assert address
    story.do(cmd.BlockAddress(address, HOUR_S))
    story.do(cmd.ReportLaunchFailed(instance_id, "no memory"))
    story.now += 60
    story.without_quotas()
    assert address not in {story.eip(story.allocate()).address for _ in range(13)}
