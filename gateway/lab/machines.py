"""The instances' machines: namespaces of their own each, linked to the gateway's by a pair of veth.

A machine has its own files, processes, names and IPC (`gateway.net.machine`), and what its type
gives it of processors and memory (`gateway.lab.resources`).

The link is routed, not bridged: the gateway has a route of its own to each instance, and is the
only neighbour of an instance. So an instance reaches the rest of the VPC only through the gateway,
an address claimed by the wrong one is dropped by the guard (strict reverse path, RFC 3704), and
their number isn't bounded by a bridge's ports.

Both ends of a link know each other's hardware address for good. What is learnt by ARP is counted in
one table of the kernel's, for all namespaces of the machine: some 700 instances would fill it, or a
single hostile one. ARP is still answered, to who asks from the address of its link
(`gateway.steering.arp`), for programs that have routes of their own.
"""

import logging
import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.control.errors import AdapterError
from gateway.control.values import Instance
from gateway.fastpath import carrier
from gateway.fastpath.bpf import FastPathError
from gateway.lab import builder, first_boot, inside
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.resources import Groups, named
from gateway.lab.topology import Topology
from gateway.net import namespace
from gateway.net.differences import Difference, compared, pair_compared, repair
from gateway.net.links import Links
from gateway.net.machine import kill, strays
from gateway.net.plan import Plan
from gateway.net.sight import Seen, see
from gateway.runtime.waiting import looks
from gateway.site import places
from gateway.steering import kernel
from gateway.steering.kernel import SteeringError

_log = logging.getLogger(__name__)

END_WITHIN_S: Final = 5.0
# What there is of the lab, and of the machine's secrets, outside what is an instance's own anyway.
HIDDEN: Final = (
    str(places.STATE),
    str(namespace.ETC),
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/ssh",
    "~root/.ssh",
)


class Machines:
    """Build, connect and remove the machines of one lab's instances."""

    def __init__(self, topology: Topology) -> None:
        """Take the topology of a lab; the lab's fixed part must be built already."""
        self._topology = topology
        self._hosts = Hosts(topology.name)
        self._gateway = self._hosts.namespace(GATEWAY)

    def connect(self, instance: Instance) -> None:
        """The machine is there and its link is up. Raises `AdapterError`."""
        with _as_adapter_error(instance.instance_id):
            repair(lambda: self._all_differences(instance, up=True))
            link = (instance.instance_id, instance.private_ip)
            with namespace.inside(self._gateway):
                kernel.know([link])
            with _not_needed(instance.instance_id):
                carrier.attach(self._topology.site.places.run, self._gateway, link)
            first_boot.begin(self._hosts.lab, instance)

    def disconnect(self, instance: Instance) -> None:
        """The machine is there and its link is down at both ends. Raises `AdapterError`."""
        with _as_adapter_error(instance.instance_id):
            repair(lambda: self._all_differences(instance, up=False))

    def differences(
        self, instance: Instance, gateway: Seen | None, *, up: bool
    ) -> list[Difference]:
        """Compare the machine and its link, whose end in the gateway was seen, with their plans.

        Raises `OSError`.
        """
        topology, host, address = self._topology, instance.instance_id, instance.private_ip
        plan = builder.machine(topology, host, address, up=up)
        found = see(plan, beside=[self._gateway])
        return [
            *compared(plan, found),
            *pair_compared(builder.link_of(topology, host, instance.mac), gateway, found),
            *self._without_first(instance),
        ]

    def end_of(self, instance: Instance, *, up: bool) -> Plan:
        """The plan of the link's end in the gateway."""
        return builder.gateway_end(
            self._topology, instance.instance_id, instance.private_ip, instance.mac, up=up
        )

    def remove(self, instance: Instance) -> None:
        """The machine isn't there, nor any process in it. Raises `AdapterError`."""
        self.remove_host(instance.instance_id)
        with _as_adapter_error(instance.instance_id), namespace.inside(self._gateway):
            kernel.forget((instance.instance_id, instance.private_ip))

    def remove_others(self, instances: Collection[Instance]) -> None:
        """No machines are there but those of `instances`. Raises `AdapterError`."""
        known = {INTERNET, GATEWAY} | {instance.instance_id for instance in instances}
        for host in self._hosts.names():
            if host not in known:
                self.remove_host(host)

    def _all_differences(self, instance: Instance, *, up: bool) -> list[Difference]:
        if not namespace.exists(self._gateway):  # which isn't this one's to make
            raise FileNotFoundError(f"namespace {self._gateway} is missing")
        end = self.end_of(instance, up=up)
        found = see(end)
        # Down in the gateway first: no packet passes while the machine is changed.
        return [*compared(end, found), *self.differences(instance, found, up=up)]

    def _without_first(self, instance: Instance) -> list[Difference]:
        """The difference of a machine in which no process lives, not even the first."""
        name = self._hosts.namespace(instance.instance_id)
        machine = inside.machine_of(self._hosts.lab, instance.instance_id)
        if namespace.exists(name) and machine.first() is not None:
            return []
        what = "the machine's first process is missing"
        return [Difference(name, what, partial(self._start, instance))]

    def _start(self, instance: Instance) -> None:
        name = self._hosts.namespace(instance.instance_id)
        host_name = instance.purchase.attributes.host_name
        files = builder.etc_files(self._topology)
        files["hosts"] += f"127.0.1.1\t{host_name}\n"
        files["hostname"] = f"{host_name}\n"
        machine = inside.machine_of(self._hosts.lab, instance.instance_id)
        machine.end()  # one that is there still, in a namespace that has lost its name
        first = machine.start(host_name, _hidden(), files)
        groups = Groups(name)
        groups.bound(instance)
        groups.join(first)
        first_boot.expect(self._hosts.lab, instance)

    def remove_host(self, host: str) -> None:
        """No machine has this name, nor is any process in it. Raises `AdapterError`."""
        with _as_adapter_error(host):
            with _not_needed(host):
                carrier.detach(self._topology.site.places.run, self._gateway, host)
            # The link first: no packet passes while the processes end.
            with suppress(FileNotFoundError), Links(self._gateway) as links:
                links.remove(host)
            end(self._hosts, host)


