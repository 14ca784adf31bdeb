"""Events and their form in the log: there and back again, and what can't be read."""

import json
from pathlib import Path

import pytest

from gateway.control import events as ev
from gateway.control.values import (
    Attributes,
    Disk,
    DiskType,
    InstanceChargeType,
    InstanceState,
    Policy,
    PolicyAction,
    PolicyDirection,
    Protocol,
    Purchase,
    TemplateKind,
    TemplateMember,
)
from gateway.store.records import Record, StoreError
from gateway.store.sqlite import SqliteStore

AT = 1_700_000_000.125

EVENTS: list[ev.Event] = [
    ev.LabConfigured(("203.0.113.0/24",), 60.0, "10.0.0.0/16", ("10.0.0.1", "10.0.0.9")),
    ev.LabConfigured(("203.0.113.0/24",), 0.5, "10.0.0.0/16", ()),
    ev.InstanceOrdered(
        "ins-1", "web", "uuid", "10.0.0.2", "52:54:00:0:0:1", 10, "BANDWIDTH_PACKAGE"
    ),
    ev.InstanceOrdered("ins-2", "前端 \"'\\", "uuid", "10.0.0.3", "52:54:00:0:0:2", 0, "X"),
    ev.InstanceOrdered(
        "ins-3",
        "db",
        "uuid",
        "10.0.0.4",
        "52:54:00:0:0:3",
        0,
        "X",
        Purchase(
            "img-1",
            "S2.SMALL1",
            InstanceChargeType.SPOTPAID,
            Attributes("db", "eA==", "r", True, ("sg-1", "sg-2")),
            Disk(DiskType.CLOUD_SSD, 100, "系统", "disk-1"),
            (Disk(disk_id="disk-2", encrypted=True, key_id="k"), Disk(disk_id="disk-3")),
            ("skey-1",),
        ),
        "request-1",
    ),
    ev.InstanceStateChanged("ins-1", "LAUNCH_FAILED", "no memory"),
    ev.InstanceStateChanged("ins-1", "RUNNING"),
    ev.InstanceStateChanged("ins-1", "STOPPING", request_id="request-2"),
    ev.InstanceGone("ins-1"),
    ev.OrdinaryIpAssigned("ins-1", "eip-1", "203.0.113.1", 0),
    ev.OrdinaryIpReleased("ins-1", "203.0.113.1"),
    ev.EipAllocated("eip-2", "203.0.113.2", "front", 5, "TRAFFIC_POSTPAID_BY_HOUR", 1),
    ev.EipBound("eip-2", "ins-1"),
    ev.EipUnbound("eip-2", "ins-1"),
    ev.EipReleased("eip-2", "203.0.113.2"),
    ev.InstanceBandwidthChanged("ins-1", 20),
    ev.InstanceRenamed("ins-1", "www"),
    ev.InstanceAttributesChanged("ins-1", Attributes("www", "eA==", "reader", True)),
    ev.InstanceChargingChanged("ins-1", False, True),
    ev.EipBandwidthChanged("eip-2", 20),
    ev.EipChargeTypeChanged("eip-2", "BANDWIDTH_PREPAID_BY_MONTH", 30, AT, "NOTIFY_AND_AUTO_RENEW"),
    ev.EipAllocated("eip-3", "203.0.113.3", "x", 5, "X", 2, AT, "NOTIFY_AND_MANUAL_RENEW"),
    ev.EipRenewed("eip-2", AT, "DISABLE_NOTIFY_AND_MANUAL_RENEW"),
    ev.EipExpired("eip-2"),
    ev.EipRenamed("eip-2", "back"),
    ev.EipTransformed("eip-1", "ins-1", "203.0.113.1", "x", 5, "TRAFFIC_POSTPAID_BY_HOUR"),
    ev.AccountConfigured("STANDARD", 30, 60),
    ev.TokenAnswered("RunInstance", "t", "0af", ("ins-1", "ins-2")),
    ev.AddressBlocked("203.0.113.1", AT + 7200),
    ev.AddressOpened("203.0.113.1"),
    ev.PackageCreated("bwp-1", 1, "shared", -1, "TOP5_POSTPAID_BY_MONTH", "BGP"),
    ev.PackageChanged("bwp-1", "ours", 100, "TOP5_POSTPAID_BY_MONTH"),
    ev.PackageJoined("bwp-1", "eip-2"),
    ev.PackageLeft("bwp-1", "eip-2", "TRAFFIC_POSTPAID_BY_HOUR", 100),
    ev.PackageDeleted("bwp-1"),
    ev.AddressChanged("eip-2", "203.0.113.2", "203.0.113.3", 2),
    ev.Tagged("eip-2", "owner", "网络"),
    ev.Untagged("eip-2", "owner"),
    ev.TagCreated("owner", ""),
    ev.TagDeleted("owner", ""),
    ev.GroupCreated("sg-1", 2, "web", "网", (Policy(PolicyAction.DROP, group_id="sg-2"),), ()),
    ev.GroupChanged("sg-1", "www", ""),
    ev.PoliciesAdded(
        "sg-1",
        PolicyDirection.INGRESS,
        0,
        (Policy(PolicyAction.ACCEPT, Protocol.TCP, "80,443", "10.0.0.0/8", description="x"),),
    ),
    ev.PoliciesRemoved("sg-1", PolicyDirection.EGRESS, (0, 2)),
    ev.PoliciesSet("sg-1", (Policy(PolicyAction.ACCEPT, addresses="ipm-1", services="ppm-1"),), ()),
    ev.GroupDeleted("sg-1"),
    ev.TemplateCreated(
        "ipm-1", TemplateKind.ADDRESSES, "office", (TemplateMember("10.0.0.1", "gate"),)
    ),
    ev.TemplateChanged("ipm-1", "office", ()),
    ev.TemplateDeleted("ipm-1"),
]


