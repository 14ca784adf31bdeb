"""Clients that remember what they were answered: what is there later must be just that.

Each has addresses, bandwidth packages and instances of its own, told from the others' by their
names. A call that got no answer was either carried out whole or not at all; nothing else will do.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from threading import Event
from typing import Any, Final

from gateway.api.client import Client, ControlUnreachableError
from gateway.api.errors import ApiError

ADDRESSES_MAX, PACKAGES_MAX, INSTANCES_MAX = 12, 2, 3  # of a client
PAGE: Final = 100
# What is refused while something is still under way with the thing.
BUSY: Final = (
    "OperationDenied.MutexTaskRunning",
    "ResourceInUse",  # where the cloud has no such code
    "UnsupportedOperation.AddressStatusNotPermit",
    "UnsupportedOperation.InstanceState",
)


@dataclass(frozen=True, slots=True)
class Address:
    """An EIP."""

    name: str
    mbps: int
    package_id: str | None = None
    instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A bandwidth package."""

    name: str
    mbps: int


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance at rest."""

    name: str
    state: str = "RUNNING"


Things = dict[str, Address | Package | Machine]  # by id


@dataclass(frozen=True, slots=True)
class Call:
    """A call, and what it does to its client's things, given the ids of those it makes."""

    action: str
    parameters: dict[str, Any]
    effect: Callable[[Things, list[str]], object]
    makes: int = 0
    ids_in: str = ""  # the field of the answer with the ids of what was made


def seen(control: Client) -> Things:
    """What there is, whoever it belongs to."""
    found: Things = {}
    for one in _listed(control, "DescribeAddresses", "AddressSet"):
        package_id, instance_id = one["BandwidthPackageId"] or None, one["InstanceId"] or None
        facts = Address(one["AddressName"], one["Bandwidth"], package_id, instance_id)
        found[one["AddressId"]] = facts
    for one in _listed(control, "DescribeBandwidthPackages", "BandwidthPackageSet"):
        facts_of_it = Package(one["BandwidthPackageName"], one["Bandwidth"])
        found[one["BandwidthPackageId"]] = facts_of_it
    for one in _listed(control, "DescribeInstances", "InstanceSet"):
        found[one["InstanceId"]] = Machine(one["InstanceName"], one["InstanceState"])
    return found


def at_rest(control: Client) -> bool:
    """Whether nothing is under way with any thing."""
    instances = {
        one["InstanceState"] for one in _listed(control, "DescribeInstances", "InstanceSet")
    }
    addresses = {
        one["AddressStatus"] for one in _listed(control, "DescribeAddresses", "AddressSet")
    }
    return instances <= {"RUNNING", "STOPPED"} and addresses <= {"BIND", "UNBIND"}


