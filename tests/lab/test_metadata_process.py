"""The metadata service as a process: what it may do, and what it needs of control."""

import os
import pwd
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from support.blows import kill, pid_of, running, status_of
from support.labs import Instance, Lab, eventually

from gateway.net.privileges import METADATA_USER
from gateway.site import roles

URL = "http://169.254.0.23/latest/meta-data"


def test_it_has_no_capability(lab: Lab) -> None:
    found = status_of(pid_of(lab, roles.METADATA))
    sets = ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")
    assert {name: int(found[name][0], 16) for name in sets} == dict.fromkeys(sets, 0)
    assert found["NoNewPrivs"] == ["1"]


@pytest.fixture
def user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(METADATA_USER)
    except KeyError:
        pytest.skip(f"this machine has no user {METADATA_USER}: scripts/setup makes it")


def test_it_is_a_user_of_its_own(lab: Lab, user: pwd.struct_passwd) -> None:
    found = status_of(pid_of(lab, roles.METADATA))
    assert found["Uid"] == [str(user.pw_uid)] * 4
    assert found["Gid"] == [str(user.pw_gid)] * 4
    assert found["Groups"] == []


def test_its_user_reads_the_facts_and_nothing_else(
    lab: Lab, web: Instance, user: pwd.struct_passwd
) -> None:
    def can(test: str, path: Path) -> bool:
        words = ["test", test, str(path)]
        asked = subprocess.run(
            words, check=False, user=user.pw_uid, group=user.pw_gid, extra_groups=[]
        )
        return asked.returncode == 0

    places = lab.places
    fact = places.facts / web.private
    assert can("-r", fact)
    assert not can("-w", fact)
    assert not can("-w", places.facts)
    assert not can("-w", places.socket)
    assert places.credentials.exists()
    assert places.log.exists()
    for path in (places.credentials, places.role_secret, places.log, places.book):
        assert not can("-r", path), path
    for path in (places.run, places.state):
        assert not can("-w", path), path


def test_it_has_no_file_of_control_open(lab: Lab) -> None:
    pid = pid_of(lab, roles.METADATA)
    wanted = {f"{lab.places.run}/metadata.{kind}" for kind in ("lock", "log", "beat")}
    # For a moment it has the facts of the instance open that calls, and connections come and go.
    eventually(lambda: opened(pid) == wanted)


def opened(pid: int) -> set[str]:
    """The files of labs that the process has open."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(entry.readlink()))
    return {path for path in found if path.startswith(("/run/tgw", "/var/lib/tgw"))}


def test_it_goes_on_without_control_and_control_without_it(lab: Lab, web: Instance) -> None:
    public = web.public
    kill(lab, roles.CONTROL)
    assert lab.curl(web.id, f"{URL}/public-ipv4") == public
    lab.restart(roles.CONTROL)
    os.kill(pid_of(lab, roles.METADATA), signal.SIGTERM)
    eventually(lambda: roles.METADATA not in running(lab))
    assert lab.run("lab", "status").returncode == 1
    other = lab.instance("other")
    assert lab.curl(other.id, f"{URL}/instance-id") is None
    assert lab.run("lab", "up").returncode == 0
    assert lab.curl(other.id, f"{URL}/instance-id") == other.id
    other.terminate()
