"""The state: what all events so far add up to.

It has a part for each resource, and each part takes in the events of its resource. `evolve` is the
only way the state changes, and it decides nothing: the same events give the same state, whenever
they are replayed. Its asserts hold for every log that `decide` wrote.

No command has to search: what is looked up has an index, and what was touched last is noted, so
that only that is compiled again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gateway.control.events.kinds import Event
from gateway.control.events.networks import LabConfigured
from gateway.control.state.account import AccountPart
from gateway.control.state.addresses import Addresses
from gateway.control.state.groups import Groups
from gateway.control.state.instances import Instances
from gateway.control.state.ledger import Ledger
from gateway.control.state.networks import Networks
from gateway.control.state.packages import Packages
from gateway.control.state.pool import Pool
from gateway.control.state.slots import Slots
from gateway.control.state.touches import Touches
from gateway.control.values.account import Account
from gateway.control.values.addresses import Eip, OrdinaryIp
from gateway.control.values.groups import SecurityGroup, Template
from gateway.control.values.instances import Instance, InstanceState
from gateway.control.values.packages import BandwidthPackage


class State:
    """Instances, addresses, packages and the account at one sequence of the log."""

    def __init__(self) -> None:
        self.sequence = 0
        self._touches = Touches()
        self._networks = Networks()
        self._account = AccountPart()
        self._policy_touches = Touches()
        self._groups = Groups(self._account, self._policy_touches)
        self._instances = Instances(self._networks, self._account, self._groups, self._touches)
        self._addresses = Addresses(self._networks, self._account, self._instances, self._touches)
        self._packages = Packages(self._account, self._addresses)
        # To read only; each is kept by its part.
        self.instances: Mapping[str, Instance] = self._instances.by_id
        self.macs: Mapping[str, str] = self._instances.by_mac
        self.disks: Mapping[str, str] = self._instances.by_disk
        self.passing: Mapping[str, InstanceState] = self._instances.passing
        self.ordinary: Mapping[str, str] = self._instances.by_ordinary_ip
        self.eips: Mapping[str, Eip] = self._addresses.eips
        self.blocked: Mapping[str, float] = self._addresses.blocked
        self.deadlines: Mapping[str, float] = self._addresses.deadlines
        self.in_use: Mapping[str, str] = self._networks.in_use
        self.packages: Mapping[str, BandwidthPackage] = self._packages.by_id
        self.groups: Mapping[str, SecurityGroup] = self._groups.by_id
        self.templates: Mapping[str, Template] = self._groups.templates
        self.remotes: Mapping[str, int] = self._groups.remotes.numbers
        self.tags: Mapping[str, Mapping[str, str]] = self._account.tags
        self.known_tags: Mapping[str, Mapping[str, int]] = self._account.known_tags
        self.ledger: Ledger = self._account.ledger
        self.rules: Mapping[type[Event], Callable[[Any, float], None]] = {
            **self._networks.rules(),
            **self._account.rules(),
            **self._instances.rules(),
            **self._addresses.rules(),
            **self._packages.rules(),
            **self._groups.rules(),
        }

    def evolve(self, event: Event, at: float) -> None:
        """Take in one event that happened at `at`, Unix seconds."""
        self._touches.sequence = self._policy_touches.sequence = self.sequence + 1
        self.rules[type(event)](event, at)
        self.sequence += 1

    @property
    def config(self) -> LabConfigured | None:
        """Return the first event, which configured the networks; None before it."""
        return self._networks.config

    @property
    def configured_at(self) -> float:
        """The time of the first event, Unix seconds."""
        return self._networks.configured_at

    @property
    def account(self) -> Account:
        return self._account.settings

    @property
    def pool(self) -> Pool:
        return self._networks.pool

    @property
    def slots(self) -> Slots:
        return self._networks.slots

    @property
    def subnet(self) -> Pool:
        return self._networks.subnet

    def public_ip(self, instance: Instance) -> str | None:
        """The public address that stands for the instance now: its EIP's, else its ordinary one."""
        if instance.eip_id:
            return self.eips[instance.eip_id].address
        return instance.ordinary.address if instance.ordinary else None

    def barred(self, instance: Instance) -> bool:
        """Whether nothing passes to or from the instance's public address: it is blocked or old."""
        eip = self.eips.get(instance.eip_id or "")
        return self.public_ip(instance) in self.blocked or (eip is not None and eip.expired)

    def bandwidth_mbps(self, instance: Instance) -> int:
        """Return the outbound bandwidth of the instance's public address, in Mbit/s."""
        return self._payer(instance).bandwidth_mbps

    def package(self, instance: Instance) -> BandwidthPackage | None:
        """Return the bandwidth package that the instance's public address is in, if any."""
        package_id = self._payer(instance).package_id
        return self.packages[package_id] if package_id else None

    def ordinary_ip(self, address_id: str) -> OrdinaryIp | None:
        """Find the ordinary public IP with this id; None if there is none."""
        instance_id = self.ordinary.get(address_id)
        return self.instances[instance_id].ordinary if instance_id else None

    def address(self, address_id: str) -> str:
        """The address with this id, of an EIP or an ordinary public IP. Raises `KeyError`."""
        if address_id in self.eips:
            return self.eips[address_id].address
        ordinary = self.ordinary_ip(address_id)
        if ordinary is None:
            raise KeyError(address_id)
        return ordinary.address

    def touched_since(self, sequence: int) -> list[str] | None:
        """The instances whose mapping may be another than at `sequence`, removed ones included.

        The latest come first. None if `sequence` is too long ago to tell.
        """
        return self._touches.since(sequence)

    def policies_touched_since(self, sequence: int) -> list[str] | None:
        """The groups and templates that may be others than at `sequence`, or have other members.

        None if `sequence` is too long ago to tell.
        """
        return self._policy_touches.since(sequence)

    def groups_of(self, instance: Instance) -> tuple[str, ...]:
        """The security groups that the instance is in, the one that is tried first first."""
        return self._groups.of(instance)

    def members_of(self, group_id: str) -> Collection[str]:
        """The instances that are in this security group, in no order."""
        return self._groups.members[group_id]

    def naming(self, key: str) -> list[str]:
        """The security groups whose policies name this group or template."""
        return list(self._groups.naming(key))

    def grouping(self, template_id: str) -> list[str]:
        """The groups of templates that this template is in."""
        return list(self._groups.grouping(template_id))

    def _payer(self, instance: Instance) -> Eip | Instance:
        """Return what pays for the instance's public address: its EIP, or the instance itself."""
        return self.eips[instance.eip_id] if instance.eip_id else instance
