"""What there is when something is asked for that is refused."""

from collections.abc import Callable
from typing import Any

from support.api import call
from support.story import HOURLY
from support.world import World

from gateway.control import commands as cmd
from gateway.control.decisions.packages import MEMBERS_MAX
from gateway.control.values import Behaviour, ChargeType

Request = dict[str, Any]
Prepare = Callable[[World], Request]
V = "InvalidParameterValue"
NO_INS, NO_EIP, NO_BWP = "ins-nowhere0", "eip-nowhere0", "bwp-nowhere0"
TWICE = [{"Key": "a"}, {"Key": "a"}]
MANY = [{"Key": f"k{n}"} for n in range(51)]
NO_EIPS, NONE_TODAY = cmd.ConfigureAccount(eips_max=0), cmd.ConfigureAccount(applications_max=0)
PREPAID = "BANDWIDTH_PREPAID_BY_MONTH"


def without_quotas(world: World) -> None:
    """As many EIPs as there are addresses."""
    world.execute(cmd.ConfigureAccount(eips_max=1000, applications_max=1000))


def standard(world: World) -> None:
    """Today's behaviour."""
    world.execute(cmd.ConfigureAccount(Behaviour.STANDARD))


def failed(world: World) -> str:
    """An instance that couldn't be built."""
    world.faults.break_("connect")
    call(world, "RunInstances", {})
    world.faults.mend()
    (found,) = call(world, "DescribeInstances", {})["InstanceSet"]
    return str(found["InstanceId"])


def working(world: World, *, with_eip: bool = False) -> str:
    """An instance that is being rebooted for long."""
    instance_id = world.run()
    if with_eip:
        world.execute(cmd.BindEip(world.allocate(), instance_id))
    world.faults.break_("disconnect")
    call(world, "RebootInstances", {"InstanceIds": [instance_id]})
    return instance_id


def stopped(world: World) -> str:
    """An instance that is stopped."""
    instance_id = world.run()
    call(world, "StopInstances", {"InstanceIds": [instance_id]})
    return instance_id


def going(world: World) -> str:
    """An instance that is being ended for long."""
    instance_id = world.run()
    world.faults.break_("remove")
    call(world, "TerminateInstances", {"InstanceIds": [instance_id]})
    return instance_id


def ordinary_id(world: World, instance_id: str | None = None) -> str:
    """The id of an ordinary public IP."""
    ordinary = world.instance(instance_id or world.run()).ordinary
    assert ordinary
    return ordinary.address_id


def package(world: World, **parameters: Any) -> str:
    """A bandwidth package."""
    return str(call(world, "CreateBandwidthPackage", parameters)["BandwidthPackageId"])


def member(world: World) -> tuple[str, str]:
    """A package and an EIP that is in it."""
    package_id, eip_id = package(world), world.allocate()
    request = {"BandwidthPackageId": package_id, "ResourceIds": [eip_id]}
    call(world, "AddBandwidthPackageResources", request)
    return package_id, eip_id


def full(world: World) -> str:
    """A package with all the members it can have: made so in the state, as the pool is small."""
    package_id = package(world)
    with world.control.state() as state:
        found = state.packages[package_id]
        object.__setattr__(found, "members", ("eip-00000000",) * MEMBERS_MAX)
    return package_id


def empty_pool(world: World) -> None:
    """No public address is left."""
    without_quotas(world)
    with world.control.state() as state:
        free = len(state.pool)
    world.execute(cmd.AllocateEip("x", 1, HOURLY, count=free))


def bound(world: World) -> tuple[str, str]:
    """An EIP and the instance it is bound to."""
    eip_id, instance_id = world.allocate(), world.run()
    world.execute(cmd.BindEip(eip_id, instance_id))
    return eip_id, instance_id


def run_with(world: World, quotas: cmd.ConfigureAccount) -> str:
    """A running instance of an account with these quotas."""
    world.execute(quotas)
    return world.run()


def internet(**values: Any) -> Request:
    """Of an instance."""
    return {"InternetAccessible": values}


def network(**values: Any) -> Request:
    """Of an instance that says where it shall be."""
    return {"VirtualPrivateCloud": {"VpcId": "DEFAULT", "SubnetId": "DEFAULT"} | values}


def protected(world: World) -> str:
    """An instance that is protected against being terminated."""
    request = {"DisableApiTermination": True}
    return str(call(world, "RunInstances", request)["InstanceIdSet"][0])


def tagged(tags: list[dict[str, str]]) -> Request:
    """An instance with tags."""
    return {"TagSpecification": [{"ResourceType": "instance", "Tags": tags}]}


def filtered(name: str, *values: str, **more: Any) -> Request:
    """A list with a filter."""
    return {"Filters": [{"Name": name, "Values": list(values)}], **more}


def again(action: str, count: str) -> Prepare:
    """A client token that was another request's."""

    def prepare(world: World) -> Request:
        call(world, action, {"ClientToken": "once"})
        return {"ClientToken": "once", count: 2}

    return prepare


def moved(prepare: Callable[[World], Any], request: Callable[[Any], Request]) -> Prepare:
    """What the request is about is made before."""
    return lambda world: request(prepare(world))


def in_package(package_id: str) -> Request:
    """Of what joins it from the start."""
    return {"InternetChargeType": "BANDWIDTH_PACKAGE", "BandwidthPackageId": package_id}