def test_the_rows_have_every_kind_of_event() -> None:
    assert {type(event) for event in EVENTS} == set(ev.Event.__args__)


def test_every_kind_comes_back_from_a_real_log_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "log"
    store = SqliteStore(path)
    store.append([ev.to_record(event, n, AT + n) for n, event in enumerate(EVENTS, 1)])
    store.close()
    store = SqliteStore(path)
    records = list(store.read())
    store.close()
    assert [ev.from_record(record) for record in records] == EVENTS
    assert [record.at for record in records] == [AT + n for n in range(1, len(EVENTS) + 1)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_record_names_its_kind_and_has_its_facts_as_json(event: ev.Event) -> None:
    record = ev.to_record(event, 7, AT)
    assert (record.sequence, record.at, record.kind) == (7, AT, type(event).__name__)
    assert json.loads(record.body).keys() == set(event.__dataclass_fields__)
    assert "\n" not in record.body


def test_a_state_change_says_the_clouds_word() -> None:
    event = ev.state_changed("ins-1", InstanceState.LAUNCH_FAILED, "no memory")
    assert json.loads(ev.to_record(event, 1, AT).body)["state"] == "LAUNCH_FAILED"


def test_a_state_change_without_a_reason_reads_as_an_empty_one() -> None:
    body = '{"instance_id":"ins-1","state":"RUNNING"}'
    read = ev.from_record(Record(1, AT, "InstanceStateChanged", body))
    assert read == ev.InstanceStateChanged("ins-1", "RUNNING", "")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("GatewayRebooted", "{}"),
        ("", "{}"),
        ("Event", "{}"),
        ("InstanceGone", '{"instance_id":"ins-1","reason":"fire"}'),
        ("InstanceGone", "{}"),
        ("InstanceGone", "[]"),
        ("InstanceGone", '["reserved"]'),
        ("InstanceGone", '"reserved"'),
        ("InstanceGone", "null"),
        ("InstanceGone", "7"),
        ("InstanceGone", ""),
        ("InstanceGone", '{"instance_id":'),
        ("LabConfigured", '{"reserved":7}'),
        ("InstanceOrdered", '{"instance_id":"ins-1","purchase":{"price":7}}'),
        ("InstanceOrdered", '{"instance_id":"ins-1","purchase":{"charge_type":"GIFT"}}'),
        ("InstanceOrdered", '{"instance_id":"ins-1","purchase":7}'),
        ("InstanceOrdered", "7"),
        ("InstanceAttributesChanged", '{"instance_id":"ins-1","role":"reader"}'),
    ],
    ids=[
        "kind of a newer version",
        "no kind",
        "name of no event",
        "field of a newer version",
        "field missing",
        "list",
        "list that looks like one",
        "text that looks like one",
        "null",
        "number",
        "empty",
        "cut off",
        "reserved is no list",
        "field of a newer version in a value",
        "word of a newer version",
        "value is a number",
        "number where earlier versions are read",
        "field missing that earlier versions had",
    ],
)
def test_what_cannot_be_read_is_refused_with_one_line(kind: str, body: str) -> None:
    with pytest.raises(StoreError) as refused:
        ev.from_record(Record(12, AT, kind, body))
    assert str(refused.value) == (
        f"event 12 ({kind}) can't be read: was it written by a newer tgw?"
    )
