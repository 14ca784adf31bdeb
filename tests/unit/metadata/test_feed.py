"""What control writes for the metadata service, and what the service makes of it."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.control.values import RoleCredentials
from gateway.metadata.facts import Facts, Place
from gateway.metadata.feed import Feed

PLACE = Place("region", "zone", "r", "z", "vpc", "subnet", "10.0.0.1", "255.255.0.0")
FACTS = Facts(
    "ins-1", "网", "uuid", "host", "52:54:00:00:00:01", "10.0.0.2", "203.0.113.1", PLACE, "owner",
    "POSTPAID_BY_HOUR", 1.5, "S5.SMALL1", "img-1", b"\0\xff", "reader",
    RoleCredentials("id", "key", "token", 3600),
)  # fmt: skip


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    found = Feed(tmp_path / "facts")
    found.open(0)
    return found


@pytest.mark.parametrize(
    "facts", [FACTS, replace(FACTS, public_ipv4=None, credentials=None, user_data=b"")]
)
def test_facts_are_read_as_they_were_written(feed: Feed, facts: Facts) -> None:
    feed.put(facts)
    assert feed.get(facts.local_ipv4) == facts


def test_facts_that_are_dropped_are_gone(feed: Feed) -> None:
    feed.put(FACTS)
    assert list(feed.addresses()) == [FACTS.local_ipv4]
    feed.drop(FACTS.local_ipv4)
    feed.drop(FACTS.local_ipv4)
    assert feed.get(FACTS.local_ipv4) is None
    assert list(feed.addresses()) == []


def test_facts_that_are_the_same_are_not_written_again(feed: Feed, tmp_path: Path) -> None:
    file = tmp_path / "facts" / FACTS.local_ipv4
    feed.put(FACTS)
    before = file.stat().st_ino
    feed.put(FACTS)
    assert file.stat().st_ino == before
    feed.put(replace(FACTS, name="other"))
    assert file.stat().st_ino != before


@pytest.mark.parametrize(
    "address", ["", ".", "../facts/10.0.0.2", "10.0.0.02", "generation", "10.0.0.3", "10.0.0.2/"]
)
def test_nothing_but_an_address_leads_to_a_file(feed: Feed, address: str) -> None:
    feed.put(FACTS)
    feed.generation = 1
    assert feed.get(address) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"place": 1}', "\xff"])
def test_a_damaged_file_is_nobody(feed: Feed, tmp_path: Path, text: str) -> None:
    (tmp_path / "facts" / "10.0.0.2").write_text(text, encoding="latin-1")
    assert feed.get("10.0.0.2") is None
    feed.put(FACTS)
    assert feed.get("10.0.0.2") == FACTS


def test_the_owner_of_an_address_is_known_as_long_as_its_facts_are_there(feed: Feed) -> None:
    assert feed.owner(FACTS.local_ipv4) is None
    feed.put(FACTS)
    assert feed.owner(FACTS.local_ipv4) == "ins-1"
    feed.put(replace(FACTS, name="other"))
    assert feed.owner(FACTS.local_ipv4) == "ins-1"
    feed.put(replace(FACTS, instance_id="ins-2"))
    assert feed.owner(FACTS.local_ipv4) == "ins-2"
    feed.drop(FACTS.local_ipv4)
    assert feed.owner(FACTS.local_ipv4) is None


def test_without_a_folder_nobody_is_known(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "none")
    assert feed.get("10.0.0.2") is None
    assert feed.generation == 0


def test_only_its_owner_and_the_group_see_the_folder(feed: Feed, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "facts").stat().st_mode) == 0o750


def test_the_generation_is_kept(feed: Feed, tmp_path: Path) -> None:
    assert feed.generation == 0
    feed.generation = 17
    assert Feed(tmp_path / "facts").generation == 17
    (tmp_path / "facts" / "generation").write_text("many")
    assert feed.generation == 0
