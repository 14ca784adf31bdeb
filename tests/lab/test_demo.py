"""The demo: every step is as it should be, and it leaves nothing."""

import json
import subprocess

from support.labs import TGW, Lab, leftovers, new_topology

STEPS = 10
DEMO_WITHIN_S = 250  # a quiet machine takes ten


def test_every_step_of_the_demo_is_so_and_nothing_is_left() -> None:
    lab = new_topology().name
    done = subprocess.run(
        [*TGW, "demo", "--json", "--lab", lab],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEMO_WITHIN_S,
    )
    told = json.loads(done.stdout)
    assert [step["step"] for step in told if not step["ok"]] == [], told
    assert len(told) == STEPS
    assert all(step["evidence"] for step in told)
    assert done.returncode == 0
    assert leftovers(lab) == []


def test_a_step_that_isnt_so_makes_the_demo_fail() -> None:
    """A web server that can't start: steps fail one by one, and the lab is still cleaned up."""
    lab = new_topology().name
    done = subprocess.run(
        [*TGW, "demo", "--lab", lab],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEMO_WITHIN_S,
        env={"PATH": "/nowhere"},
    )
    assert done.returncode == 1
    assert done.stdout.count("✗") >= 1 or "tgw: " in done.stderr
    assert "Traceback" not in done.stderr
    assert leftovers(lab) == []


def test_keep_leaves_the_lab_up_and_the_next_demo_begins_anew() -> None:
    lab = Lab(new_topology())
    try:
        assert lab.run("demo", "--keep", "--lab", lab.name).returncode == 0
        assert lab.ask("instance", "list")["TotalCount"] == 1
        assert lab.run("demo", "--lab", lab.name).returncode == 0
    finally:
        lab.run("lab", "down")
    assert leftovers(lab.name) == []
