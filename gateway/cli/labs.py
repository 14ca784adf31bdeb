"""The lab that a command is about."""

from argparse import Namespace
from typing import TYPE_CHECKING

from gateway.cli.output import RefusedError
from gateway.site.places import Places

if TYPE_CHECKING:
    from gateway.lab.topology import Topology


def places_of(arguments: Namespace) -> Places:
    """The places of the lab, which may be up or not."""
    return Places(arguments.lab)


def places_up(arguments: Namespace) -> Places:
    """The places of the lab. Raises `RefusedError` if it isn't up."""
    places = places_of(arguments)
    if not places.is_up:
        raise RefusedError(f"lab {arguments.lab} is not up: 'tgw lab up' builds it")
    return places


def topology_of(arguments: Namespace) -> "Topology":
    """What the lab was built from. Raises `TopologyError`, also if it isn't up."""
    from gateway.lab.topology import standing  # only now: most commands need the places alone

    return standing(places_of(arguments))
