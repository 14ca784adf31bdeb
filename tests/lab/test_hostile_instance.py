"""One instance with very many connections to what instances reach, and the others meanwhile."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import hostile
from support.blows import pid_of
from support.labs import Instance, Lab, eventually, lab_of, new_topology

from gateway.net import namespace
from gateway.site import roles
from gateway.site.site import API_ADDRESS, METADATA_ADDRESS

NUMBER = 600  # more than an instance may have
ASKED = 30
WITHIN_S = 30.0
MORE_MAX = 8 << 20  # bytes of memory and of the log


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with lab_of(new_topology()) as found:
        yield found


@pytest.fixture(scope="module")
def honest(lab: Lab) -> Instance:
    return lab.instance("honest")


@pytest.fixture(scope="module")
def stranger(lab: Lab) -> Instance:
    return lab.instance("stranger")


def descriptors(lab: Lab, role: str) -> int:
    return len(list(Path(f"/proc/{pid_of(lab, role)}/fd").iterdir()))


def memory(lab: Lab, role: str) -> int:
    """The bytes of memory that the process has."""
    status = Path(f"/proc/{pid_of(lab, role)}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def asked(instance: Instance, address: str) -> int:
    """The status of one answer, by a connection of its own."""
    with namespace.inside(instance.namespace):
        connection = http.client.HTTPConnection(address, timeout=WITHIN_S)
        try:
            connection.request("GET", "/latest/meta-data/instance-id")
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
    assert address != METADATA_ADDRESS or text == instance.id
    return answer.status


@contextmanager
def crowd(
    lab: Lab, instance: Instance, address: str, kind: str
) -> Iterator["subprocess.Popen[str]"]:
    words = (sys.executable, str(hostile.PROGRAM), address, "80", kind, str(NUMBER))
    with lab.start(instance.id, *words) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


@pytest.mark.parametrize("kind", hostile.KINDS)
@pytest.mark.parametrize("address", [METADATA_ADDRESS, API_ADDRESS], ids=["metadata", "API"])
def test_another_instance_is_answered_each_time(
    lab: Lab, honest: Instance, stranger: Instance, address: str, kind: str
) -> None:
    both = (roles.CONTROL, roles.METADATA)
    before = descriptors(lab, roles.CONTROL)
    memories = {role: memory(lab, role) for role in both}
    with crowd(lab, stranger, address, kind) as process:
        assert [asked(honest, address) for _ in range(ASKED)] == [200] * ASKED
        assert descriptors(lab, roles.CONTROL) < before + NUMBER // 10
        assert all(memory(lab, role) < memories[role] + MORE_MAX for role in both)
        assert all(len(log(lab, role)) < MORE_MAX // 100 for role in both)
        assert process.poll() is None
    assert "Traceback" not in log(lab, roles.METADATA)


def log(lab: Lab, role: str) -> str:
    return (lab.places.run / f"{role}.log").read_text()


def test_an_instance_that_ends_leaves_no_connection(lab: Lab, honest: Instance) -> None:
    ending = lab.instance("ending")
    asked(honest, METADATA_ADDRESS)
    before = descriptors(lab, roles.METADATA)
    with crowd(lab, ending, METADATA_ADDRESS, "half-open"):
        assert descriptors(lab, roles.METADATA) > before + 100
        ending.terminate()
        eventually(lambda: descriptors(lab, roles.METADATA) <= before + 10)
