"""The demo: every step is as it should be, and it leaves nothing."""

import json
import subprocess

from support.labs import TGW, Lab, leftovers, new_topology

STEPS = 10
DEMO_WITHIN_S = 250  # a quiet machine takes ten


def test_every_step_of_the_demo_is_so_and_nothing_is_left() -> None:
    """A lab that is kept has what the demo made; the next demo begins anew and leaves nothing."""
    lab = Lab(new_topology())
    try:
        kept = _demo("--keep", "--json", "--lab", lab.name)
        told = json.loads(kept.stdout)
        assert [step["step"] for step in told if not step["ok"]] == [], told
        assert len(told) == STEPS
        assert all(step["evidence"] for step in told)
        assert kept.returncode == 0
        assert lab.ask("instance", "list")["TotalCount"] == 1
        again = _demo("--lab", lab.name)
        assert again.returncode == 0, again.stdout
        assert leftovers(lab.name) == []
    finally:
        lab.run("lab", "down")


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


def _demo(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*TGW, "demo", *words], capture_output=True, text=True, check=False, timeout=DEMO_WITHIN_S
    )