def end(hosts: Hosts, host: str) -> None:
    """End a host: its processes, its namespaces, its control groups. Raises `OSError`."""
    name = hosts.namespace(host)
    end_processes(name)
    inside.machine_of(hosts.lab, host).end()
    namespace.remove(name)
    Groups(name).remove()


def end_strays(hosts: Hosts) -> Iterator[str]:
    """End the machines whose namespaces have lost their names, a line each. Raises `OSError`."""
    for process, name in strays(hosts.prefix):
        kill(process, name)
        yield f"process {process} of {name}, which has lost its name"


def end_all(hosts: Hosts) -> None:
    """End every host, and what is left of one. Raises `OSError`."""
    for _ in end_strays(hosts):
        pass
    grouped = {name.removeprefix(hosts.prefix) for name in named(hosts.prefix)}
    for host in grouped.union(hosts.names()):
        end(hosts, host)


def end_processes(name: str) -> None:
    """End every process in the namespace, as pulling a machine's plug would. Raises `OSError`."""
    for _ in looks(END_WITHIN_S, 0.005):
        found = namespace.processes(name)
        if not found:
            return
        for process in found:
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(process)
                try:
                    # Once more by handle: the id may be another process's by now.
                    if namespace.has_process(name, process):
                        signal.pidfd_send_signal(handle, signal.SIGKILL)
                finally:
                    os.close(handle)
    raise TimeoutError(f"processes {found} in {name} don't end")


def _hidden() -> list[str]:
    return [str(Path(place).expanduser()) for place in HIDDEN]


@contextmanager
def _not_needed(host: str) -> Iterator[None]:
    """Do without the fast path for an instance: the slow path carries its packets, too."""
    try:
        yield
    except FastPathError as error:
        _log.warning("%s: no fast path: %s", host, error)


@contextmanager
def _as_adapter_error(subject: str) -> Iterator[None]:
    try:
        yield
    except (OSError, NetlinkError, LookupError, SteeringError) as error:
        raise AdapterError(f"{subject}: {error}") from error
