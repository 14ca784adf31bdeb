"""Control: the API, the metadata service, and behind both the controller."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from random import SystemRandom

import uvicorn
from starlette.types import ASGIApp

from gateway.api import server as api
from gateway.api.credentials import Credentials
from gateway.api.rate import RateLimit
from gateway.api.signed import SignedApi
from gateway.app import listen
from gateway.app.begin import begin
from gateway.app.timer import opening_in_time
from gateway.control import place
from gateway.control.controller import Controller
from gateway.control.events import LabConfigured
from gateway.control.publication import SharedTables
from gateway.lab import roles
from gateway.lab.machines import Machines
from gateway.lab.places import GATEWAY, Places
from gateway.lab.topology import METADATA_ADDRESS, Topology
from gateway.metadata import server as metadata
from gateway.metadata.tree import Facts
from gateway.net import namespace
from gateway.store.sqlite import SqliteStore

METADATA_PORT = 80
BACKLOG = 128
REQUESTS_AT_ONCE = 200


def run(lab: str, options: listen.Options) -> None:
    """Be the lab's control: API and metadata service, until SIGTERM.

    `options` are of the API that takes signed requests. Raises `RoleError`, `StoreError`,
    `ControlError`, `CredentialsError` or `OSError`.
    """
    site, topology = begin(lab, roles.CONTROL)
    control = Controller(
        SqliteStore(site.log),
        Machines(topology),
        SharedTables(site.run),
        clock=time.time,
        rng=SystemRandom(),
    )
    control.restore(_configuration(topology))
    with namespace.inside(site.namespace(GATEWAY)):
        metadata_socket = socket.create_server((METADATA_ADDRESS, METADATA_PORT), backlog=BACKLOG)
    metadata_server = _server(metadata.application(_facts_of(control, topology)))
    with (
        opening_in_time(control),
        _in_background(metadata_server, metadata_socket),
        _signed_api(site, control, options),
        _unix_listener(site.socket) as listener,
    ):
        server = _server(api.application(control))
        for number in (signal.SIGTERM, signal.SIGINT):
            # From here on the server ends by itself: an exception would cut its start in two.
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        server.run(sockets=[listener])


@contextmanager
def _signed_api(site: Places, control: Controller, options: listen.Options) -> Iterator[None]:
    credentials = Credentials(site.credentials)
    credentials.ensure(time.time())
    rate = RateLimit(time.monotonic, options.rate_per_s)
    server = listen.server(SignedApi(control, credentials, rate, time.time), options)
    with (
        listen.listener(options, site.endpoint, BACKLOG) as listener,
        _in_background(server, listener),
    ):
        yield


def _configuration(topology: Topology) -> LabConfigured:
    return LabConfigured(
        pool=topology.pool,
        quarantine_s=topology.quarantine_s,
        vpc=topology.vpc,
        reserved=(topology.vpc_gateway,),
    )


def _facts_of(control: Controller, topology: Topology) -> metadata.FactsOf:
    def facts_of(private_ip: str) -> Facts | None:
        with control.state() as state:
            instance = state.instance_at(private_ip)
            public = state.public_ip(instance) if instance else None
        if instance is None:
            return None
        return Facts(
            instance_id=instance.instance_id,
            name=instance.name,
            uuid=instance.uuid,
            mac=instance.mac,
            local_ipv4=instance.private_ip,
            public_ipv4=public,
            gateway=topology.vpc_gateway,
            subnet_mask=str(IPv4Network(topology.vpc).netmask),
            region=place.REGION,
            zone=place.ZONE,
            vpc_id=place.VPC_ID,
            subnet_id=place.SUBNET_ID,
            owner_id=place.APP_ID,
        )

    return facts_of


def _server(application: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # a caller is its connection's address, never a header's
            limit_concurrency=REQUESTS_AT_ONCE,
        )
    )


@contextmanager
def _in_background(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)


@contextmanager
def _unix_listener(path: Path) -> Iterator[socket.socket]:
    """A listening socket that only its owner may connect to; it takes its place when it is so."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(fresh))
        fresh.chmod(0o600)
        listener.listen(BACKLOG)
        fresh.rename(path)
        yield listener
