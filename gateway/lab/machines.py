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

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from gateway.control.errors import AdapterError
from gateway.control.values import Instance
from gateway.lab import first_boot, inside
from gateway.lab.builder import etc_files, make_host
from gateway.lab.hosts import GATEWAY, GATEWAY_MAC, INTERNET, Hosts
from gateway.lab.resources import Groups
from gateway.lab.topology import Topology
from gateway.net import namespace
from gateway.net.links import Links
from gateway.runtime.waiting import looks
from gateway.site import places
from gateway.steering import kernel
from gateway.steering.kernel import SteeringError

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
            self._build(instance)
            self._connect_instance(instance)
            self._connect_gateway(instance)
            first_boot.begin(self._hosts.lab, instance)

    def disconnect(self, instance: Instance) -> None:
        """The machine is there and its link is down at both ends. Raises `AdapterError`."""
        with _as_adapter_error(instance.instance_id):
            self._build(instance)
            for host, interface in (
                (self._gateway, instance.instance_id),
                (self._hosts.namespace(instance.instance_id), "eth0"),
            ):
                with Links(host) as links:
                    links.down(interface)

    def remove(self, instance: Instance) -> None:
        """The machine isn't there, nor any process in it. Raises `AdapterError`."""
        self._remove(instance.instance_id)
        with _as_adapter_error(instance.instance_id), namespace.inside(self._gateway):
            kernel.forget((instance.instance_id, instance.private_ip))

    def remove_others(self, instances: Collection[Instance]) -> None:
        """No machines are there but those of `instances`. Raises `AdapterError`."""
        known = {INTERNET, GATEWAY} | {instance.instance_id for instance in instances}
        for host in self._hosts.names():
            if host not in known:
                self._remove(host)

    def _build(self, instance: Instance) -> None:
        name = self._hosts.namespace(instance.instance_id)
        machine = inside.machine_of(self._hosts.lab, instance.instance_id)
        lives = namespace.exists(name) and machine.first() is not None
        make_host(name, self._topology)
        with Links(self._gateway) as links:
            links.veth(instance.instance_id, peer="eth0", peer_namespace=name, mac=instance.mac)
        if not lives:
            host_name = instance.purchase.attributes.host_name
            files = etc_files(self._topology)
            files["hosts"] += f"127.0.1.1\t{host_name}\n"
            first = machine.start(host_name, _hidden(), files | {"hostname": f"{host_name}\n"})
            groups = Groups(name)
            groups.bound(instance)
            groups.join(first)
            first_boot.expect(self._hosts.lab, instance)

    def _connect_instance(self, instance: Instance) -> None:
        name = self._hosts.namespace(instance.instance_id)
        with Links(name) as links, namespace.inside(name):
            namespace.set_sysctl("ipv4.ip_forward", 0)
            links.address("eth0", instance.private_ip, self._topology.vpc_prefix)
            links.up("eth0")
            links.neighbour("eth0", self._topology.vpc_gateway, GATEWAY_MAC)
            links.route(f"{self._topology.vpc_gateway}/32", dev="eth0")
            links.route("default", via=self._topology.vpc_gateway)

    def _connect_gateway(self, instance: Instance) -> None:
        interface = instance.instance_id
        with Links(self._gateway) as links, namespace.inside(self._gateway):
            links.mac(interface, GATEWAY_MAC)
            links.up(interface)
            links.neighbour(interface, instance.private_ip, instance.mac)
            # The guard checks the source, before a hairpin's becomes a public one that the kernel's
            # own check would not believe.
            namespace.set_sysctl(f"ipv4.conf.{interface}.rp_filter", 0)
            namespace.set_sysctl(f"ipv4.conf.{interface}.proxy_arp", 1)
            namespace.set_sysctl(f"ipv4.neigh.{interface}.proxy_delay", 0)
            links.route(f"{instance.private_ip}/32", dev=interface)
            kernel.know([(interface, instance.private_ip)])

    def _remove(self, host: str) -> None:
        with _as_adapter_error(host):
            # The link first: no packet passes while the processes end.
            with suppress(FileNotFoundError), Links(self._gateway) as links:
                links.remove(host)
            end(self._hosts, host)


def end(hosts: Hosts, host: str) -> None:
    """End a host: its processes, its namespaces, its control groups. Raises `OSError`."""
    name = hosts.namespace(host)
    end_processes(name)
    inside.machine_of(hosts.lab, host).reap()
    namespace.remove(name)
    Groups(name).remove()


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
def _as_adapter_error(subject: str) -> Iterator[None]:
    try:
        yield
    except (OSError, NetlinkError, LookupError, SteeringError) as error:
        raise AdapterError(f"{subject}: {error}") from error
