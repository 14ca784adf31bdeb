"""Control's memory after 1,000 of each action, in a lab with real machines.

A quarter of an hour: `pytest -sm bench tests/bench/test_memory.py`. It prints the memory before,
after one half and after the other: what goes on growing in the second half is a leak. It counts the
private memory that the process has written to, which no shared library blurs.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.labs import Lab, lab_of, new_topology

from gateway.site import roles

TIMES = 1_000
# It isn't 0: the log's pages in the cache of SQLite, up to 2 MB, and what waits for the next full
# garbage collection. Reboots added 8.9 kB each, now 2.8 kB.
PER_ACTION_MAX_KB = 5.0

pytestmark = [
    pytest.mark.bench,
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces"),
    pytest.mark.timeout(1_200),
]
Action = Callable[[], object]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab whose account has no quota in the way."""
    with lab_of(new_topology()) as found:
        found.control.call(
            "ConfigureAccount", Behaviour="STANDARD", EipsMax=1_000, ApplicationsMax=1_000_000
        )
        yield found


@pytest.fixture(params=["list", "modify", "address", "bind", "stop", "reboot", "run"])
def action(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Action]:
    """One action, or one and its opposite, to be done many times."""
    call = lab.control.call
    instance = lab.instance("web", bandwidth=0)
    (eip,) = call("AllocateAddresses")["AddressSet"]
    actions: dict[str, Action] = {
        "list": lambda: call("DescribeAddresses"),
        "modify": lambda: call("ModifyAddressAttribute", AddressId=eip, AddressName="other"),
        "address": lambda: call(
            "ReleaseAddresses", AddressIds=call("AllocateAddresses")["AddressSet"]
        ),
        "bind": lambda: (
            call("AssociateAddress", AddressId=eip, InstanceId=instance.id),
            call("DisassociateAddress", AddressId=eip),
        ),
        "stop": lambda: (
            call("StopInstances", InstanceIds=[instance.id]),
            call("StartInstances", InstanceIds=[instance.id]),
        ),
        "reboot": lambda: call("RebootInstances", InstanceIds=[instance.id]),
        "run": lambda: lab.instance("more", bandwidth=0).terminate(),
    }
    yield actions[request.param]
    call("ReleaseAddresses", AddressIds=[eip])
    instance.terminate()


def test_memory_after_many_of_an_action(
    lab: Lab, action: Action, request: pytest.FixtureRequest
) -> None:
    process = roles.holder(lab.places.run, roles.CONTROL)
    assert process
    measured = [_private_kb(process)]
    for _ in range(2):
        for _ in range(TIMES // 2):
            action()
        measured.append(_private_kb(process))
    added = (measured[-1] - measured[0]) / TIMES
    print(f"\n{request.node.name}: {measured} kB, {added:.1f} kB an action")
    assert added < PER_ACTION_MAX_KB


def _private_kb(process: int) -> int:
    """What the process has for itself alone."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:"))
