"""Addresses to hand out: the one that has been free longest first, after a quarantine.

Addresses never used count as free since ever, in their own order. The quarantine keeps late packets
of an address's last holder from reaching its next one.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from itertools import chain, islice

NEVER_USED = float("-inf")


class Pool:
    """The addresses of one network that may be given out, and since when each is free."""

    def __init__(
        self, network: str, *, quarantine_s: float, reserved: Collection[str] = ()
    ) -> None:
        """All host addresses of `network` but the `reserved` ones, free since ever."""
        self._network = IPv4Network(network)
        self._quarantine_s = quarantine_s
        addresses = (str(address) for address in self._network.hosts())
        self._free = OrderedDict.fromkeys(
            (address for address in addresses if address not in reserved), NEVER_USED
        )

    def free(self, now: float, *, without: Collection[str] = ()) -> Iterator[str]:
        """The addresses that may be given out at `now`, the longest free first."""
        for address in self._free:
            if self.ready(address, now) and address not in without:
                yield address

    def ready(self, address: str, now: float) -> bool:
        """Whether this one may be given out at `now`."""
        since = self._free.get(address)
        # A time in the future is of a clock that was set back since: no reason to wait for it.
        return since is not None and not since <= now < since + self._quarantine_s

    def __contains__(self, address: IPv4Address) -> bool:
        """Whether it is a host address of the network, free or not."""
        network = self._network
        return network.network_address < address < network.broadcast_address

    def next_free(self, now: float, *, without: Collection[str] = ()) -> str | None:
        """The address to give out at `now`, None if there is none."""
        return next(islice(self.free(now, without=without), 1), None)

    def take(self, address: str) -> None:
        """The address is in use from now on. Raises `KeyError` if it was."""
        del self._free[address]

    def give_back(self, address: str, now: float) -> None:
        """The address is free from `now` on."""
        assert address not in self._free, address
        assert IPv4Address(address) in self._network, address
        self._free[address] = now

    @property
    def given_back(self) -> dict[str, float]:
        """The free addresses that were used before, and since when each is free."""
        return {address: at for address, at in self._free.items() if at != NEVER_USED}

    def restore(self, in_use: Iterable[str], given_back: Mapping[str, float]) -> None:
        """Take over which addresses are in use and which were. Raises `KeyError`."""
        for address in chain(in_use, given_back):
            del self._free[address]
        self._free.update(given_back)

    def __len__(self) -> int:
        """How many addresses are free, those in quarantine included."""
        return len(self._free)

    def slot(self, address: str) -> int:
        """The address's number in its network: its slot in the table, whoever holds it."""
        return int(IPv4Address(address)) - int(self._network.network_address)

    @property
    def slots(self) -> int:
        """How many numbers there are."""
        return self._network.num_addresses