def many_private(world: World) -> Request:
    """More than the subnet has."""
    for _ in range(2):
        world.execute(cmd.RunInstance("x", 0, HOURLY, count=100))
    return {"InstanceCount": 100}


def reassigned(world: World) -> Request:
    """Ten times a day."""
    world.execute(cmd.ConfigureAccount(Behaviour.LEGACY))
    eip_id, instance_id = world.allocate(), world.run()
    for _ in range(10):
        world.execute(cmd.BindEip(eip_id, instance_id))
        world.execute(cmd.UnbindEip(eip_id))
        world.now += 61
    standard(world)
    call(world, "ReturnNormalAddresses", {"AddressIps": [world.public(instance_id)]})
    world.execute(cmd.BindEip(eip_id, instance_id))
    return {"AddressId": eip_id, "ReallocateNormalPublicIp": True}


def nothing_free_for(world: World) -> Request:
    """An EIP leaves its instance, and the pool is empty."""
    eip_id, _ = bound(world)
    world.now += 61
    empty_pool(world)
    return {"AddressId": eip_id}


def switched(world: World) -> Request:
    """Twice before."""
    eip_id = world.allocate()
    for kind in (ChargeType.BANDWIDTH_POSTPAID_BY_HOUR, HOURLY):
        world.execute(cmd.ChangeEipChargeType(eip_id, kind, 5))
    return {"AddressId": eip_id, "InternetChargeType": PREPAID, "InternetMaxBandwidthOut": 5}


def paid_for(world: World) -> str:
    """An EIP that is paid for in advance, for a month."""
    terms = {"Period": 1, "AutoRenewFlag": 0}
    request = {"InternetChargeType": PREPAID, "AddressChargePrepaid": terms}
    return str(call(world, "AllocateAddresses", request)["AddressSet"][0])


def expired(world: World) -> str:
    """An EIP whose time is over."""
    eip_id = paid_for(world)
    world.now += 31 * 86_400
    world.execute(cmd.KeepDeadlines())
    return eip_id


def exchanged(world: World, count: int) -> list[str]:
    """Instances whose ordinary public IP was exchanged, so many, and one more."""
    standard(world)
    ids = [world.run() for _ in range(count + 1)]
    for instance_id in ids[:count]:
        call(world, "AdjustPublicAddress", {"InstanceId": instance_id})
    return ids


def prepaid_instance(world: World) -> str:
    """Paid for in a way that no EIP is."""
    request = internet(InternetChargeType="BANDWIDTH_PREPAID", InternetMaxBandwidthOut=5)
    return str(call(world, "RunInstances", request)["InstanceIdSet"][0])


def two_kinds(world: World) -> Request:
    """Instances that are paid for in two ways."""
    ids = [world.run(), prepaid_instance(world)]
    return {"InstanceIds": ids, **internet(InternetMaxBandwidthOut=5)}


def none_free_to_exchange(world: World) -> Request:
    """The pool is empty."""
    standard(world)
    instance_id = world.run()
    empty_pool(world)
    return {"InstanceId": instance_id}


def mutex_address(world: World) -> Request:
    """An ordinary public IP of an instance at work."""
    standard(world)
    return {"AddressIps": [world.public(working(world))]}


def returned_before(world: World) -> Request:
    """Standard, and the instance at work."""
    standard(world)
    return {"InstanceId": working(world)}


def adjust_without(world: World) -> Request:
    """Standard, and nothing to exchange."""
    standard(world)
    return {"InstanceId": world.run(bandwidth_mbps=0)}


def bind_beside_ordinary(world: World) -> Request:
    """Standard, and an ordinary public IP is there."""
    standard(world)
    return {"AddressId": world.allocate(), "InstanceId": world.run()}


def bind_bound(world: World) -> Request:
    """Standard, and the EIP is another's."""
    eip_id, _ = bound(world)
    standard(world)
    return {"AddressId": eip_id, "InstanceId": world.run(bandwidth_mbps=0)}


def unbind_at_work(world: World) -> Request:
    """The instance is at work."""
    eip_id = world.instance(working(world, with_eip=True)).eip_id
    return {"AddressId": eip_id}


def ids(number: int, prefix: str = "ins") -> list[str]:
    """So many ids."""
    return [f"{prefix}-{n:08}" for n in range(number)]


def block(world: World, address: str | None) -> None:
    """For an hour."""
    assert address
    world.execute(cmd.BlockAddress(address, 3600))


def blocked_ordinary(world: World) -> str:
    """An instance whose ordinary public IP is blocked."""
    standard(world)
    instance_id = world.run()
    block(world, world.public(instance_id))
    return instance_id


def blocked_eip(world: World) -> str:
    """An EIP that is bound, and blocked."""
    eip_id, instance_id = bound(world)
    block(world, world.public(instance_id))
    return eip_id


def bind_to_blocked(world: World) -> Request:
    """The instance's ordinary public IP is."""
    return {"AddressId": world.allocate(), "InstanceId": blocked_ordinary(world)}


def on(prepare: Callable[[World], str] | str, **more: Any) -> Prepare:
    """A request about one instance."""
    if isinstance(prepare, str):
        return lambda _: {"InstanceIds": [prepare], **more}
    return lambda world: {"InstanceIds": [prepare(world)], **more}


def plain(**parameters: Any) -> Prepare:
    """Nothing need be there."""
    return lambda _: parameters


MBPS = internet(InternetMaxBandwidthOut=5)
Rows = dict[str, Prepare]