def _listed(control: Client, action: str, field_name: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while rows := control.call(action, Offset=offset, Limit=PAGE)[field_name]:
        yield from rows
        offset += len(rows)


@dataclass
class Remembering:
    """One client."""

    name: str
    rng: Random
    things: Things = field(default_factory=dict)
    unanswered: Call | None = None
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _named: int = 0

    def work(self, control: Client, stop: Event) -> None:
        """Call after call, until one gets no answer or `stop` is set."""
        while not stop.is_set():
            self.unanswered = call = self._next()
            try:
                self._answered(call, control.call(call.action, **call.parameters))
            except ControlUnreachableError:
                return
            except ApiError as error:
                if error.code == "InternalError":
                    return  # it may be recorded for all that
                if not error.code.startswith(BUSY):
                    raise
                self.refused[error.code] += 1
            self.unanswered = None

    def compare(self, everything: Things) -> bool | None:
        """What is there is what was answered; whether the unanswered call was carried out."""
        mine = {key: one for key, one in everything.items() if one.name.startswith(f"{self.name}-")}
        call = self.unanswered
        if call is None or mine == self.things:
            assert mine == self.things
            return None if call is None else False
        made = sorted(mine.keys() - self.things.keys())
        assert len(made) == call.makes, f"half of {call}"
        call.effect(self.things, made)
        assert mine == self.things, f"half of {call}"
        return True

    def repeat(self, control: Client, *, done: bool) -> None:
        """Make the unanswered call again; with its token it is the same one, done or not."""
        call, self.unanswered = self.unanswered, None
        if call is None or "ClientToken" not in call.parameters:
            return
        answer = control.call(call.action, **call.parameters)
        if done:
            assert set(answer[call.ids_in]) <= self.things.keys()
        else:
            self._answered(call, answer)

    def _answered(self, call: Call, answer: dict[str, Any]) -> None:
        made = answer[call.ids_in] if call.makes else []
        assert len(made) == call.makes
        call.effect(self.things, made)
        self.acknowledged[call.action] += 1

    def _next(self) -> Call:
        while True:
            kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
            call = kind(self)
            if call is not None:
                return call

    def new_name(self) -> str:
        """A name that nothing had so far."""
        self._named += 1
        return f"{self.name}-{self._named}"

    def some(self, kind: type, most: int = 1, where: Callable[[Any], bool] = bool) -> list[str]:
        """At random up to `most` of its things of a kind; none if there are none."""
        keys = [key for key, one in self.things.items() if type(one) is kind and where(one)]
        self.rng.shuffle(keys)
        return keys[: self.rng.randint(1, most)]

    def count(self, kind: type) -> int:
        """How many things of a kind it has."""
        return sum(type(one) is kind for one in self.things.values())


def _change(keys: list[str], **changes: object) -> Callable[[Things, list[str]], None]:
    def effect(things: Things, _: list[str]) -> None:
        things.update({key: replace(things[key], **changes) for key in keys})  # type: ignore[arg-type]

    return effect


def _make(one: Address | Package | Machine) -> Callable[[Things, list[str]], None]:
    return lambda things, made: things.update(dict.fromkeys(made, one))


def _remove(keys: list[str]) -> Callable[[Things, list[str]], None]:
    def effect(things: Things, _: list[str]) -> None:
        for key in keys:
            del things[key]

    return effect


def _allocate(client: Remembering) -> Call | None:
    count = client.rng.randint(1, 4)
    if client.count(Address) + count > ADDRESSES_MAX:
        return None
    package = client.some(Package)[:1] if client.rng.random() < 0.5 else []
    one = Address(client.new_name(), client.rng.randint(1, 50), *package)
    parameters: dict[str, Any] = {
        "AddressName": one.name,
        "AddressCount": count,
        "InternetMaxBandwidthOut": one.mbps,
        "ClientToken": one.name,
    }
    if package:
        parameters["InternetChargeType"] = "BANDWIDTH_PACKAGE"
        parameters["BandwidthPackageId"] = package[0]
    return Call("AllocateAddresses", parameters, _make(one), count, "AddressSet")


def _release(client: Remembering) -> Call | None:
    keys = client.some(Address, 3, lambda one: one.instance_id is None)
    return Call("ReleaseAddresses", {"AddressIds": keys}, _remove(keys)) if keys else None


def _rename(client: Remembering) -> Call | None:
    keys, name = client.some(Address), client.new_name()
    parameters = {"AddressId": keys[0], "AddressName": name} if keys else {}
    return Call("ModifyAddressAttribute", parameters, _change(keys, name=name)) if keys else None


def _change_bandwidth(client: Remembering) -> Call | None:
    keys, mbps = client.some(Address, 4), client.rng.randint(1, 50)
    parameters = {"AddressIds": keys, "InternetMaxBandwidthOut": mbps}
    return Call("ModifyAddressesBandwidth", parameters, _change(keys, mbps=mbps)) if keys else None


def _bind(client: Remembering) -> Call | None:
    taken = {one.instance_id for one in client.things.values() if type(one) is Address}
    free = [key for key in client.some(Machine, INSTANCES_MAX) if key not in taken]
    keys = client.some(Address)
    if not (keys and free):
        return None
    parameters = {"AddressId": keys[0], "InstanceId": free[0]}
    return Call("AssociateAddress", parameters, _change(keys, instance_id=free[0]))


def _unbind(client: Remembering) -> Call | None:
    keys = client.some(Address, where=lambda one: one.instance_id is not None)
    parameters = {"AddressId": keys[0]} if keys else {}
    return (
        Call("DisassociateAddress", parameters, _change(keys, instance_id=None)) if keys else None
    )


def _create_package(client: Remembering) -> Call | None:
    if client.count(Package) >= PACKAGES_MAX:
        return None
    one = Package(client.new_name(), client.rng.choice([-1, 20, 40]))
    parameters = {"BandwidthPackageName": one.name, "InternetMaxBandwidth": one.mbps}
    return Call("CreateBandwidthPackage", parameters, _make(one), 1, "BandwidthPackageIds")


def _limit_package(client: Remembering) -> Call | None:
    keys, mbps = client.some(Package), client.rng.choice([-1, 10, 30])
    if not keys:
        return None
    parameters = {"BandwidthPackageId": keys[0], "InternetMaxBandwidth": mbps}
    return Call("ModifyBandwidthPackageBandwidth", parameters, _change(keys, mbps=mbps))


def _delete_package(client: Remembering) -> Call | None:
    used = {one.package_id for one in client.things.values() if type(one) is Address}
    keys = [key for key in client.some(Package) if key not in used]
    parameters = {"BandwidthPackageId": keys[0]} if keys else {}
    return Call("DeleteBandwidthPackage", parameters, _remove(keys)) if keys else None


def _join(client: Remembering) -> Call | None:
    package, keys = client.some(Package), client.some(Address, 3, lambda one: not one.package_id)
    if not (package and keys):
        return None
    parameters = {"BandwidthPackageId": package[0], "ResourceIds": keys}
    return Call("AddBandwidthPackageResources", parameters, _change(keys, package_id=package[0]))


def _leave(client: Remembering) -> Call | None:
    package = client.some(Package)
    keys = client.some(Address, 3, lambda one: one.package_id in package)
    if not (package and keys):
        return None
    parameters = {"BandwidthPackageId": package[0], "ResourceIds": keys}
    return Call("RemoveBandwidthPackageResources", parameters, _change(keys, package_id=None))


def _run(client: Remembering) -> Call | None:
    if client.count(Machine) >= INSTANCES_MAX:
        return None
    one = Machine(client.new_name())
    parameters = {
        "InstanceName": one.name,
        "InternetAccessible": {"InternetMaxBandwidthOut": client.rng.choice([0, 10])},
        "ClientToken": one.name,
    }
    return Call("RunInstances", parameters, _make(one), 1, "InstanceIdSet")


def _switch(client: Remembering) -> Call | None:
    keys = client.some(Machine)
    if not keys:
        return None
    running = client.things[keys[0]] == Machine(client.things[keys[0]].name)
    action, state = ("StopInstances", "STOPPED") if running else ("StartInstances", "RUNNING")
    return Call(action, {"InstanceIds": keys}, _change(keys, state=state))


def _terminate(client: Remembering) -> Call | None:
    keys = client.some(Machine)

    def effect(things: Things, made: list[str]) -> None:
        left = [k for k, one in things.items() if type(one) is Address and one.instance_id in keys]
        _change(left, instance_id=None)(things, made)
        _remove(keys)(things, made)

    return Call("TerminateInstances", {"InstanceIds": keys}, effect) if keys else None


# How often each is made: what builds a machine takes as long as a hundred others.
KINDS: Final[dict[Callable[[Remembering], Call | None], int]] = {
    _allocate: 30,
    _release: 20,
    _rename: 20,
    _change_bandwidth: 20,
    _bind: 30,
    _unbind: 20,
    _create_package: 5,
    _limit_package: 5,
    _delete_package: 3,
    _join: 10,
    _leave: 10,
    _run: 2,
    _switch: 2,
    _terminate: 1,
}
