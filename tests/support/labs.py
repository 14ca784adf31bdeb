"""Labs for tests: real namespaces, real processes, and a look afterwards that nothing is left."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from support import command, own_names

from gateway.api.client import Client
from gateway.dataplane import record
from gateway.exchange.worker_page import Traffic
from gateway.fastpath.bpffs import folder_of
from gateway.lab import lifecycle
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.topology import Topology
from gateway.metering.attribution import by_address
from gateway.net import namespace
from gateway.site import places, roles
from gateway.site.command import Command
from gateway.site.places import Places
from gateway.telemetry.counters import Counters, read

TGW = (sys.executable, "-m", "gateway.cli.start")
COMMAND = Command(TGW)
# No address in it looks like anything else in a packet: 10.0.0.1 is the end of many a TCP header.
VPC = "10.171.0.0/16"


@dataclass(frozen=True)
class Lab:
    """A lab that is up, and how tests act on it."""

    topology: Topology

    @property
    def name(self) -> str:
        return self.topology.name

    @property
    def places(self) -> Places:
        return Places(self.name)

    @property
    def hosts(self) -> Hosts:
        return Hosts(self.name)

    @property
    def control(self) -> Client:
        return Client(self.places.socket)

    @property
    def uplink(self) -> str:
        """The internet's namespace: what is on the wire of the uplink is seen there."""
        return self.hosts.namespace(INTERNET)

    @property
    def gateway(self) -> str:
        return self.hosts.namespace(GATEWAY)

    def run(
        self, *words: str, stdin: str | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`tgw WORDS…` on this lab."""
        return command.run(*words, stdin=stdin, env={"TGW_LAB": self.name} | (env or {}))

    def ask(self, *words: str) -> Any:
        """What `tgw WORDS… --json` prints."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ask_status(self) -> Any:
        """What `tgw lab status --json` prints, whether the lab is well or not."""
        return json.loads(self.run("lab", "status", "--json").stdout)

    def exec(self, host: str, *words: str) -> subprocess.CompletedProcess[str]:
        """A command in a host, by `tgw exec`."""
        return self.run("exec", host, "--", *words)

    @contextmanager
    def start(self, host: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs in a host while the block does; its output is a pipe."""
        with command.start("exec", "--lab", self.name, host, "--", *words) as process:
            try:
                yield process
            finally:
                process.kill()

    def exec_in(self, name: str, *words: str) -> None:
        """A command in a namespace, the gateway's too. Fails if it does."""
        with namespace.inside(name):
            subprocess.run(words, check=True, timeout=command.WITHIN_S)

    def instance(self, name: str = "", bandwidth: int = 10) -> "Instance":
        """A new instance."""
        answer = self.control.call(
            "RunInstances",
            InstanceName=name,
            InternetAccessible={"InternetMaxBandwidthOut": bandwidth},
        )
        return Instance(self, answer["InstanceIdSet"][0])

    def restart(self, role: str) -> None:
        """End one of the lab's processes and start it again."""
        run = self.places.run
        roles.stop(run, role)
        roles.start(run, role, COMMAND, lambda: lifecycle.READY[role](self.topology.site))

    def private_addresses(self) -> list[str]:
        """The private addresses of all instances."""
        instances = self.control.call("DescribeInstances", Limit=100)["InstanceSet"]
        return [address for found in instances for address in found["PrivateIpAddresses"]]

    def curl(self, host: str, url: str, *options: str) -> str | None:
        """What the URL answers to the host; None if it doesn't."""
        done = self.exec(host, "curl", "-sf", "-m", "2", *options, url)
        return done.stdout if done.returncode == 0 else None

    def pings(self, host: str, address: str, *, within_s: float = 1) -> bool:
        """Whether the address answers one ping of the host."""
        done = self.exec(host, "ping", "-n", "-c", "1", "-W", str(within_s), address)
        return done.returncode == 0

    def counters(self) -> Counters:
        """What was counted so far: as `tgw counters` shows it, and faster."""
        with namespace.inside(self.gateway):
            return read(self.places.run, self.places.book)

    def carried(self) -> dict[str, Traffic]:
        """What each public address has carried so far."""
        return by_address(self.places.run, self.places.book)

    def reasons(self) -> dict[str, int]:
        """The reasons counted so far."""
        return self.counters().reasons


@dataclass(frozen=True)
class Instance:
    """One instance of a lab."""

    lab: Lab
    id: str

    def show(self) -> dict[str, Any]:
        answer = self.lab.control.call("DescribeInstances", InstanceIds=[self.id])
        found: dict[str, Any] = answer["InstanceSet"][0]
        return found

    @property
    def private(self) -> str:
        return str(self.show()["PrivateIpAddresses"][0])

    @property
    def public(self) -> str:
        return str(self.show()["PublicIpAddresses"][0])

    @property
    def namespace(self) -> str:
        return self.lab.hosts.namespace(self.id)

    def terminate(self) -> None:
        self.lab.control.call("TerminateInstances", InstanceIds=[self.id])


Result = TypeVar("Result")


def eventually(step: Callable[[], Result], within_s: float = 20.0) -> Result:
    """The first result of `step` that counts as true. Fails if none comes in time."""
    deadline = time.monotonic() + within_s
    while not (result := step()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {step}"
        time.sleep(0.01)
    return result


def new_topology() -> Topology:
    """A topology under a name that no other test has."""
    return replace(Topology(), name=own_names.fresh(), vpc=VPC, quarantine_s=0.0)


def leftovers(lab: str) -> list[str]:
    """What a lab left on the machine."""
    own, prefix = Places(lab), Hosts(lab).prefix
    files = [own.run, own.run.with_name(f".{lab}"), own.state, folder_of(lab)]
    files += Path("/etc/netns").glob(f"{prefix}*")
    processes = [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and f"\0{lab}\0".encode() in _command_line(entry)
    ]
    return [
        *(str(path) for path in files if path.exists()),
        *namespace.names(prefix),
        *processes,
    ]


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def lab_of(topology: Topology, fastpath: str = record.AUTO) -> Iterator[Lab]:
    """A lab that is up in the block, and gone without a trace after it."""
    if fastpath != record.AUTO:
        run = topology.site.places.run
        run.mkdir(parents=True)
        record.save(run, record.TakeOver(settings=record.Settings(fastpath=fastpath)))
    try:
        lifecycle.up(topology, COMMAND, say=lambda _: None)
        yield Lab(topology)
    finally:
        logs = [log.read_text() for log in (places.RUN / topology.name).glob("*.log")]
        lifecycle.down(topology.name)
        sys.stderr.write("".join(logs))
    assert leftovers(topology.name) == []
