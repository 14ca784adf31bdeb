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

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
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
from gateway.nat.table import BadTableError, Revision, Table
from gateway.net.links import Links

NAME: Final = "tgw"  # under which `tc filter show` lists the programs

Link = tuple[str, str]  # an instance's interface, and its private address


class Carrier:
    """The fast path of one site. Its methods raise `FastPathError`, and nothing is carried then."""

    def __init__(self, site: Place) -> None:
        """Load nothing yet: that is what `prepare` is for."""
        self._site = site
        self._directory = site.directory

    def prepare(self) -> None:
        """Have new maps pinned, which carry nothing yet."""
        with self._having_turn():
            bpffs.mount()
            self._retire()
            with Links(self._site.namespace) as links:
                sizes = maps.sizes_for(generations.load(self._directory), len(links.names()))
            folder = bpffs.fresh_folder(self._site.name)
            folder.mkdir(mode=0o700)
            with load(sizes) as loaded:
                loaded.pin(folder)
            maps.set_up(self._site, folder, sizes.slots)
            fresh = self._directory / f"{pins.LINK}.new"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(folder)
            fresh.replace(self._directory / pins.LINK)
            bpffs.remove(self._site.name, but=folder)

    def carry(self) -> None:
        """Put the published table in force in the maps, and the programs on all links."""
        with self._having_turn():
            with Links(self._site.namespace) as links:
                known = [link for link in links.hosts() if link[0] != self._site.uplink]
                _attach(self._directory, links, known)
                with pins.pin(self._directory, FROM_UPLINK) as program:
                    links.program(self._site.uplink, program.file, NAME)
            self._fill()
            pins.settings(self._directory)[pins.STATE] = State.CARRYING

    def retire(self) -> None:
        """Carry nothing any more, and have no program on any link."""
        if pins.is_linked(self._directory):
            with self._having_turn():
                self._retire()
                self._detach()

    def look(self) -> None:
        """Let the slow path have all packets while somebody watches; an error if maps are lost."""
        try:
            if pins.state(self._directory) is not State.CARRYING:
                raise FastPathError("other maps took the place of its own")
            word = pins.memory(self._directory, pins.WORD).cast("Q")[0]
            if word == 0 and generations.published(self._directory):
                raise FastPathError("the mapping table has outgrown its maps")
            watching.follow(self._directory)
        except OSError as error:
            raise FastPathError(f"its maps are lost ({error})") from error

    @contextmanager
    def _having_turn(self) -> Iterator[None]:
        try:
            with pins.turn(self._directory):
                yield
        except (OSError, NetlinkError, BadTableError, LookupError) as error:
            raise FastPathError(str(error)) from error

    def _retire(self) -> None:
        """Let the maps that are pinned carry nothing from now on, and forget nothing of them."""
        try:
            if pins.state(self._directory) in (None, State.RETIRED):
                return
            pins.settings(self._directory)[pins.STATE] = State.RETIRED
            pins.wait_for_grace(self._directory)
        except OSError:  # without their pins they can be stopped by taking the programs away only
            self._detach()
        else:
            maps.give_buckets_back(self._directory)

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
def _opened(directory: Path, gateway: str) -> Iterator[Links | None]:
    """The gateway's links while its fast path is prepared, or carries; None otherwise."""
    try:
        if pins.state(directory) in (None, State.RETIRED):
            yield None
            return
        with pins.turn(directory), Links(gateway) as links:
            yield links if pins.state(directory) is not State.RETIRED else None
    except (OSError, NetlinkError, LookupError) as error:
        raise FastPathError(str(error)) from error


def _attach(directory: Path, links: Links, wanted: Iterable[Link]) -> None:
    with pins.pin(directory, FROM_INSTANCE) as program, pins.pin(directory, pins.LINKS) as known:
        for interface, address in wanted:
            index = links.index(interface)
            if index is not None:
                known.put(index, int(IPv4Address(address)))
                links.program(interface, program.file, NAME)


def _whole(table: Table) -> Revision:
    return Revision(table, frozenset(range(table.shape.blocks)))
