"""Control ends when one of its threads is dead, and the next one goes on from the log."""

import subprocess
import sys

import pytest
from support.blows import kill
from support.labs import Lab, eventually

# Control as it is, but for one bug.
WITH_A_BUG = """
import sys
from gateway.{module} import {name}
def bug(*_): raise ZeroDivisionError("a bug")
{name}.{method} = bug
from gateway.cli.main import main
main(sys.argv[1:])
"""
TIMER = {"module": "control.background", "name": "_Timer", "method": "turn"}
METER = {"module": "metering.meter", "name": "Meter", "method": "sample"}


@pytest.mark.parametrize(("thread", "bug"), [("timer", TIMER), ("meter", METER)])
def test_control_with_a_dead_thread_ends_and_the_next_one_is_whole(
    own_lab: Lab, thread: str, bug: dict[str, str]
) -> None:
    lab = own_lab
    web = lab.instance("web")
    address = web.public
    eventually(lambda: lab.pings("internet", address))
    kill(lab, "control")
    program = WITH_A_BUG.format(**bug)
    broken = subprocess.run(
        [sys.executable, "-c", program, "control", "--lab", lab.name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert broken.returncode == 1
    told = broken.stderr.splitlines()
    assert sum(f"the thread '{thread}' failed by a bug, and goes on" in line for line in told) == 2
    assert any(f"the thread '{thread}' is dead" in line for line in told)
    assert "ZeroDivisionError: a bug" in told
    assert len(told) < 60
    assert lab.pings("internet", address), "packets don't mind"
    assert lab.run("lab", "up").returncode == 0
    assert web.show()["InstanceState"] == "RUNNING"
