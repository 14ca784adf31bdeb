"""An EIP goes to and fro between two instances, under load: a thousand times by both paths."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from support.labs import Instance, Lab, lab_of, new_topology
from support.steady import received, receiver, sending

from gateway.dataplane.record import AUTO, OFF

REBINDS = 500
POOL = "198.18.0.0/20"  # for measurements (RFC 2544, C.2.2): the documentation's are too small


class Binding(NamedTuple):
    """One call: asked for, acknowledged, and who has the EIP from then on. Times in ns."""

    asked: int
    acknowledged: int
    holder: str


@pytest.fixture(params=[AUTO, OFF])
def large_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """An instance that loses its EIP gets an ordinary address that it never had before."""
    with lab_of(replace(new_topology(), pool=POOL), request.param) as found:
        yield found


def test_rebinds_under_load(large_lab: Lab) -> None:
    lab = large_lab
    one, two, other = (lab.instance(name, bandwidth=100) for name in ("one", "two", "other"))
    eip = lab.control.call("AllocateAddresses", InternetMaxBandwidthOut=100)["AddressSet"][0]
    lab.control.call("AssociateAddress", AddressId=eip, InstanceId=one.id)
    address = lab.control.call("DescribeAddresses", AddressIds=[eip])["AddressSet"][0]["AddressIp"]
    with ExitStack() as sockets:
        ends = {i.id: sockets.enter_context(receiver(i)) for i in (one, two, other)}
        with sending(lab.uplink, address, other.public) as sender:
            bindings = [rebind(lab, eip, (two, one)[n % 2]) for n in range(REBINDS)]
        seen = {instance_id: received(found) for instance_id, found in ends.items()}
    misled = [
        (binding, sent)
        for binding, following in pairwise(bindings)
        for sent in between(seen[wrong(binding, one, two)], binding.acknowledged, following.asked)
    ]
    assert misled == []
    assert [number for number, _ in seen[other.id]] == list(range(sender.count))
    moved = sorted(number for i in (one, two) for number, _ in seen[i.id])
    assert moved == list(range(sender.count))
    took = sorted(b.acknowledged - b.asked for b in bindings)
    print(f"{sender.count} packets each; a bind took {took[len(took) // 2] / 1e6:.1f} ms (median)")


def rebind(lab: Lab, eip: str, to: Instance) -> Binding:
    asked = time.monotonic_ns()
    lab.control.call("AssociateAddress", AddressId=eip, InstanceId=to.id)
    return Binding(asked, time.monotonic_ns(), to.id)


def wrong(binding: Binding, one: Instance, two: Instance) -> str:
    """The one of the two that hasn't the EIP then."""
    return two.id if binding.holder == one.id else one.id


def between(packets: list[tuple[int, int]], start: int, end: int) -> list[int]:
    """When packets were sent, of those sent in this time."""
    return [sent for _, sent in packets if start < sent < end]
