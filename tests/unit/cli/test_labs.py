import argparse
from collections.abc import Callable

import pytest

from gateway.cli import labs
from gateway.cli.output import RefusedError
from gateway.lab.topology import Topology, TopologyError
from gateway.site.places import Places

from .conftest import LAB

ARGUMENTS = argparse.Namespace(lab=LAB)


@pytest.mark.parametrize("found", [labs.places_up, labs.topology_of])
def test_a_lab_that_is_not_up_is_refused(found: Callable[[argparse.Namespace], object]) -> None:
    with pytest.raises(
        (RefusedError, TopologyError), match=rf"^lab {LAB} is not up: 'tgw lab up' builds it$"
    ):
        found(ARGUMENTS)


def test_a_lab_that_is_up_has_places_and_a_topology(up: Places) -> None:
    assert labs.places_up(ARGUMENTS) == up
    assert labs.topology_of(ARGUMENTS) == Topology(name=LAB)
