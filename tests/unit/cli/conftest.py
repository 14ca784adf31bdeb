"""The command line in this process, on a lab's files in a temporary place and a real control."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from scapy.utils import wrpcap
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from support.api import context, serving
from support.replays import PAIR, Files, request
from support.world import World

from gateway.api.server import application
from gateway.cli.main import main
from gateway.cli.verbs import LAB_VARIABLE
from gateway.lab.topology import Topology, save
from gateway.net import namespace
from gateway.site import places
from gateway.site.places import Places

LAB = "edge"


class Done(NamedTuple):
    """What a command left: its exit status and what it said."""

    status: int
    out: str
    err: str


Tgw = Callable[..., Done]


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """The places of lab `edge`, which isn't up; no command finds a lab of the machine's."""
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    monkeypatch.setattr(namespace, "RUN", tmp_path / "netns")
    monkeypatch.setattr(namespace, "ETC", tmp_path / "etc")
    monkeypatch.setenv(LAB_VARIABLE, LAB)
    return Places(LAB)


@pytest.fixture
def tgw(capsys: pytest.CaptureFixture[str]) -> Tgw:
    """Run `tgw WORDS…`."""

    def run(*words: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        status = ended.value.code
        assert isinstance(status, int)
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands believe that they have root's rights. What is called here needs none."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def up(site: Places) -> Places:
    """The lab's files are there, as if it were up."""
    save(Topology(name=LAB), site.run)
    return site


class Switch(Starlette):
    """An ASGI application that passes requests to the control of the test that runs."""

    def __init__(self, path: Path) -> None:
        """Served at `path`, for nobody yet."""
        super().__init__()
        self.path = path
        self.application = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self.application(scope, receive, send)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    """One server for a module's tests: to start and stop one for each takes longer than they do."""
    made = Switch(tmp_path_factory.mktemp("api") / "socket")
    with serving(made, made.path):
        yield made


@pytest.fixture
def world(up: Places, root: None, switch: Switch) -> Iterator[World]:
    """A control that serves the lab's socket; only its machines and its data plane are none."""
    with contextlib.closing(World()) as made:
        switch.application = application(context(made))
        up.socket.symlink_to(switch.path)
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """What `tgw replay` is called with: a table, and a capture of three packets."""
    folder = tmp_path / "files"
    folder.mkdir()
    found = Files(folder, folder / "table.json", folder / "in.pcap", folder / "out.pcap")
    found.table.write_text(json.dumps({"mappings": [PAIR]}))
    wrpcap(str(found.capture), [request(), request("203.0.113.11"), request()])
    return found
