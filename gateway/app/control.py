"""Control: the API, and behind it the controller."""

import gc
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Final

from gateway.api import server as api
from gateway.api.action import Context
from gateway.api.credentials import Credentials
from gateway.api.rate import RateLimit
from gateway.api.signed_api import SignedApi
from gateway.api.temporary import RoleKeys, TemporaryCredentials, kept_secret
from gateway.app import listen, servers, snapshots
from gateway.app.instance_facts import facts_of
from gateway.app.instance_loads import looking
from gateway.app.observer import SiteObserver
from gateway.app.startup import take_role
from gateway.control import background
from gateway.control.controller import Controller
from gateway.control.events import LabConfigured
from gateway.control.workers_table import WorkersTable
from gateway.exchange import generations
from gateway.lab.machines import Machines
from gateway.lab.topology import Topology, standing
from gateway.metadata.feed import Feed
from gateway.metadata.publisher import FactsPublisher
from gateway.metering.book import Book
from gateway.metering.loads import Loads
from gateway.metering.meter import Meter
from gateway.metering.publisher import MeteredPublisher
from gateway.metering.sampling import loading, sampling
from gateway.net import privileges
from gateway.runtime import descriptors
from gateway.runtime.threads import Job, running
from gateway.site import roles
from gateway.site.command import Command
from gateway.site.early_drop import early_drop
from gateway.site.heartbeat import Heart
from gateway.site.places import Places
from gateway.site.private_traffic import private_traffic
from gateway.site.watchdog import LOOK_EVERY_S, Watchdog
from gateway.store.snapshots import SnapshotFile
from gateway.store.sqlite import SqliteStore

PULSE_EVERY_S: Final = 0.5


def run(lab: str, command: Command, *, rate_per_s: float | None = None) -> None:
    """Be the lab's control, which serves the API, until SIGTERM.

    `rate_per_s` is how many signed calls an action may have a second, the cloud's numbers if None;
    `command` starts this program anew. Raises `RoleError`, `StoreError`, `ControlError`,
    `CredentialsError` or `OSError`.
    """
    topology = standing(take_role(lab, roles.CONTROL))
    with Heart(topology.site.places.run, roles.CONTROL, parts=4) as heart:
        _serve(topology, command, heart, rate_per_s)


def _serve(topology: Topology, command: Command, heart: Heart, rate_per_s: float | None) -> None:
    places = topology.site.places
    descriptors.ask_for(3 * servers.TRUSTED.descriptors)
    store = SqliteStore(places.log)  # first: if that is no use, nothing may be touched
    places.state.chmod(0o700)  # nobody but root reads the log
    keys = RoleKeys(kept_secret(places.role_secret), time.time)
    feed = Feed(places.facts)
    api_group = privileges.group_of(privileges.API_USER)
    metadata_group = privileges.group_of(privileges.METADATA_USER)
    feed.open(metadata_group)
    facts = FactsPublisher(feed, facts_of(topology, keys), keys.period)
    meter = Meter(
        places.run,
        Book(places.book),
        published=partial(generations.published, places.run),
        clock=time.time,
    )
    control = Controller(
        store,
        Machines(topology),
        [
            MeteredPublisher(WorkersTable(places.run), meter),
            early_drop(topology.site),
            private_traffic(topology.site),
            facts,
        ],
        snapshots=SnapshotFile(places.snapshot),
        clock=time.time,
        rng=SystemRandom(),
    )
    control.restore(_configuration(topology))
    # What was restored stays: a garbage collection need not look through all of it each time.
    gc.freeze()
    gc.collect()
    loads = Loads(looking(control, topology.name), time.time)
    context = Context(control, meter, SiteObserver(places, topology.site), loads=loads)
    temporary = TemporaryCredentials(keys, control)
    signed_api = _signed_apis(places, context, temporary, rate_per_s)
    signed_server = servers.server(signed_api(), bounds=servers.TRUSTED, beat=heart.part(1))
    relayed_server = servers.server(signed_api(), bounds=servers.TRUSTED, beat=heart.part(2))
    with (
        background.running(control, _end) as work,
        sampling(meter, time.time, _end),
        listen.unix_listener(places.api_socket, api_group) as signed_socket,
        listen.unix_listener(places.signed_socket, metadata_group) as relayed_socket,
        running(
            [
                servers.job("API of instances", relayed_server, relayed_socket),
                servers.job("signed API", signed_server, signed_socket),
                Job("credentials of instances", facts.renew),
                snapshots.job(control, places.log, places.snapshot),
                loading(loads, time.time),
                _pulse(control, heart.part(3)),
                _watch(places.run, command),
            ],
            _end,
        ),
    ):
        # A thousand machines take seconds to be looked at. Whoever signs is answered meanwhile; the
        # command's socket comes last: `tgw lab up` waits for it, and then all machines are there.
        work.looked.wait()
        with listen.unix_listener(places.socket) as listener:
            server = servers.server(
                api.application(context), bounds=servers.TRUSTED, beat=heart.part(0)
            )
            for number in (signal.SIGTERM, signal.SIGINT):
                # From here on the server ends by itself: an exception would cut its start in two.
                signal.signal(number, lambda *_: setattr(server, "should_exit", True))
            server.run(sockets=[listener])
        heart.rest()


def _end() -> None:
    """A thread of control is dead: the process ends, and who starts it again finds the log."""
    os.kill(os.getpid(), signal.SIGTERM)


def _pulse(control: Controller, beat: Callable[[], object]) -> Job:
    """Show that the state can be had: commands and answers wait for that."""

    def turn(ending: threading.Event) -> None:
        with control.state():
            beat()
        ending.wait(PULSE_EVERY_S)

    return Job("pulse", turn)


def _watch(run: Path, command: Command) -> Job:
    """Start the lab's watchdog again if it has fallen, or is stuck: it does so for all others."""

    def spawn(role: str) -> "subprocess.Popen[bytes]":
        return roles.spawn(run, role, command)

    watchdog = Watchdog(run, [roles.WATCHDOG], spawn)

    def turn(ending: threading.Event) -> None:
        if not ending.wait(LOOK_EVERY_S):
            watchdog.look()

    return Job("watch of the watchdog", turn)


def _signed_apis(
    places: Places,
    context: Context,
    temporary: TemporaryCredentials,
    rate_per_s: float | None,
) -> Callable[[], SignedApi]:
    """Makes the API for the machine's programs, and the one for programs in instances.

    Each has what it remembers for itself, as it has a thread of its own; a rate is for all.
    """
    Credentials(places.credentials).ensure(time.time())
    rate = RateLimit(time.monotonic, rate_per_s)

    def made() -> SignedApi:
        return SignedApi(context, Credentials(places.credentials), temporary, rate, time.time)

    return made


def _configuration(topology: Topology) -> LabConfigured:
    return LabConfigured(
        pools=topology.site.pools,
        quarantine_s=topology.quarantine_s,
        vpc=topology.vpc,
        reserved=(topology.vpc_gateway,),
    )
