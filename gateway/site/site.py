"""A gateway in its place, as a value: its name, its network, its uplink and its pools.

Nothing here says who is behind the gateway, or what is at the other end of its uplink.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.control.place import REGION
from gateway.nat.mark import DEFAULT_BITS, MarkBits
from gateway.net import namespace
from gateway.site.places import Places
from gateway.steering.ruleset import Steering

METADATA_ADDRESS: Final = "169.254.0.23"
METADATA_NAME: Final = "metadata.tencentyun.com"
API_ADDRESS: Final = "169.254.0.95"  # where instances find the cloud's API
HTTP_PORT: Final = 80  # of both
# Where other clouds have their metadata. Programs look there at their start, and are refused at
# once: the address is the gateway's, and nothing listens.
NO_SERVICE_ADDRESS: Final = "169.254.169.254"
API_NAMES: Final = tuple(
    f"{service}{where}.tencentcloudapi.com"
    for service in ("cvm", "vpc", "monitor", "sts", "tag")
    for where in ("", ".internal", f".{REGION}")
)


@dataclass(frozen=True, slots=True)
class Uplink:
    """The gateway's link to the internet, its address there, and the router behind the link."""

    interface: str
    address: str
    prefix: int
    next_hop: str


@dataclass(frozen=True, slots=True)
class Site:
    """One gateway: where its network is, how it reaches the internet, and what it serves.

    `namespace` is the network namespace of the gateway. `addresses` are the gateway's own towards
    the instances. `private` are networks that never leave through the uplink. `bits` of a packet's
    mark tell its direction; the mark's other bits are the owner's.
    """

    name: str
    namespace: str
    uplink: Uplink
    pools: tuple[str, ...]
    addresses: tuple[str, ...] = (METADATA_ADDRESS, API_ADDRESS, NO_SERVICE_ADDRESS)
    private: tuple[str, ...] = ()
    bits: MarkBits = DEFAULT_BITS

    @property
    def places(self) -> Places:
        """The places where the site's files are kept."""
        return Places(self.name)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Run the block's thread in the gateway's network. Raises `OSError` if it doesn't exist."""
        with namespace.inside(self.namespace):
            yield

    def enter(self) -> None:
        """Move this thread into the gateway's network. Raises `OSError` if it doesn't exist."""
        namespace.enter(self.namespace)

    def steering(self, queues: range, bits: MarkBits) -> Steering:
        """What the gateway queues and guards, with these queues and these bits of the mark."""
        return Steering(self.uplink.interface, self.uplink.address, self.pools, queues, bits)
