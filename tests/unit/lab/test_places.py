import json
from pathlib import Path

import pytest

from gateway.lab import places
from gateway.lab.places import Places
from gateway.lab.topology import Topology, TopologyError
from gateway.net import namespace


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    monkeypatch.setattr(namespace, "RUN", tmp_path / "netns")
    return Places("edge")


def test_every_place_belongs_to_one_lab(site: Places, tmp_path: Path) -> None:
    assert site.run == tmp_path / "run" / "edge"
    assert site.socket.parent == site.run
    assert site.state == tmp_path / "state" / "edge"
    assert site.log.parent == site.state
    assert site.namespace("gateway") == "tgw.edge.gateway"


def test_a_lab_that_is_not_up_has_nothing(site: Places) -> None:
    assert site.saved() is None
    assert site.hosts() == []


def test_what_is_saved_is_read_again(site: Places) -> None:
    topology = Topology(name="edge", clients=(), quarantine_s=0.25)
    site.save(Topology(name="edge"))
    site.save(topology)
    assert site.saved() == topology
    assert [path.name for path in site.run.iterdir()] == ["topology.json"]


def test_a_save_that_was_interrupted_is_not_read(site: Places) -> None:
    site.save(Topology(name="edge"))
    (site.run / "topology.json.new").write_text("{")
    assert site.saved() == Topology(name="edge")


def test_a_topology_of_a_later_version_is_refused(site: Places) -> None:
    site.run.mkdir(parents=True)
    (site.run / "topology.json").write_text(json.dumps({"name": "edge", "colour": "red"}))
    with pytest.raises(TopologyError, match="unknown field 'colour'"):
        site.saved()


def test_the_hosts_are_those_of_this_lab_only(site: Places, tmp_path: Path) -> None:
    (tmp_path / "netns").mkdir()
    for name in ("tgw.edge.internet", "tgw.edge.gateway", "tgw.edge2.gateway", "tgw.edg.x", "x"):
        (tmp_path / "netns" / name).touch()
    assert site.hosts() == ["gateway", "internet"]
    assert Places("edge2").hosts() == ["gateway"]


@pytest.mark.parametrize("text", ["{", "[]", "3", ""])
def test_a_damaged_topology_says_what_to_do(site: Places, text: str) -> None:
    site.run.mkdir(parents=True)
    (site.run / "topology.json").write_text(text)
    with pytest.raises(TopologyError, match="'tgw lab down' removes it"):
        site.saved()
