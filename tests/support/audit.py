"""An auditor who reads the log only, and knows none of control's code: where each address is."""

import json
from ipaddress import IPv4Network
from typing import Any

from gateway.store.records import Record

MOVE_NOTHING = {
    "InstanceOrdered",
    "InstanceStateChanged",
    "InstanceBandwidthChanged",
    "InstanceRenamed",
    "InstanceAttributesChanged",
    "InstanceChargingChanged",
    "EipBandwidthChanged",
    "EipChargeTypeChanged",
    "EipRenamed",
    "AccountConfigured",
    "TokenAnswered",
    "PackageCreated",
    "PackageChanged",
    "PackageDeleted",
    "Tagged",
    "Untagged",
    "TagCreated",
    "TagDeleted",
    "GroupCreated",
    "GroupChanged",
    "GroupDeleted",
    "PoliciesAdded",
    "PoliciesRemoved",
    "PoliciesSet",
    "TemplateCreated",
    "TemplateChanged",
    "TemplateDeleted",
}
NEVER_USED = float("-inf")


class Audit:
    """Takes in records and asserts that each could follow the ones before."""

    def __init__(self) -> None:
        """Before the first record."""
        self.holders: dict[str, str] = {}  # public address: the instance or EIP that has it
        self.free: dict[str, float] = {}  # public address: since when
        self.slots: dict[str, int] = {}  # public address: its slot
        self._had_slot: dict[int, str] = {}  # slot: the last address that had it
        self.members: dict[str, str] = {}  # id of an address: bandwidth package
        self._released: dict[str, set[str]] = {}  # instance: its former ordinary addresses
        self._quarantine_s = 0.0
        self._bound: dict[str, str] = {}  # EIP: instance
        self.blocked: dict[str, float] = {}  # public address: until when
        self.expired: set[str] = set()  # EIPs whose time is over

    def take(self, record: Record) -> None:
        """One record more."""
        facts: dict[str, Any] = json.loads(record.body)
        match record.kind:
            case "LabConfigured":
                self._quarantine_s = facts["quarantine_s"]
                hosts = (one for pool in facts["pools"] for one in IPv4Network(pool).hosts())
                self.free = {str(address): NEVER_USED for address in hosts}
            case "OrdinaryIpAssigned":
                instance_id = facts["instance_id"]
                former = self._released.setdefault(instance_id, set())
                assert facts["address"] not in former, "a former address again"
                assert instance_id not in self.holders.values(), "a second ordinary address"
                assert instance_id not in self._bound.values(), "an ordinary address beside an EIP"
                self._give(facts, instance_id, record.at, former)
            case "OrdinaryIpReleased":
                self._released[facts["instance_id"]].add(facts["address"])
                self._back(facts["address"], facts["instance_id"], record.at)
            case "EipAllocated":
                self._give(facts, facts["eip_id"], record.at, set())
            case "EipExpired":
                self.expired.add(facts["eip_id"])
            case "EipRenewed":
                self.expired.discard(facts["eip_id"])
            case "EipReleased":
                self.expired.discard(facts["eip_id"])
                assert facts["eip_id"] not in self._bound, "a bound EIP was released"
                assert facts["eip_id"] not in self.members, "a member was released"
                self._back(facts["address"], facts["eip_id"], record.at)
            case "EipBound":
                assert facts["eip_id"] not in self._bound, "bound twice"
                assert facts["instance_id"] not in self._bound.values(), "two EIPs"
                assert facts["instance_id"] not in self.holders.values(), "EIP beside ordinary"
                self._bound[facts["eip_id"]] = facts["instance_id"]
                blocked = {self.holders.get(address) for address in self.blocked}
                assert facts["eip_id"] not in blocked, "bound while it was blocked"
                assert facts["eip_id"] not in self.expired, "bound when its time was over"
            case "EipTransformed":
                assert facts["address"] not in self.blocked, "transformed while it was blocked"
                instance_id = facts["instance_id"]
                assert self.holders[facts["address"]] == instance_id, "another's address"
                self.holders[facts["address"]] = facts["eip_id"]
                self._released.setdefault(instance_id, set()).add(facts["address"])
                self._bound[facts["eip_id"]] = instance_id
            case "AddressChanged":
                holder = self.holders[facts["before"]]
                former = self._released.setdefault(holder, set())
                assert facts["address"] not in former, "a former address again"
                self._give(facts, holder, record.at, former)
                self._back(facts["before"], holder, record.at)
                former.add(facts["before"])
            case "EipUnbound":
                assert self._bound.pop(facts["eip_id"]) == facts["instance_id"]
            case "InstanceGone":
                assert facts["instance_id"] not in self.holders.values(), "gone with an address"
                assert facts["instance_id"] not in self._bound.values(), "gone with an EIP"
            case "PackageJoined":
                assert facts["address_id"] not in self.members, "in two packages"
                self.members[facts["address_id"]] = facts["package_id"]
            case "PackageLeft":
                assert self.members.pop(facts["address_id"]) == facts["package_id"]
            case "AddressBlocked":
                assert facts["address"] in self.holders.keys() | self.blocked.keys(), "nobody's"
                assert facts["until"] > record.at, "blocked until the past"
                self.blocked[facts["address"]] = facts["until"]
            case "AddressOpened":
                del self.blocked[facts["address"]]
            case _:
                assert record.kind in MOVE_NOTHING

    def _give(self, facts: dict[str, Any], holder: str, at: float, former: set[str]) -> None:
        address, slot = facts["address"], facts["slot"]
        assert slot not in self.slots.values(), "two addresses have one slot"
        before = self._had_slot.get(slot, address)
        if before not in self.holders:
            since = self.free[before]
            assert since + self._quarantine_s <= at, f"the slot of {before} within its quarantine"
        self.slots[address] = slot
        self._had_slot[slot] = address
        since = self.free.pop(address)
        assert since + self._quarantine_s <= at, f"{address} given within its quarantine"
        assert address not in self.blocked, f"{address} given while it was blocked"
        open_ones = (one for one in self.free.items() if one[0] not in self.blocked)
        longer = [other for other, then in open_ones if then < since]
        assert not set(longer) - former, f"{longer} were free for longer than {address}"
        self.holders[address] = holder

    def _back(self, address: str, holder: str, at: float) -> None:
        assert self.holders.pop(address) == holder, "released by another than its holder"
        del self.slots[address]
        self.free[address] = at
