"""How many mappings a gateway has, with which addresses, and the files that peers load them from.

Few stand in a documentation network. That has no room for a million: many stand in 100.64.0.0/10.
"""

import socket
import struct
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from zlib import crc32

from gateway.exchange import generations
from gateway.nat import table
from gateway.steering.early import Place

PRIVATE_NETWORK: Final = "10.64.0.0/10"
FEW_NETWORK: Final = "203.0.113.0/24"
MANY_NETWORK: Final = "100.64.0.0/10"
FEW_MAX: Final = 250
POLICED_KBPS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Mappings:
    """`count` mappings of consecutive addresses; the last ones are blocked, in our tables.

    Those before them have next to no bandwidth, so many as are `policed`.
    The first `hosts` of them lead to hosts of their own, all others to the first one.
    """

    count: int
    blocked: int = 0
    hosts: int = 1
    policed: int = 0

    @property
    def pool(self) -> str:
        """The network of the public addresses."""
        return FEW_NETWORK if self.count <= FEW_MAX else MANY_NETWORK

    def addresses(self) -> range:
        """The addresses of that network."""
        network = IPv4Network(self.pool)
        return range(int(network[0]), int(network[-1]) + 1)

    @property
    def public(self) -> str:
        """The first public address."""
        return "203.0.113.1" if self.count <= FEW_MAX else "100.64.1.0"

    @property
    def private(self) -> str:
        """The first private address."""
        return "10.64.1.0"

    def pairs(self) -> list[tuple[int, int]]:
        """Public and private of each."""
        public, private = int(IPv4Address(self.public)), int(IPv4Address(self.private))
        return [(public + n, private + n) for n in range(self.count)]

    def places(self) -> dict[int, Place]:
        """What becomes early of packets to each public address."""
        opened = self.count - self.blocked
        return {
            public: Place.OPEN if number < opened else Place.BLOCKED
            for number, (public, _) in enumerate(self.pairs())
        }


class Files:
    """The mappings as each kind of peer wants them, made once for a run."""

    def __init__(self, directory: Path) -> None:
        """They are made in `directory` when they are asked for."""
        self._directory = directory
        self.pairs = cache(self._pairs)
        self.published = cache(self._published)
        self.nft = cache(self._nft)

    def apart(self, name: str) -> "Files":
        """The same in a directory of their own, for a peer that runs beside others."""
        directory = Path(mkdtemp(prefix=f"{name}-", dir=self._directory))
        directory.chmod(0o755)  # a data plane may give up root
        return Files(directory)

    def _pairs(self, mappings: Mappings) -> Path:
        """A file of pairs, four bytes an address, in network order."""
        path = self._directory / f"pairs-{mappings.count}"
        path.write_bytes(b"".join(struct.pack("!II", *pair) for pair in mappings.pairs()))
        return path

    def _published(self, mappings: Mappings) -> Path:
        """A directory with the table as control publishes it."""
        directory = self._directory / "-".join(
            map(str, ("published", mappings.count, mappings.blocked, mappings.policed))
        )
        directory.mkdir()
        opened = mappings.count - mappings.blocked
        free = opened - mappings.policed
        rows = [
            table.Mapping(
                *pair, slot, in_kbps=POLICED_KBPS * (slot >= free), blocked=slot >= opened
            )
            for slot, pair in enumerate(mappings.pairs())
        ]
        generations.publish(
            directory, table.build(1, mappings.count, rows, pools=[mappings.addresses()])
        )
        return directory

    def _nft(self, mappings: Mappings, chains: str) -> Path:
        """A ruleset with maps `inbound` and `outbound`, and `chains` that use them."""
        pairs = [tuple(map(_dotted, pair)) for pair in mappings.pairs()]
        inbound = ",".join(f"{public}:{private}" for public, private in pairs)
        outbound = ",".join(f"{private}:{public}" for public, private in pairs)
        path = self._directory / f"nft-{mappings.count}-{crc32(chains.encode()):08x}"
        path.write_text(
            "table ip nat {\n"
            f"map inbound {{ type ipv4_addr : ipv4_addr; elements = {{ {inbound} }}\n }}\n"
            f"map outbound {{ type ipv4_addr : ipv4_addr; elements = {{ {outbound} }}\n }}\n"
            f"{chains}}}\n"
        )
        return path


def _dotted(address: int) -> str:
    return socket.inet_ntoa(address.to_bytes(4))
