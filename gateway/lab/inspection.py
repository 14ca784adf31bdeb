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
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState
from gateway.exchange import generations
from gateway.lab import builder
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.machines import Machines
from gateway.lab.topology import Topology
from gateway.net.differences import Difference, compared
from gateway.net.sight import Seen, see
from gateway.site import network
from gateway.site.fast_path_place import fast_path_differences
from gateway.store.snapshots import SnapshotFile
from gateway.store.sqlite import SqliteReader

_READ_AT_ONCE: Final = 1000


def inspect(topology: Topology) -> list[Difference]:
    """Compare the lab with what it shall be. Raises `OSError`, `SteeringError` or `StoreError`."""
    # Hosts before the log: what is there now is in the log already, unless it is a stranger.
    hosts = Hosts(topology.name).names()
    state = _recorded(topology)
    unsure = tuple(one.instance_id for one in state.instances.values() if one.state in PASSING)
    machines = Machines(topology)
    there = _settled(state)
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


def _stranger(topology: Topology, machines: Machines, host: str) -> Difference:
    what = "the namespace doesn't belong here"
    return Difference(
        Hosts(topology.name).namespace(host), what, partial(machines.remove_host, host)
    )


def unwritten(topology: Topology) -> list[str]:
    """Name the files that control writes when it starts, and that aren't there.

    Raises `OSError` or `StoreError`.
    """
    places = topology.site.places
    instances = (one.private_ip for one in _settled(_recorded(topology)))
    files = [
        *(places.endpoint, places.credentials, places.role_secret),
        places.run / generations.GENERATION,
        *(places.facts / address for address in instances),
    ]
    return [f"{file} is missing, which control writes" for file in files if not file.exists()]


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


def _recorded(topology: Topology) -> State:
    """What the log says now. Raises `StoreError` if it can't be read."""
    places = topology.site.places
    if not places.log.exists():
        return State()
    with closing(SqliteReader(places.log)) as log:
        in_force = generations.published(places.run) if places.run.is_dir() else 0
        state, progress = history.load(log, SnapshotFile(places.snapshot), in_force)
        records = log.read(state.sequence)
        while some := list(islice(records, _READ_AT_ONCE)):
            for record in some:
                history.take_in(record, state, progress)
    return state
