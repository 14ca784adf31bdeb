"""The fast path of a site: where it is, and what isn't there as it should be."""

from collections.abc import Iterable

from gateway.dataplane import record
from gateway.fastpath import inventory
from gateway.fastpath.carrier import Link
from gateway.fastpath.maps import Place
from gateway.net.differences import Difference
from gateway.net.sight import Seen
from gateway.site.site import Site


def place_of(site: Site) -> Place:
    """The site, as its fast path knows it."""
    return Place(
        site.name,
        site.places.run,
        site.namespace,
        site.uplink.interface,
        site.uplink.address,
        len(site.pools),
    )


def fast_path_differences(site: Site, gateway: Seen, instances: Iterable[Link]) -> list[Difference]:
    """Compare what is in the kernel of a fast path that carries; the gateway's links were seen.

    Raises `OSError`.
    """
    if record.load(site.places.run).fastpath != record.ON:
        return []
    return inventory.differences(place_of(site), gateway, instances)
