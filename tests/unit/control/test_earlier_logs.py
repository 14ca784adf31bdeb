"""Logs that earlier versions wrote: read today, they give what they gave then."""

import json
from random import Random

import pytest

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.decide import decide
from gateway.control.decisions.moment import Moment
from gateway.control.state import State
from gateway.control.values import (
    Attributes,
    ChargeType,
    Disk,
    InstanceChargeType,
    Operation,
    Purchase,
    Renewal,
)
from gateway.store.records import Record

# What the version wrote that had the terms of a purchase in the fields of events, and no slots.
FLAT = """\
[1000000.0,"LabConfigured",{"pool":"203.0.113.0/28","quarantine_s":60.0,"vpc":"10.0.0.0/24","reserved":["10.0.0.1"]}]
[1000000.0,"InstanceOrdered",{"instance_id":"ins-e41jrqx2","name":"web","uuid":"6ec9d286-63ca-428d-95f4-b3b2e4b06ce6","private_ip":"10.0.0.2","mac":"52:54:00:30:f9:0e","bandwidth_mbps":10,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR","image_id":"img-487zeit5","instance_type":"SA2.LARGE8","instance_charge_type":"SPOTPAID","host_name":"web1","user_data":"eA==","role":"reader","protected":true}]
[1000000.0,"OrdinaryIpAssigned",{"instance_id":"ins-e41jrqx2","address_id":"eip-v1zj2vdl","address":"203.0.113.1"}]
[1000000.0,"InstanceStateChanged",{"instance_id":"ins-e41jrqx2","state":"RUNNING","why":""}]
[1000001.0,"InstanceOrdered",{"instance_id":"ins-axa5y80s","name":"db","uuid":"380208a9-ad45-423d-bb1a-11df587fd280","private_ip":"10.0.0.3","mac":"52:54:00:e0:fd:77","bandwidth_mbps":0,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR"}]
[1000001.0,"InstanceStateChanged",{"instance_id":"ins-axa5y80s","state":"RUNNING","why":""}]
[1000001.0,"EipAllocated",{"eip_id":"eip-187o67dw","address":"203.0.113.2","name":"front","bandwidth_mbps":5,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR"}]
[1000001.0,"EipBound",{"eip_id":"eip-187o67dw","instance_id":"ins-axa5y80s"}]
[1000001.0,"InstanceAttributesChanged",{"instance_id":"ins-e41jrqx2","host_name":"www","user_data":"eA==","role":"writer","protected":false}]
[1000001.0,"AccountConfigured",{"behaviour":"STANDARD","eips_max":20,"applications_max":40}]
[1000001.0,"AddressChanged",{"address_id":"eip-v1zj2vdl","before":"203.0.113.1","address":"203.0.113.3"}]
[1000001.0,"EipTransformed",{"eip_id":"eip-v1zj2vdl","instance_id":"ins-e41jrqx2","address":"203.0.113.3","name":"unnamed","bandwidth_mbps":10,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR"}]
"""
WEB, DB = "ins-e41jrqx2", "ins-axa5y80s"


def read(log: str) -> State:
    state = State()
    for n, (at, kind, body) in enumerate(map(json.loads, log.splitlines()), 1):
        state.evolve(ev.from_record(Record(n, at, kind, json.dumps(body))), at)
    return state


def test_the_terms_of_a_purchase_are_read_from_the_fields_that_had_them() -> None:
    state = read(FLAT)
    attributes = Attributes("www", "eA==", "writer", protected=False)
    bought = Purchase(
        "img-487zeit5",
        "SA2.LARGE8",
        InstanceChargeType.SPOTPAID,
        attributes,
        Disk(disk_id="disk-e41jrqx2"),
    )
    assert state.instances[WEB].purchase == bought
    assert state.instances[WEB].role_since == 1_000_001
    without_terms = Purchase(system_disk=Disk(disk_id="disk-axa5y80s"))
    assert state.instances[DB].purchase == without_terms, "written before there were terms"
    assert {state.public_ip(one) for one in state.instances.values()} == {
        "203.0.113.2",
        "203.0.113.3",
    }


def test_a_slot_is_the_position_of_the_address_in_the_pool() -> None:
    state = read(FLAT)
    assert dict(state.slots.of) == {"203.0.113.2": 2, "203.0.113.3": 3}
    assert {mapping.slot for mapping in compile_table(state).mappings} == {2, 3}


