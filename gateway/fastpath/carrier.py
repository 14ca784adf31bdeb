"""The fast path of one site: loaded, filled, attached to the links, and taken away again.

The supervisor prepares it before it starts workers, so that these police by its buckets, and lets
it carry when they are in service::

    prepare    the maps before are retired: from then on all packets take the slow path; new maps
               are made, with what the ones before have counted, and pinned
    carry      the published table is put in force in them, and each link gets its program
    retire     the maps are retired, and the programs taken away; the counters stay

Whoever is killed at any point leaves maps that carry, or maps that don't: none that is half made
carries. A link that is made later gets its program by `attach`.
"""

import logging
import socket
from collections.abc import Container, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.exchange import generations, pins, watching
from gateway.exchange.kernel_table import KernelTable
from gateway.exchange.pins import State
from gateway.exchange.table_reader import TableReader
from gateway.fastpath import bpffs, maps
from gateway.fastpath.bpf import FastPathError
from gateway.fastpath.maps import Place
from gateway.fastpath.program import FROM_INSTANCE, FROM_UPLINK, load
from gateway.fastpath.settings import FIELDS, SETTING
from gateway.nat.table import BadTableError, Revision, Table
from gateway.net.links import Links
from gateway.net.plan import LOOPBACK

_log = logging.getLogger(__name__)

TRIES: Final = 40  # looks after which a link is taken for one that isn't an instance's
NAME: Final = "tgw"  # under which `tc filter show` lists the programs

# What is pinned and can't be missed. A program of another version may have others beside.
PINNED: Final = frozenset(
    {pins.WORD, pins.SETTINGS, pins.GRACE, pins.PAGES, pins.LINKS, *pins.TABLES}
    | {pins.ADDRESS_BUCKETS, pins.PACKAGE_BUCKETS, FROM_UPLINK, FROM_INSTANCE}
)

Link = tuple[str, str]  # an instance's interface, and its private address


class Carrier:
    """The fast path of one site, for a thread in the gateway's network.

    Its methods raise `FastPathError`, and nothing is carried then.
    """

    def __init__(self, site: Place) -> None:
        """Load nothing yet: that is what `prepare` is for."""
        self._site = site
        self._directory = site.directory
        self._seen: frozenset[tuple[int, str]] = frozenset()  # numbers and names of links
        self._attached: frozenset[tuple[int, str]] = frozenset()
        self._tries = 0
        self._stands_aside = False

    def prepare(self) -> None:
        """Have new maps pinned, which carry nothing yet."""
        with _told():
            bpffs.mount()
            if self._is_out_of_reach():  # or its programs would go on by the table of today
                with pins.turn(self._directory):
                    self._forget()
            with Links(self._site.namespace) as links:
                sizes = maps.sizes_for(generations.load(self._directory), len(links.names()))
            # The maps before carry on meanwhile, and control publishes.
            with (
                maps.kept(self._directory, sizes) as kept,
                load(sizes, kept) as loaded,
                pins.turn(self._directory),
            ):
                self._retire()
                folder = bpffs.fresh_folder(self._site.name)
                folder.mkdir(mode=0o700)
                loaded.pin(folder)
                maps.set_up(self._site, folder, sizes.slots, filled=kept)
                fresh = self._directory / f"{pins.LINK}.new"
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(folder)
                fresh.replace(self._directory / pins.LINK)
                bpffs.remove(self._site.name, but=folder)

    def carry(self) -> None:
        """Put the published table in force in the maps, and the programs on all links."""
        with _told(), pins.turn(self._directory):
            self._seen = frozenset(socket.if_nameindex())
            self._attach_links({name for _, name in self._seen})
            self._fill()
            pins.settings(self._directory)[pins.STATE] = State.CARRYING

    def retire(self) -> None:
        """Carry nothing any more, and have no program on any link."""
        with _told(), pins.turn(self._directory):
            self._retire()
            self._detach()
            if not pins.is_linked(self._directory):
                bpffs.remove(self._site.name)

    def look(self) -> None:
        """Let the slow path have all packets while somebody watches; an error if maps are lost."""
        try:
            gone = lost(self._directory)
            if gone:
                raise FastPathError(f"its pins are lost ({', '.join(gone)})")
            if pins.state(self._directory) is not State.CARRYING:
                raise FastPathError("other maps took the place of its own")
            before, self._stands_aside = self._stands_aside, self._has_no_table()
            if before and self._stands_aside:  # once, it may be about to get its first
                raise FastPathError("the mapping table has outgrown its maps")
            watching.follow(self._directory)
        except OSError as error:
            raise FastPathError(f"its maps are lost ({error})") from error
        self._look_at_links()

    def _has_no_table(self) -> bool:
        word = pins.memory(self._directory, pins.WORD).cast("Q")[0]
        return word == 0 and generations.published(self._directory) > 0

    def _look_at_links(self) -> None:
        """Attach links that are new. One may have no route yet, so several looks are for it.

        Control attaches those that it makes; others may be made anew, the uplink too.
        """
        before, self._seen = self._seen, frozenset(socket.if_nameindex())
        if before != self._seen:
            self._attached &= self._seen
            self._tries = TRIES
        fresh = {name for _, name in self._seen - self._attached} - {LOOPBACK}
        if self._tries and fresh:
            with suppress(TimeoutError), pins.turn(self._directory, within_s=0.0):
                self._tries -= 1
                try:
                    self._attach_links(fresh)
                except (OSError, NetlinkError, LookupError) as error:
                    _log.warning("links without a fast path: %s", error)

    def _attach_links(self, names: Container[str]) -> None:
        """Attach those of the links that have one of these names, and a route."""
        uplink = self._site.uplink
        with Links(self._site.namespace) as links:
            wanted = [link for link in links.hosts() if link[0] in names and link[0] != uplink]
            _attach(self._directory, links, wanted)
            if uplink in names:
                _attach_uplink(self._directory, links, uplink)
        done = {uplink, *(interface for interface, _ in wanted)}
        self._attached |= {link for link in self._seen if link[1] in done}

    def _retire(self) -> None:
        """Let the maps that are pinned carry nothing from now on, and forget nothing of them."""
        try:
            before = pins.state(self._directory)
            if before in pins.IN_USE:
                pins.settings(self._directory)[pins.STATE] = State.RETIRED
                pins.wait_for_grace(self._directory)
                maps.give_buckets_back(self._directory)
        except OSError:
            before = None
        if before is None:
            self._forget()

    def _is_out_of_reach(self) -> bool:
        """Whether there may be programs at work whose maps no path leads to."""
        try:
            if pins.state(self._directory) is not None:
                return False
        except OSError:
            return True
        return bpffs.remains(self._site.name, self._directory)

    def _forget(self) -> None:
        """Take all programs away, whose maps can't be reached, and what may lead to those."""
        self._detach()
        (self._directory / pins.LINK).unlink(missing_ok=True)

    def _detach(self) -> None:
        with Links(self._site.namespace) as links:
            for interface in links.names():
                links.no_program(interface)

    def _fill(self) -> None:
        with (
            closing(TableReader(self._directory)) as reader,
            closing(KernelTable(self._directory)) as table,
        ):
            generation = generations.published(self._directory)
            if generation:
                reader.read(generation, lambda read: table.fill(_whole(read)))


