"""Addresses to give out: the one that has been free longest first, after a quarantine.

Addresses that were never used come before all others, in their own order. The quarantine keeps late
packets for the last holder of an address from its next one. Memory is taken by addresses that were
used once, not by the networks' size.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import chain
from socket import AF_INET, inet_pton


class Pool:
    """The host addresses of one or more networks that may be given out."""

    def __init__(self, *networks: str, quarantine_s: float, reserved: Collection[str] = ()) -> None:
        """All host addresses of `networks` but the `reserved` ones; none was used yet."""
        found = [IPv4Network(network) for network in networks]
        self.networks = tuple(range(int(one[0]), int(one[-1]) + 1) for one in found)
        self._hosts = [_hosts(network) for network in found]
        self._base = int(found[0].network_address)
        self._quarantine_s = quarantine_s
        self._reserved = frozenset(address for address in reserved if self._has(address))
        self._in_use: set[str] = set()
        self._given_back: OrderedDict[str, float] = OrderedDict()  # and when, the longest first
        # All before were used once, or are reserved.
        self._unused_from = [hosts.start for hosts in self._hosts]
        self._skip_known()

    def free(self, now: float, *, without: Collection[str] = ()) -> Iterator[str]:
        """The addresses that may be given out at `now`, the longest free first."""
        for address in self._never_used():
            if address not in without:
                yield address
        for address in self._given_back:
            if address not in without and not self._is_quarantined(address, now):
                yield address

    def ready(self, address: str, now: float) -> bool:
        """Whether this address may be given out at `now`."""
        return self._is_free(address) and not self._is_quarantined(address, now)

    def position(self, address: str) -> int:
        """The distance of the address from the begin of the first network."""
        return int(IPv4Address(address)) - self._base

    def take(self, address: str) -> None:
        """Take the address out of the pool. Raises `KeyError` if it isn't free."""
        if not self._is_free(address):
            raise KeyError(address)
        self._given_back.pop(address, None)
        self._in_use.add(address)
        self._skip_known()

    def give_back(self, address: str, now: float) -> None:
        """Put an address back that was taken: it is free from `now` on."""
        assert address in self._in_use, address
        self._in_use.remove(address)
        self._given_back[address] = now

    @property
    def given_back(self) -> dict[str, float]:
        """The free addresses that were used before, and since when each is free."""
        return dict(self._given_back)

    def restore(self, in_use: Iterable[str], given_back: Mapping[str, float]) -> None:
        """Take over which addresses are in use and which were. Raises `KeyError`."""
        self._in_use.update(in_use)
        self._given_back.update(given_back)
        known = {number_of(address): address for address in chain(self._in_use, given_back)}
        if len(known) < len(self._in_use) + len(given_back):
            raise KeyError("an address is there twice")
        for number, address in known.items():
            if address in self._reserved or not any(number in hosts for hosts in self._hosts):
                raise KeyError(address)
        known |= {number_of(address): address for address in self._reserved}
        for at, hosts in enumerate(self._hosts):
            while self._unused_from[at] < hosts.stop and self._unused_from[at] in known:
                self._unused_from[at] += 1

    def __contains__(self, address: IPv4Address) -> bool:
        """Whether it is a host address of one of the networks, free or not."""
        return any(int(address) in hosts for hosts in self._hosts)

    def __len__(self) -> int:
        """How many addresses are free, those in quarantine included."""
        hosts = sum(len(hosts) for hosts in self._hosts)
        return hosts - len(self._reserved) - len(self._in_use)

    def _never_used(self) -> Iterator[str]:
        for start, hosts in zip(self._unused_from, self._hosts, strict=True):
            for number in range(start, hosts.stop):
                address = str(IPv4Address(number))
                if not self._is_known(address):
                    yield address

    def _skip_known(self) -> None:
        """Move each network's first address that was never used behind those that are known."""
        for number, hosts in enumerate(self._hosts):
            while self._unused_from[number] < hosts.stop and self._is_known(
                str(IPv4Address(self._unused_from[number]))
            ):
                self._unused_from[number] += 1

    def _is_known(self, address: str) -> bool:
        """Whether the address was used once, or is reserved."""
        return address in self._in_use or address in self._given_back or address in self._reserved

    def _is_free(self, address: str) -> bool:
        if address in self._given_back:
            return True
        return not self._is_known(address) and self._has(address)

    def _is_quarantined(self, address: str, now: float) -> bool:
        since = self._given_back.get(address)
        # A time in the future is of a clock that was set back since: no reason to wait for it.
        return since is not None and since <= now < since + self._quarantine_s

    def _has(self, address: str) -> bool:
        try:
            return IPv4Address(address) in self
        except AddressValueError:
            return False


def _hosts(network: IPv4Network) -> range:
    """The host addresses of a network, as numbers."""
    first, last = int(network.network_address), int(network.broadcast_address)
    return range(first, last + 1) if network.prefixlen >= 31 else range(first + 1, last)


def number_of(address: str) -> int:
    """The address as a number: ten times as fast as `IPv4Address`. Raises `KeyError`."""
    try:
        return int.from_bytes(inet_pton(AF_INET, address), "big")
    except OSError as error:
        raise KeyError(address) from error
