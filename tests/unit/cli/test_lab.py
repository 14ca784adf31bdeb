import json
from pathlib import Path

import pytest

from gateway.lab.graph import FORMATS, draw
from gateway.lab.hosts import Hosts
from gateway.lab.topology import Topology, save
from gateway.net import namespace
from gateway.site.places import Places

from .conftest import Tgw


def test_the_status_of_a_lab_that_is_not_up(tgw: Tgw) -> None:
    assert tgw("lab", "status") == (
        1,
        "lab edge is not up\n"
        "PROCESS    PID  READY  HEARTBEAT\n"
        "dataplane  -    no     -\n"
        "control    -    no     -\n"
        "metadata   -    no     -\n"
        "api        -    no     -\n"
        "web        -    no     -\n"
        "watchdog   -    no     -\n"
        "HOST  NAMESPACE\n",
        "",
    )


def test_the_status_as_json(tgw: Tgw, up: Places) -> None:
    done = tgw("lab", "status", "--json")
    found = json.loads(done.out)
    assert (done.status, found["up"], found["lab"]) == (1, False, "edge")
    assert found["topology"]["name"] == "edge"
    assert [process["role"] for process in found["processes"]] == [
        *("dataplane", "control", "metadata", "api", "web")  # and no watchdog: it was never started
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_a_lab_that_is_not_up_is_drawn_as_it_would_be(tgw: Tgw, form: str) -> None:
    assert tgw("lab", "graph", "--format", form) == (0, f"{draw(Topology(), [], form)}\n", "")


def test_a_lab_that_is_up_is_drawn_with_its_instances(tgw: Tgw, site: Places) -> None:
    topology = Topology(name="edge", vpc="172.16.0.0/16")
    save(topology, site.run)
    namespace.RUN.mkdir()
    for host in ("internet", "gateway", "ins-1", "ins-2"):
        (namespace.RUN / Hosts("edge").namespace(host)).touch()
    assert tgw("lab", "graph").out == f"{draw(topology, ['ins-1', 'ins-2'], 'text')}\n"


def test_a_file_is_drawn_without_a_lab(tgw: Tgw, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text('vpc = "172.16.0.0/16"\n')
    expected = draw(Topology(vpc="172.16.0.0/16"), [], "text")
    assert tgw("lab", "graph", "--topology", str(file)).out == f"{expected}\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param('pool = "10.0.0.0/24"', "pool and vpc overlap", id="overlap"),
        pytest.param("pools = 1", "unknown field 'pools'", id="unknown-field"),
        pytest.param("pool", "lab.toml: ", id="no-toml"),
        pytest.param('name = "other"', "is of lab other: use --lab other", id="another-lab"),
        pytest.param(None, "No such file", id="no-file"),
    ],
)
@pytest.mark.parametrize("verb", ["graph", "up"])
def test_a_mistake_in_a_topology_is_one_line_and_exit_2(
    tgw: Tgw, root: None, tmp_path: Path, verb: str, text: str | None, part: str
) -> None:
    file = tmp_path / "lab.toml"
    if text is not None:
        file.write_text(text)
    done = tgw("lab", verb, "--topology", str(file))
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert part in done.err


def test_up_does_not_change_the_topology_of_a_lab_that_is_up(
    tgw: Tgw, root: None, up: Places, tmp_path: Path
) -> None:
    file = tmp_path / "lab.toml"
    file.write_text('name = "edge"\nvpc = "172.16.0.0/16"\n')
    done = tgw("lab", "up", "--topology", str(file))
    assert (done.status, done.out) == (1, "")
    assert "lab edge is up with another topology" in done.err


def test_down_removes_the_labs_files_and_says_nothing(tgw: Tgw, root: None, up: Places) -> None:
    up.state.mkdir(parents=True)
    assert tgw("lab", "down") == (0, "", "")
    assert not up.run.exists()
    assert not up.state.exists()
    assert tgw("lab", "down") == (0, "", "")


def test_down_keeps_the_log_if_told_so(tgw: Tgw, root: None, up: Places) -> None:
    up.state.mkdir(parents=True)
    assert tgw("lab", "down", "--keep-state").status == 0
    assert up.state.exists()