def lost(directory: Path) -> list[str]:
    """The pins that are missing. Raises `FileNotFoundError` if there is no way to any."""
    return sorted(PINNED - {path.name for path in (directory / pins.LINK).iterdir()})


def attach_uplink(site: Place) -> None:
    """Give the uplink its program, if there is a fast path. Raises `FastPathError`."""
    with _opened(site.directory, site.namespace) as links:
        if links:
            _attach_uplink(site.directory, links, site.uplink)


def attach(directory: Path, gateway: str, link: Link) -> None:
    """Give an instance's link its program, if there is a fast path. Raises `FastPathError`."""
    with _opened(directory, gateway) as links:
        if links:
            _attach(directory, links, [link])


def detach(directory: Path, gateway: str, interface: str) -> None:
    """Take an instance's link out of the fast path: it is about to be removed.

    Its index may be another link's one day. Raises `FastPathError`.
    """
    with _opened(directory, gateway) as links:
        index = links.index(interface) if links else None
        if links and index is not None:
            links.no_program(interface)
            with pins.pin(directory, pins.LINKS) as known:
                known.drop(index)


@contextmanager
def _told() -> Iterator[None]:
    """Raise whatever fails in the block as a `FastPathError`, with the same text."""
    try:
        yield
    except (OSError, NetlinkError, BadTableError, LookupError) as error:
        raise FastPathError(str(error)) from error


@contextmanager
def _opened(directory: Path, gateway: str) -> Iterator[Links | None]:
    """The gateway's links while its fast path is prepared, or carries; None otherwise."""
    with _told():
        if pins.state(directory) in (None, State.RETIRED):
            yield None
            return
        with pins.turn(directory), Links(gateway) as links:
            yield links if pins.state(directory) is not State.RETIRED else None


def _attach(directory: Path, links: Links, wanted: Iterable[Link]) -> None:
    with pins.pin(directory, FROM_INSTANCE) as program, pins.pin(directory, pins.LINKS) as known:
        for interface, address in wanted:
            index = links.index(interface)
            if index is not None:
                known.put(index, int(IPv4Address(address)))
                links.program(interface, program.file, NAME)


def _attach_uplink(directory: Path, links: Links, uplink: str) -> None:
    index = links.index(uplink)
    if index is not None:
        pins.settings(directory)[FIELDS["uplink"] // SETTING] = index
        with pins.pin(directory, FROM_UPLINK) as program:
            links.program(uplink, program.file, NAME)


def _whole(table: Table) -> Revision:
    return Revision(table, frozenset(range(table.shape.blocks)))