def test_a_log_goes_on_with_slots_of_its_own() -> None:
    state = read(FLAT)
    moment = Moment(2_000_000, Random(1))  # noqa: S311  any ids will do
    rented = cmd.AllocateEip("x", 5, ChargeType.TRAFFIC_POSTPAID_BY_HOUR, count=3)
    assert [
        (event.address, event.slot)
        for event in decide(state, rented, moment)
        if isinstance(event, ev.EipAllocated)
    ] == [("203.0.113.4", 0), ("203.0.113.5", 1), ("203.0.113.6", 4)]


def test_what_was_read_is_written_in_todays_form_and_read_again() -> None:
    for n, line in enumerate(FLAT.splitlines(), 1):
        at, kind, body = json.loads(line)
        event = ev.from_record(Record(n, at, kind, json.dumps(body)))
        assert ev.from_record(ev.to_record(event, n, at)) == event


# What the version wrote that knew the terms of a purchase, and no disks, keys and requests.
DISKLESS = """\
[1000000.0,"LabConfigured",{"pools":["203.0.113.0/28"],"quarantine_s":60.0,"vpc":"10.0.0.0/24","reserved":["10.0.0.1"]}]
[1000000.0,"InstanceOrdered",{"instance_id":"ins-e41jrqx2","name":"web","uuid":"6ec9d286-63ca-428d-95f4-b3b2e4b06ce6","private_ip":"10.0.0.2","mac":"52:54:00:30:f9:0e","bandwidth_mbps":10,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR","purchase":{"image_id":"img-487zeit5","instance_type":"SA2.LARGE8","charge_type":"SPOTPAID","attributes":{"host_name":"web1","user_data":"","role":"","protected":false}}}]
[1000000.0,"OrdinaryIpAssigned",{"instance_id":"ins-e41jrqx2","address_id":"eip-v1zj2vdl","address":"203.0.113.1","slot":1}]
[1000001.0,"InstanceStateChanged",{"instance_id":"ins-e41jrqx2","state":"RUNNING","why":""}]
[1000002.0,"InstanceBandwidthChanged",{"instance_id":"ins-e41jrqx2","bandwidth_mbps":20}]
[1000003.0,"InstanceStateChanged",{"instance_id":"ins-e41jrqx2","state":"STOPPING","why":""}]
"""


def test_an_instance_of_a_log_without_disks_has_one_and_shows_it() -> None:
    state = read(DISKLESS)
    purchase = state.instances[WEB].purchase
    assert purchase.disks == (Disk(disk_id="disk-e41jrqx2"),)
    assert (purchase.key_ids, purchase.attributes.security_groups) == ((), ())
    assert state.disks == {"disk-e41jrqx2": WEB}


def test_instances_of_a_log_without_groups_are_in_the_default_one_and_admit_all() -> None:
    state = read(DISKLESS)
    (default,) = state.groups
    assert state.members_of(default) == set(state.instances)
    assert compile_table(state).members == ()


def test_what_was_asked_is_known_from_a_log_without_requests() -> None:
    assert read(DISKLESS).instances[WEB].latest == Operation("StopInstances", "")


# What the version wrote that took EIPs paid by the month, and knew no end of that.
ENDLESS = """\
[1000000.0,"LabConfigured",{"pools":["203.0.113.0/28"],"quarantine_s":60.0,"vpc":"10.0.0.0/24","reserved":["10.0.0.1"]}]
[1000000.0,"EipAllocated",{"eip_id":"eip-v1zj2vdl","address":"203.0.113.1","name":"x","bandwidth_mbps":5,"charge_type":"BANDWIDTH_PREPAID_BY_MONTH","slot":1}]
[1000000.0,"EipAllocated",{"eip_id":"eip-187o67dw","address":"203.0.113.2","name":"x","bandwidth_mbps":5,"charge_type":"TRAFFIC_POSTPAID_BY_HOUR","slot":2}]
[1000001.0,"EipChargeTypeChanged",{"eip_id":"eip-187o67dw","charge_type":"BANDWIDTH_PREPAID_BY_MONTH","bandwidth_mbps":5}]
"""


def test_an_eip_without_an_end_stays_until_it_is_released_or_renewed() -> None:
    state = read(ENDLESS)
    assert state.deadlines == {}
    at = Moment(10_000_000.0, Random(1))  # noqa: S311  for ids
    (released,) = decide(state, cmd.ReleaseEip("eip-v1zj2vdl"), at)
    assert isinstance(released, ev.EipReleased)
    with pytest.raises(errors.ChargeTypeError, match="renew it first"):
        decide(state, cmd.ChangeEipsRenewal(("eip-187o67dw",), Renewal.AUTO), at)
    (renewed,) = decide(state, cmd.RenewEips(("eip-187o67dw",), 1), at)
    state.evolve(renewed, at.now)
    assert at.now < state.deadlines["eip-187o67dw"] <= at.now + 31 * 86_400
