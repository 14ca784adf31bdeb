"""What control sees of a gateway: its files, whether anything works or not."""

from pathlib import Path

import pytest
from support.observer import table
from support.tables import file_of

from gateway.app.observer import SiteObserver
from gateway.control.errors import AdapterError
from gateway.exchange import generations
from gateway.lab.topology import Topology
from gateway.site import places
from gateway.site.places import Places
from gateway.store.records import Record
from gateway.store.sqlite import SqliteStore


@pytest.fixture
def observer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteObserver:
    """The observer of a gateway without processes."""
    monkeypatch.setattr(places, "RUN", tmp_path / "run")
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    topology = Topology(name="edge")
    topology.site.places.run.mkdir(parents=True)
    return SiteObserver(topology.site.places, topology.site)


@pytest.fixture
def where(observer: SiteObserver) -> Places:
    return Topology(name="edge").site.places


def test_a_table_stays_while_it_is_read(observer: SiteObserver, where: Places) -> None:
    generations.publish(where.run, table(7, [1]))
    assert observer.table(None) == table(7, [1])
    generations.publish(where.run, table(8, [2]))
    assert observer.table(7) == table(7, [1])
    observer.release()
    assert observer.table(7) is None
    assert observer.table(8) == table(8, [2])


def test_a_damaged_table_is_one_line(observer: SiteObserver, where: Places) -> None:
    generations.publish(where.run, table(7, [1]))
    file_of(where.run, 7).write_bytes(b"x" * 100)
    with pytest.raises(AdapterError):
        observer.table(None)


def test_the_log_is_read_from_where_one_likes(observer: SiteObserver, where: Places) -> None:
    store = SqliteStore(where.log)
    store.append([Record(n, 1.0, "told", "{}") for n in range(1, 6)])
    store.close()
    assert observer.length() == 5
    assert [one.sequence for one in observer.events(2, 2)] == [3, 4]
    assert observer.events(5, 2) == []


def test_without_a_log_one_line_says_so(observer: SiteObserver, where: Places) -> None:
    with pytest.raises(AdapterError, match=str(where.log)):
        observer.length()


def test_without_a_gateway_there_are_no_counters(observer: SiteObserver) -> None:
    assert observer.slots() == 0
    with pytest.raises(AdapterError):
        observer.counters(range(10))
