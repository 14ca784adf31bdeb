from pathlib import Path

import pytest

from gateway.lab.hosts import GATEWAY, Hosts
from gateway.net import namespace


@pytest.fixture
def netns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(namespace, "RUN", tmp_path)
    return tmp_path


def test_a_namespace_carries_the_name_of_its_lab() -> None:
    assert Hosts("edge").namespace(GATEWAY) == "tgw.edge.gateway"


def test_a_lab_that_is_not_up_has_no_hosts(netns: Path) -> None:
    netns.rmdir()
    assert Hosts("edge").names() == []


def test_the_hosts_are_those_of_this_lab_only(netns: Path) -> None:
    for name in ("tgw.edge.internet", "tgw.edge.gateway", "tgw.edge2.gateway", "tgw.edg.x", "x"):
        (netns / name).touch()
    assert Hosts("edge").names() == ["gateway", "internet"]
    assert Hosts("edge2").names() == ["gateway"]
