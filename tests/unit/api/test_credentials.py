"""Pairs in a file: made, kept, switched, and read by nobody else."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.api import credentials
from gateway.api.credentials import Credentials, CredentialsError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "credentials.json"


def test_without_a_file_there_is_no_pair(path: Path) -> None:
    assert Credentials(path).pairs() == ()
    assert Credentials(path).key_of("") is None


def test_a_pair_has_the_clouds_form_and_is_another_each_time(path: Path) -> None:
    pairs = [Credentials(path).create(1.5) for _ in range(5)]
    for pair in pairs:
        assert re.fullmatch(r"AKID[0-9A-Za-z]{32}", pair.secret_id)
        assert re.fullmatch(r"[0-9A-Za-z]{32}", pair.secret_key)
        assert (pair.created_at, pair.enabled) == (1.5, True)
    assert len({pair.secret_id for pair in pairs} | {pair.secret_key for pair in pairs}) == 10
    assert Credentials(path).pairs() == tuple(pairs)


def test_only_its_owner_can_read_the_file(path: Path) -> None:
    kept = Credentials(path)
    kept.ensure(1.0)
    kept.create(2.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_first_is_made_once(path: Path) -> None:
    Credentials(path).ensure(1.0)
    before = path.read_bytes()
    Credentials(path).ensure(2.0)
    assert path.read_bytes() == before


def test_a_disabled_pair_has_no_key_and_an_enabled_one_has_it_again(path: Path) -> None:
    reader = Credentials(path)  # another process, which has read before
    pair, other = (Credentials(path).create(1.0) for _ in range(2))
    assert reader.key_of(pair.secret_id) == pair.secret_key
    Credentials(path).switch(pair.secret_id, enabled=False)
    assert reader.key_of(pair.secret_id) is None
    assert reader.key_of(other.secret_id) == other.secret_key
    Credentials(path).switch(pair.secret_id, enabled=True)
    assert reader.key_of(pair.secret_id) == pair.secret_key


def test_an_unknown_id_can_not_be_switched(path: Path) -> None:
    with pytest.raises(CredentialsError, match="no SecretId AKIDnone"):
        Credentials(path).switch("AKIDnone", enabled=False)


def test_what_was_disabled_stays_so_when_the_lab_comes_up(path: Path) -> None:
    kept = Credentials(path)
    kept.switch(kept.create(1.0).secret_id, enabled=False)
    kept.ensure(2.0)
    assert [pair.enabled for pair in kept.pairs()] == [False]


def test_a_file_that_goes_is_seen_to_be_gone(path: Path) -> None:
    kept = Credentials(path)
    pair = kept.create(1.0)
    path.unlink()
    assert kept.key_of(pair.secret_id) is None


@pytest.mark.parametrize("text", ["", "{", "7", '[{"secret_id": "x"}]', '[{"colour": 1}]', "[7]"])
def test_a_damaged_file_says_so_and_is_not_written_over(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    for call in (Credentials(path).pairs, lambda: Credentials(path).create(1.0)):
        with pytest.raises(CredentialsError, match="is damaged"):
            call()
    assert path.read_text() == text


def test_a_killed_writers_file_is_in_nobodys_way(path: Path) -> None:
    path.parent.mkdir()
    path.with_suffix(".new").write_text("[")
    assert Credentials(path).pairs() == ()
    pair = Credentials(path).create(1.0)
    assert Credentials(path).pairs() == (pair,)


def test_there_is_a_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "PAIRS_MAX", 2)
    kept = Credentials(path)
    kept.create(1.0)
    kept.create(1.0)
    with pytest.raises(CredentialsError, match="2 pairs already"):
        kept.create(1.0)
    assert len(kept.pairs()) == 2


def test_writers_at_once_lose_nothing(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: Credentials(path).create(n), range(24)))
    assert {pair.secret_id for pair in Credentials(path).pairs()} == {p.secret_id for p in made}


def test_a_key_does_not_show_itself(path: Path) -> None:
    pair = Credentials(path).create(1.0)
    assert pair.secret_key not in repr(pair)
