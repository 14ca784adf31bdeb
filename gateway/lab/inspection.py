"""A lab compared with what it shall be: all its hosts, their links, addresses, routes and rules.

Which instances there shall be is in the event log, which is read here without control: what it
built is looked at whether it works or not. An instance whose state is passing is control's affair:
nothing is said of it.
"""

from contextlib import closing
from functools import partial
from itertools import islice
from typing import Final

from gateway.control import history
from gateway.control.progress import Progress
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState
from gateway.exchange import generations
from gateway.lab import builder
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.machines import Machines
from gateway.lab.topology import Topology
from gateway.net.differences import Difference, compared
from gateway.net.sight import Seen, see
from gateway.site import network, roles
from gateway.site.fast_path_place import fast_path_differences
from gateway.store.snapshots import SnapshotFile
from gateway.store.sqlite import SqliteReader

_READ_AT_ONCE: Final = 1000


class Inspection:
    """Looks at one lab, once or again and again: the log is read on from where a look has come to.

    Its methods raise `OSError`, `SteeringError` or `StoreError`.
    """

    def __init__(self, topology: Topology) -> None:
        """Read nothing yet: that is what the first look does."""
        self._topology = topology
        self._state = State()
        self._progress: Progress | None = None  # of what has been read

    def differences(self) -> list[Difference]:
        """Compare all hosts of the lab with what they shall be."""
        topology = self._topology
        # Hosts before the log: what is there now is in the log already, unless it is a stranger.
        hosts = Hosts(topology.name).names()
        there, unsure = _settled(self._recorded()), tuple(self._state.passing)
        machines = Machines(topology)
        known = {INTERNET, GATEWAY, *unsure} | {one.instance_id for one in there}
        ends = [machines.end_of(one, up=_is_up(one)) for one in there]
        gateway = builder.gateway(topology, ends, unsure)
        seen = see(gateway)
        return [
            *builder.internet_differences(topology),
            *compared(gateway, seen),
            *builder.uplink(topology),
            *(_in_the_kernel(topology, seen, there) if seen else ()),
            *(found for one in there for found in machines.differences(one, seen, up=_is_up(one))),
            *(_stranger(topology, machines, host) for host in hosts if host not in known),
        ]

    def unwritten(self) -> list[str]:
        """Name the files that the control at work should have written, and that aren't there."""
        places = self._topology.site.places
        if roles.holder(places.run, roles.CONTROL) is None:
            return []
        files = [
            *(places.endpoint, places.credentials, places.role_secret),
            places.run / generations.GENERATION,
            *(places.facts / one.private_ip for one in _settled(self._recorded())),
        ]
        return [f"{file} is missing, which control writes" for file in files if not file.exists()]

    def _recorded(self) -> State:
        """All that the log says by now, up to its last event."""
        places = self._topology.site.places
        if not places.log.exists():
            self._state, self._progress = State(), None
            return self._state
        with closing(SqliteReader(places.log)) as log:
            if self._progress is None:
                in_force = generations.published(places.run) if places.run.is_dir() else 0
                found = history.load(log, SnapshotFile(places.snapshot), in_force)
                self._state, self._progress = found
            records = log.read(self._state.sequence)
            while some := list(islice(records, _READ_AT_ONCE)):
                for record in some:
                    history.take_in(record, self._state, self._progress)
        return self._state


def _stranger(topology: Topology, machines: Machines, host: str) -> Difference:
    what = "the namespace doesn't belong here"
    return Difference(
        Hosts(topology.name).namespace(host), what, partial(machines.remove_host, host)
    )


def _in_the_kernel(topology: Topology, gateway: Seen, there: list[Instance]) -> list[Difference]:
    """Compare the gateway's rules, the links that its guard knows, and its fast path."""
    site = topology.site
    links = [(one.instance_id, one.private_ip) for one in there]
    up = [link for link, one in zip(links, there, strict=True) if _is_up(one)]
    return [
        # The sets of a guard that is to be restored mean nothing.
        *(network.rule_differences(site) or network.arp_differences(site, up, links)),
        *fast_path_differences(site, gateway, up),
    ]


def _settled(state: State) -> list[Instance]:
    """The instances that have a machine, and for which nothing is to be done now."""
    return [
        one
        for one in state.instances.values()
        if one.state not in PASSING and one.state is not InstanceState.LAUNCH_FAILED
    ]


def _is_up(instance: Instance) -> bool:
    return instance.state is InstanceState.RUNNING
