"""Fixtures: labs and instances in them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import Instance, Lab, lab_of, new_topology

from gateway.dataplane.record import AUTO


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: namespaces and real packets")


@pytest.fixture(scope="module")
def fastpath(request: pytest.FixtureRequest) -> str:
    """How the module's labs are set: a module about the workers' loop says `FASTPATH = OFF`."""
    return str(getattr(request.module, "FASTPATH", AUTO))


@pytest.fixture(scope="module")
def lab(fastpath: str) -> Iterator[Lab]:
    """One lab for all tests of a module; each makes instances of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root: namespaces and real packets")
    with lab_of(new_topology(), fastpath) as found:
        yield found


@pytest.fixture
def own_lab(fastpath: str) -> Iterator[Lab]:
    """A lab for one test, to break."""
    with lab_of(new_topology(), fastpath) as found:
        yield found


@pytest.fixture
def web(lab: Lab) -> Iterator[Instance]:
    """An instance with a public IP."""
    instance = lab.instance("web")
    yield instance
    instance.terminate()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `lab`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)
