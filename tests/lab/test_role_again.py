"""Each process of a lab ends as it is asked to, and another one takes its role."""

import os
import signal
import subprocess

import pytest
from support.blows import pid_of, running
from support.labs import TGW, Lab, eventually

from gateway.lab import lifecycle
from gateway.site import roles


@pytest.mark.parametrize("role", lifecycle.READY)
def test_a_role_ends_cleanly_and_can_be_taken_again(lab: Lab, role: str) -> None:
    assert lab.run("lab", "up").returncode == 0  # with the role of the test before
    os.kill(pid_of(lab, role), signal.SIGTERM)
    eventually(lambda: role not in running(lab))
    with subprocess.Popen(
        [*TGW, role, "--lab", lab.name], stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: roles.holder(lab.places.run, role) == process.pid)
        eventually(lambda: lifecycle.status(lab.name).up, within_s=20)
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert [line for line in errors.splitlines() if " INFO " not in line] == []
