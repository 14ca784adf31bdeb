"""Damage to a lab: each of its objects removed, changed or added to, by the tools of an operator.

What objects there are follows from the lab's plans and its directories; what is added to them is
written here.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from support.labs import Instance, Lab, eventually

from gateway.exchange import pins
from gateway.exchange.worker_page import statuses
from gateway.fastpath.carrier import PINNED
from gateway.lab import builder, lifecycle
from gateway.lab.topology import UPLINK
from gateway.net import namespace
from gateway.net.plan import LOCAL, Plan
from gateway.site import roles

# Files that are there for people or for the next start: nobody misses one.
SPARED: Final = (
    "*.log",
    "events.snapshot",
    "*-shm",
    "*-wal",
    "restart.*",
    "trace-*",
    "fastpath.turn",
    "*.new",
    "facts/generation",
)
# Written again: by control when it sees the damage, and by who asks for a machine's first process.
PUBLISHED: Final = ("table.*", "generation", "machines/*")


@dataclass(frozen=True)
class Damage:
    """What is done to the lab, and its name. Some the lab mends by itself, soon."""

    name: str
    do: Callable[[], object]
    heals: bool = False


def damages(lab: Lab, instance: Instance) -> list[Damage]:
    """All that this module knows to break in a lab with this instance."""
    shown = instance.show()
    topology, private = lab.topology, shown["PrivateIpAddresses"][0]
    plans = {
        "internet": builder.internet(topology),
        "gateway": builder.gateway(topology),
        "instance": builder.machine(topology, instance.id, private, up=True),
        "end": builder.gateway_end(topology, instance.id, private, mac_of(instance), up=True),
    }
    return [
        *(one for host, plan in plans.items() for one in _of_plan(host, plan)),
        *_of_hosts(lab, instance),
        *_of_rules(lab, instance),
        *_of_fast_path(lab, instance),
        *_of_processes(lab),
        *_of_files(lab),
    ]


def mac_of(instance: Instance) -> str:
    """The MAC address of the instance's link."""
    words = ["ip", "-n", instance.namespace, "-o", "link", "show", "eth0"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return shown.partition("link/ether ")[2].split()[0]


def run(*words: str) -> None:
    """Run a tool. It may fail: what it is to break may be broken already."""
    subprocess.run(words, capture_output=True, check=False)


def _of_plan(host: str, plan: Plan) -> Iterator[Damage]:
    def ip(*words: str) -> Callable[[], None]:
        return partial(run, "ip", "-n", plan.namespace, *words)

    def add(what: str, do: Callable[[], object]) -> Damage:
        return Damage(f"{host}: {what}", do)

    for link in plan.links:
        yield add(f"{link.name} down", ip("link", "set", link.name, "down"))
        yield add(f"{link.name} mtu", ip("link", "set", link.name, "mtu", "1280"))
        if link.name != "lo":
            yield add(f"{link.name} removed", ip("link", "del", link.name))
            yield add(
                f"{link.name} mac", ip("link", "set", link.name, "address", "02:00:00:00:00:07")
            )
            yield add(f"{link.name} takes no arp", ip("link", "set", link.name, "arp", "off"))
            yield add(f"{link.name} renamed", partial(_rename, plan.namespace, link.name))
            yield add(
                f"{link.name} another address", ip("addr", "add", "192.0.2.9/24", "dev", link.name)
            )
            yield add(
                f"{link.name} another route", ip("route", "add", "192.0.2.128/25", "dev", link.name)
            )
            yield add(
                f"{link.name} another neighbour",
                ip("neigh", "add", "192.0.2.77", "lladdr", "02:00:00:00:00:09", "dev", link.name),
            )
        if link.name != "lo" and plan.addresses:
            yield add(f"{link.name} flushed", ip("addr", "flush", "dev", link.name))
    for one in plan.addresses:
        yield add(
            f"{one} removed", ip("addr", "del", f"{one.address}/{one.prefix}", "dev", one.link)
        )
    for near in plan.neighbours:
        words = (near.address, "dev", near.link)
        yield add(f"{near} removed", ip("neigh", "del", *words))
        yield add(f"{near} changed", ip("neigh", "replace", *words, "lladdr", "02:00:00:00:00:08"))
    first = {one.link: one.address for one in reversed(plan.addresses)}.values()
    for route in plan.all_routes:
        kind = [route.kind] if route.kind != "unicast" else []
        table = ["table", "local"] if route.table == LOCAL else []
        if table and route.destination.split("/")[0] not in first:
            continue  # the tool doesn't find it
        yield add(f"{route} removed", ip("route", "del", *kind, route.destination, *table))
        if not table:
            yield add(f"{route} changed", ip("route", "replace", "unreachable", route.destination))
    for key, value in (*plan.sysctls, *plan.last_sysctls):
        other = "0" if value != "0" else "80" if "delay" in key else "1"
        yield add(f"{key} {other}", partial(_set, plan.namespace, key, other))
    for name, _text in plan.files:
        file = namespace.ETC / plan.namespace / name
        yield add(f"{name} removed", partial(file.unlink, missing_ok=True))
        yield add(f"{name} changed", partial(_write, file, "203.0.113.1 elsewhere\n"))
    if host != "end":
        yield add("routes flushed", ip("route", "flush", "table", "main"))
        yield add("rule added", ip("rule", "add", "from", "all", "prohibit", "pref", "10"))
        yield add("rules flushed", ip("rule", "flush"))
        yield add("another blackhole", ip("route", "add", "blackhole", "198.18.0.0/15"))


def _of_hosts(lab: Lab, instance: Instance) -> Iterator[Damage]:
    for name in (lab.uplink, lab.gateway, instance.namespace):
        yield Damage(f"{name} removed", partial(run, "ip", "netns", "del", name))
        yield Damage(f"{name} replaced", partial(_replace, name))
        yield Damage(
            f"{name}: etc removed", partial(shutil.rmtree, namespace.ETC / name, ignore_errors=True)
        )
    stranger = f"{lab.hosts.prefix}ins-stranger"
    yield Damage("a stranger", partial(run, "ip", "netns", "add", stranger))
    for name in (lab.uplink, lab.gateway):
        yield Damage(
            f"{name}: another link",
            partial(run, "ip", "-n", name, "link", "add", "more0", "type", "veth"),
        )


def _of_rules(lab: Lab, instance: Instance) -> Iterator[Damage]:
    def nft(*words: str) -> Callable[[], None]:
        return partial(run, "ip", "netns", "exec", lab.gateway, "nft", *words)

    def iptables(*words: str) -> Callable[[], None]:
        return partial(run, "ip", "netns", "exec", lab.gateway, "iptables", *words)

    element = f'{{ "{instance.id}" . {instance.private} }}'
    yield Damage("the guard removed", nft("delete", "table", "ip", "tgw"))
    yield Damage("a chain of the guard flushed", nft("flush", "chain", "ip", "tgw", "guard_out"))
    yield Damage("a rule added to the guard", nft("add", "rule", "ip", "tgw", "guard_in", "drop"))
    yield Damage("a chain added to the guard", nft("add", "chain", "ip", "tgw", "more"))
    yield Damage("ARP's guard removed", nft("delete", "table", "arp", "tgw"))
    yield Damage("ARP's guard flushed", nft("flush", "chain", "arp", "tgw", "guard"))
    yield Damage(
        "a link unknown to ARP's guard", nft("delete", "element", "arp", "tgw", "links", element)
    )
    yield Damage(
        "a strange link known", nft("add", "element", "arp", "tgw", "links", '{ "x" . 192.0.2.1 }')
    )
    yield Damage("all rules removed", nft("flush", "ruleset"))
    yield Damage("no queue rules", iptables("-t", "mangle", "-F"))
    yield Damage("no jump", iptables("-t", "mangle", "-F", "PREROUTING"))
    yield Damage("a queue rule more", iptables("-t", "mangle", "-I", "tgw-in", "-j", "DROP"))
    yield Damage("no queue rule one way", iptables("-t", "mangle", "-F", "tgw-out"))


def _of_fast_path(lab: Lab, instance: Instance) -> Iterator[Damage]:
    if not pins.is_linked(lab.places.run):
        return
    for name in (UPLINK, instance.id):
        yield Damage(f"{name}: no program", partial(tc, lab, "filter", "del", name, "ingress"))
        yield Damage(f"{name}: no clsact", partial(tc, lab, "qdisc", "del", name, "clsact"))
    link = lab.places.run / pins.LINK
    yield Damage(
        "fast path: no link to the pins", partial(link.unlink, missing_ok=True), heals=True
    )
    for pin in sorted(PINNED):
        remove = partial((link / pin).unlink, missing_ok=True)
        yield Damage(f"fast path: no pin {pin}", remove, heals=True)


def tc(lab: Lab, what: str, verb: str, link: str, where: str) -> None:
    """Change the traffic control of a link of the gateway's; it may be changed already."""
    run("ip", "netns", "exec", lab.gateway, "tc", what, verb, "dev", link, where)


def _of_processes(lab: Lab) -> Iterator[Damage]:
    for role in lifecycle.READY:
        yield Damage(f"{role} killed", partial(_kill_role, lab, role), heals=True)
    yield Damage(
        "all workers and their supervisor killed", partial(_kill_dataplane, lab), heals=True
    )


def _of_files(lab: Lab) -> Iterator[Damage]:
    for folder in (lab.places.run, lab.places.state):
        yield Damage(f"{folder} removed", partial(shutil.rmtree, folder, ignore_errors=True))
        for file in sorted(folder.rglob("*")):
            if not (file.is_dir() or any(map(file.match, SPARED))):
                remove = partial(file.unlink, missing_ok=True)
                yield Damage(f"{file} removed", remove, heals=any(map(file.match, PUBLISHED)))
    yield Damage("facts removed", partial(shutil.rmtree, lab.places.facts, ignore_errors=True))
    for folder in (lab.places.run, lab.places.state):
        file = folder / "topology.json"
        yield Damage(f"{file} damaged", partial(_write, file, "{"))
    yield Damage("dataplane.json damaged", partial(_write, lab.places.run / "dataplane.json", "{"))


def _rename(name: str, link: str) -> None:
    run("ip", "-n", name, "link", "set", link, "down")
    run("ip", "-n", name, "link", "set", link, "name", "elsewhere")
    run("ip", "-n", name, "link", "set", "elsewhere", "up")


def _set(name: str, key: str, value: str) -> None:
    with suppress(OSError), namespace.inside(name):
        namespace.set_sysctl(key, value)


def _write(file: Path, text: str) -> None:
    with suppress(OSError):
        file.write_text(text)


def _replace(name: str) -> None:
    run("ip", "netns", "del", name)
    run("ip", "netns", "add", name)


def _kill_role(lab: Lab, role: str) -> None:
    pid = roles.holder(lab.places.run, role)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: roles.holder(lab.places.run, role) != pid)


def _kill_dataplane(lab: Lab) -> None:
    _kill_role(lab, roles.DATAPLANE)
    for status in statuses(lab.places.run):
        if status.alive:
            os.kill(status.pid, signal.SIGKILL)
    eventually(lambda: not any(status.alive for status in statuses(lab.places.run)))
