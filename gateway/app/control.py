"""Control: the API, the metadata service, and behind both the controller."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import SystemRandom

import uvicorn
from starlette.types import ASGIApp

from gateway.api import server as api
from gateway.api.action import Context
from gateway.api.credentials import Credentials
from gateway.api.rate import RateLimit
from gateway.api.signed import SignedApi
from gateway.api.temporary import TemporaryCredentials, kept_secret
from gateway.app import facts, listen
from gateway.app.begin import begin
from gateway.app.timer import opening_in_time
from gateway.control import background
from gateway.control.controller import Controller
from gateway.control.events import LabConfigured
from gateway.control.workers_table import WorkersTable
from gateway.exchange import generations
from gateway.lab.machines import Machines
from gateway.lab.topology import Topology
from gateway.metadata import server as metadata
from gateway.metering.book import Book
from gateway.metering.meter import Meter
from gateway.metering.metered import MeteredPublisher
from gateway.metering.sampling import sampling
from gateway.site import roles
from gateway.site.places import Places
from gateway.site.site import API_ADDRESS, METADATA_ADDRESS
from gateway.store.sqlite import SqliteStore

METADATA_PORT = 80
INNER_API_PORT = 80
BACKLOG = 128
REQUESTS_AT_ONCE = 200


def run(lab: str, options: listen.Options) -> None:
    """Be the lab's control: API and metadata service, until SIGTERM.

    `options` are of the API that takes signed requests. Raises `RoleError`, `StoreError`,
    `ControlError`, `CredentialsError` or `OSError`.
    """
    topology = begin(lab, roles.CONTROL)
    places = topology.site.places
    store = SqliteStore(places.log)  # first: if that is no use, nothing may be touched
    meter = Meter(
        places.run,
        Book(places.book),
        topology.pool,
        published=partial(generations.published, places.run),
        clock=time.time,
    )
    control = Controller(
        store,
        Machines(topology),
        [MeteredPublisher(WorkersTable(places.run), meter)],
        clock=time.time,
        rng=SystemRandom(),
    )
    control.restore(_configuration(topology))
    with topology.site.inside():
        metadata_socket = socket.create_server((METADATA_ADDRESS, METADATA_PORT), backlog=BACKLOG)
        api_socket = socket.create_server((API_ADDRESS, INNER_API_PORT), backlog=BACKLOG)
    context = Context(control, meter)
    temporary = TemporaryCredentials(kept_secret(places.role_secret), control, time.time)
    metadata_server = _server(metadata.application(facts.facts_of(control, topology, temporary)))
    with (
        background.running(control, _end) as work,
        opening_in_time(control),
        sampling(meter, time.time),
        _in_background(metadata_server, metadata_socket),
        _signed_apis(places, context, temporary, options, api_socket),
    ):
        # A thousand machines take seconds to be looked at. Whoever signs is answered meanwhile; the
        # command's socket comes last: `tgw lab up` waits for it, and then all machines are there.
        work.looked.wait()
        with _unix_listener(places.socket) as listener:
            server = _server(api.application(context))
            for number in (signal.SIGTERM, signal.SIGINT):
                # From here on the server ends by itself: an exception would cut its start in two.
                signal.signal(number, lambda *_: setattr(server, "should_exit", True))
            server.run(sockets=[listener])


def _end() -> None:
    """A thread of control is broken: the process ends, and who starts it again finds the log."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _signed_apis(
    places: Places,
    context: Context,
    temporary: TemporaryCredentials,
    options: listen.Options,
    inner: socket.socket,
) -> Iterator[None]:
    """The API for the machine's programs, and the one for programs in instances, without TLS."""
    Credentials(places.credentials).ensure(time.time())
    rate = RateLimit(time.monotonic, options.rate_per_s)

    def api_server(options: listen.Options) -> uvicorn.Server:
        # Each has what it remembers for itself, as it has a thread of its own.
        credentials = Credentials(places.credentials)
        signed = SignedApi(context, credentials, temporary, rate, time.time)
        return listen.server(signed, options)

    with (
        listen.listener(options, places.endpoint, BACKLOG) as listener,
        _in_background(api_server(options), listener),
        _in_background(api_server(listen.Options()), inner),
    ):
        yield


def _configuration(topology: Topology) -> LabConfigured:
    return LabConfigured(
        pool=topology.pool,
        quarantine_s=topology.quarantine_s,
        vpc=topology.vpc,
        reserved=(topology.vpc_gateway,),
    )


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
