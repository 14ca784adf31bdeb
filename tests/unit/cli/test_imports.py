"""What a command imports: its own rooms, and nothing that takes longer than all it does."""

import subprocess
import sys
from collections.abc import Iterable

import pytest
from support.world import World

from gateway.lab import lifecycle, web
from gateway.site import places, roles

# The modules that are there when a command of these words has ended, whatever it printed.
PROGRAM = """
import os, pathlib, sys
from gateway.cli import start
from gateway.site import places
places.RUN = pathlib.Path(sys.argv.pop(1))
os.geteuid = lambda: 0
try:
    start.main()
except SystemExit as ended:
    print(*sys.modules, file=sys.stderr)
    raise
"""
IMPORTED = "import sys, gateway.app.{}; print(*sys.modules, file=sys.stderr)"
# What a plain command may bring: a client of the API, the values of control, a lab's places.
CLIENT = {
    "gateway.api.client",
    "gateway.api.errors",
    "gateway.api.shapes",
    "gateway.api.times",
    "gateway.control.errors",
    "gateway.control.values",
    "gateway.runtime.version",
    "gateway.runtime.waiting",
    "gateway.site.command",
    "gateway.site.places",
}
PLAIN = [
    ("instance", "list"),
    ("instance", "run"),
    ("eip", "list"),
    ("eip", "allocate", "--name", "shop"),
    ("package", "list"),
    ("group", "list"),
    ("account",),
    ("block",),
]
LARGE = {"asyncio", "logging", "multiprocessing", "pydantic", "pyroute2", "sqlite3", "starlette"}


def modules(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def strangers(found: set[str], known: Iterable[str]) -> list[str]:
    """The modules of ours that are neither of the command line, nor of what is known."""
    own = {name for name in found if name.count(".") > 1 and name.startswith("gateway.")}
    known = ("gateway.cli", *known)
    return sorted(one for one in own if not one.startswith(tuple(known)))


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_a_plain_command_is_a_client_of_the_api_and_no_more(
    world: World, words: tuple[str, ...]
) -> None:
    found = modules("-c", PROGRAM, str(places.RUN), *words)
    assert strangers(found, CLIENT) == []
    assert LARGE & found == set()


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_help_and_version_import_no_command(word: str) -> None:
    found = modules("-c", PROGRAM, "", word)
    assert strangers(found, {"gateway.runtime.version", "gateway.site"}) == []
    assert LARGE & found == set()


# What a process of the lab never needs: each of these rooms takes time and memory of its own.
REFUSED = {
    roles.DATAPLANE: ("gateway.api", "gateway.store", "pyroute2", "pydantic", "asyncio"),
    roles.METADATA: ("gateway.dataplane", "gateway.store", "pyroute2", "pydantic"),
    roles.API: ("gateway.dataplane", "gateway.lab", "gateway.store", "pyroute2", "pydantic"),
    web.ROLE: ("gateway.api", "gateway.control", "gateway.dataplane", "pyroute2", "pydantic"),
    roles.WATCHDOG: ("gateway.api", "gateway.control", "gateway.dataplane", "pyroute2", "asyncio"),
}


@pytest.mark.parametrize("role", REFUSED)
def test_a_process_has_its_own_rooms_only(role: str) -> None:
    found = modules("-c", IMPORTED.format(role))
    assert [name for name in found if name.startswith(REFUSED[role])] == []


def test_the_watchdog_watches_what_starts_with_a_lab() -> None:
    assert (*roles.OF_A_SITE, web.ROLE, roles.WATCHDOG) == tuple(lifecycle.READY)
    assert set(REFUSED) | {roles.CONTROL} == set(lifecycle.READY)
