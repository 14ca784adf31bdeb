"""The process that takes signed calls: what it may do, and what it bears from one local client."""

import os
import pwd
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support import hostile
from support.blows import kill, pid_of, status_of
from support.labs import Lab, eventually
from support.signing import v3_json
from support.tcp import send

from gateway.api.credentials import Credentials
from gateway.net.privileges import API_USER
from gateway.site import roles

NUMBER = 600
ASKED = 5
STRANGER = 54_321  # a user id
MORE_MAX = 8 << 20  # bytes of memory


def memory(lab: Lab, role: str) -> int:
    """The bytes of memory that the process has."""
    return 1024 * int(status_of(pid_of(lab, role))["VmRSS"][0])


def descriptors(lab: Lab, role: str) -> int:
    return len(list(Path(f"/proc/{pid_of(lab, role)}/fd").iterdir()))


def port_of(lab: Lab) -> int:
    found = urlsplit(lab.places.endpoint.read_text().strip()).port
    assert found
    return found


def asked(lab: Lab) -> dict[str, Any]:
    """The answer to a signed call, or the refusal."""
    pair = Credentials(lab.places.credentials).pairs()[0]
    headers, body = v3_json(
        "DescribeAddresses", {}, time.time(), secret_id=pair.secret_id, secret_key=pair.secret_key
    )
    return send(port_of(lab), "POST", "/", headers, body).response


@pytest.mark.parametrize("user", [STRANGER, 0], ids=["another user", "the same user"])
@pytest.mark.parametrize("kind", hostile.KINDS)
def test_another_client_is_answered_each_time(lab: Lab, kind: str, user: int) -> None:
    both = (roles.CONTROL, roles.API)
    before = descriptors(lab, roles.CONTROL)
    memories = {role: memory(lab, role) for role in both}
    with hostile.crowd(port_of(lab), kind, NUMBER, user):
        answers = [asked(lab) for _ in range(ASKED)]
        assert [answer.get("TotalCount") for answer in answers] == [0] * ASKED, answers
        assert descriptors(lab, roles.CONTROL) < before + NUMBER // 10
        assert all(memory(lab, role) < memories[role] + MORE_MAX for role in both)
    assert "Traceback" not in (lab.places.run / f"{roles.API}.log").read_text()
    eventually(lambda: descriptors(lab, roles.API) < NUMBER // 10)


@pytest.fixture
def user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(API_USER)
    except KeyError:
        pytest.skip(f"this machine has no user {API_USER}: scripts/setup makes it")


def test_it_has_no_capability_and_is_a_user_of_its_own(lab: Lab, user: pwd.struct_passwd) -> None:
    found = status_of(pid_of(lab, roles.API))
    sets = ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")
    assert {name: int(found[name][0], 16) for name in sets} == dict.fromkeys(sets, 0)
    assert found["NoNewPrivs"] == ["1"]
    assert found["Uid"] == [str(user.pw_uid)] * 4
    assert found["Gid"] == [str(user.pw_gid)] * 4
    assert found["Groups"] == []


def test_its_user_can_open_one_socket_and_nothing_else(lab: Lab, user: pwd.struct_passwd) -> None:
    places = lab.places
    others = (places.socket, places.signed_socket, places.credentials, places.role_secret)
    paths = (places.api_socket, *others, places.log, places.book, places.run, places.state)
    script = 'for path; do test -w "$path" && echo "$path"; done'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *map(str, paths)],
        check=False, user=user.pw_uid, group=user.pw_gid, extra_groups=[],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert all(os.path.lexists(path) for path in paths)
    assert done.stdout.split() == [str(places.api_socket)]


def test_without_control_it_says_so_and_goes_on_with_the_next(lab: Lab) -> None:
    before = port_of(lab), pid_of(lab, roles.API)
    kill(lab, roles.CONTROL)
    assert asked(lab)["Error"]["Code"] == "InternalError"
    assert lab.run("lab", "up").returncode == 0
    assert (port_of(lab), pid_of(lab, roles.API)) == before
    assert asked(lab)["TotalCount"] == 0
