"""The hosts of a lab: the internet, the gateway and each instance, a network namespace each.

The name of a namespace carries the lab's name. That has no dot, so the prefix of one lab is never
the prefix of another.
"""

from dataclasses import dataclass
from typing import Final

from gateway.net import namespace

INTERNET: Final = "internet"
GATEWAY: Final = "gateway"

# The ends of links that all instances, the gateway and the internet know for good.
GATEWAY_MAC: Final = "fe:ee:00:00:00:01"  # of each link to an instance
UPLINK_MAC: Final = "fe:ee:00:00:00:02"
INTERNET_MAC: Final = "fe:ee:00:00:00:03"


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of the lab whose name is `lab`."""

    lab: str

    @property
    def prefix(self) -> str:
        """The text with which the names of all its namespaces begin."""
        return f"tgw.{self.lab}."

    def namespace(self, host: str) -> str:
        """The namespace of a host: `internet`, `gateway` or an instance's id."""
        return self.prefix + host

    def names(self) -> list[str]:
        """The names of the hosts that are there now."""
        return [name.removeprefix(self.prefix) for name in namespace.names(self.prefix)]
