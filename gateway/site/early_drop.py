"""The publisher for the early drop: which addresses take packets."""

from functools import partial

from gateway.control.compile import mapping_of
from gateway.control.state import State
from gateway.control.values import Instance
from gateway.site.sets_publisher import Content, SetsPublisher
from gateway.site.site import Site
from gateway.steering import early
from gateway.steering.early import Place


def early_drop(site: Site) -> SetsPublisher:
    """The publisher that has what isn't for an open address dropped before the queue."""
    fill = partial(early.fill, site.pools)
    content = Content("the early drop", early.SETS, State.touched_since, _place_of, fill)
    return SetsPublisher(site, content)


def _place_of(state: State, instance: Instance) -> tuple[int, str] | None:
    """The public address of a running instance, and what becomes of packets to it."""
    mapping = mapping_of(state, instance)
    if mapping is None:
        return None
    return mapping.public, Place.BLOCKED if mapping.blocked else Place.OPEN
