from pathlib import Path

import pytest

from gateway.site import places
from gateway.site.places import Places


def test_every_place_belongs_to_one_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    edge = Places("edge")
    assert edge.run == tmp_path / "run" / "edge"
    assert {edge.socket.parent, edge.endpoint.parent} == {edge.run}
    assert edge.state == tmp_path / "state" / "edge"
    kept = {edge.log, edge.book, edge.credentials, edge.role_secret}
    assert {path.parent for path in kept} == {edge.state}
    assert len(kept) == 4


def test_a_running_site_of_the_version_before_is_found() -> None:
    """An upgrade finds the files that the version before left."""
    edge = Places("edge")
    assert (str(edge.run), str(edge.state)) == ("/run/tgw/edge", "/var/lib/tgw/edge")
    names = [edge.log, edge.book, edge.socket, edge.credentials, edge.role_secret, edge.endpoint]
    assert [path.name for path in names] == [
        "events.db",
        "meter.db",
        "control.sock",
        "credentials.json",
        "roles.key",
        "api",
    ]
