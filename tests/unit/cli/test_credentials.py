"""tgw credentials on a lab's files; and the options of what listens."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from gateway.api.credentials import Credentials
from gateway.app import api, control
from gateway.app.listen import Options
from gateway.site.places import Places

from .conftest import LAB, Tgw

PEM = __file__  # what is in it is not looked at by the command
URL = "http://127.0.0.1:9531"


@pytest.fixture
def kept(up: Places, root: None) -> Credentials:
    """What control leaves when it has started."""
    up.endpoint.write_text(f"{URL}\n")
    kept = Credentials(up.credentials)
    kept.ensure(1.0)
    return kept


def test_the_lines_are_ready_to_eval(tgw: Tgw, kept: Credentials) -> None:
    done = tgw("credentials")
    assert (done.status, done.err) == (0, "")
    (pair,) = kept.pairs()
    script = f"{done.out}\nprintf '%s ' $TENCENTCLOUD_SECRET_ID $TENCENTCLOUD_SECRET_KEY "
    script += "$TENCENTCLOUD_REGION $TGW_API"
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.split() == [pair.secret_id, pair.secret_key, "ap-guangzhou", URL]


def test_json_has_all_of_them(tgw: Tgw, kept: Credentials) -> None:
    kept.switch(kept.create(0.0).secret_id, enabled=False)
    facts = json.loads(tgw("credentials", "--json").out)
    assert facts.keys() == {"Endpoint", "Region", "Credentials"}
    assert facts["Endpoint"] == URL
    first, second = kept.pairs()
    assert facts["Credentials"] == [
        {
            "SecretId": pair.secret_id,
            "SecretKey": pair.secret_key,
            "Enabled": enabled,
            "CreatedTime": created,
        }
        for pair, enabled, created in (
            (first, True, "1970-01-01T00:00:01Z"),
            (second, False, "1970-01-01T00:00:00Z"),
        )
    ]


def test_a_new_pair_is_shown_and_the_old_one_stays(tgw: Tgw, kept: Credentials) -> None:
    before = kept.pairs()
    out = tgw("credentials", "--new").out
    assert kept.pairs()[:-1] == before
    assert kept.pairs()[-1].secret_id in out
    assert before[0].secret_id not in out
    assert before[0].secret_id in tgw("credentials").out


def test_a_pair_is_disabled_and_enabled(tgw: Tgw, kept: Credentials) -> None:
    (pair,) = kept.pairs()
    done = tgw("credentials", "--disable", pair.secret_id)
    assert done == (0, f"{pair.secret_id} is disabled\n", "")
    assert kept.key_of(pair.secret_id) is None
    done = tgw("credentials")
    assert (done.status, done.out) == (1, "")
    assert "every SecretId is disabled" in done.err
    done = tgw("credentials", "--enable", pair.secret_id)
    assert done == (0, f"{pair.secret_id} is enabled\n", "")
    assert kept.key_of(pair.secret_id) == pair.secret_key


def test_an_unknown_id_is_refused(tgw: Tgw, kept: Credentials) -> None:
    done = tgw("credentials", "--disable", "AKIDnone")
    assert (done.status, done.out) == (1, "")
    assert re.fullmatch(r"tgw: there is no SecretId AKIDnone: .+\n", done.err)


def test_two_changes_at_once_are_a_mistake(tgw: Tgw, kept: Credentials) -> None:
    assert tgw("credentials", "--new", "--disable", "x").status == 2


def test_a_lab_that_is_not_up_has_none(tgw: Tgw, root: None, site: Places) -> None:
    done = tgw("credentials", "--new")
    assert (done.status, done.err) == (1, f"tgw: lab {LAB} is not up: 'tgw lab up' builds it\n")
    assert not site.credentials.exists()


def test_before_control_has_started_it_says_so(tgw: Tgw, up: Places, root: None) -> None:
    Credentials(up.credentials).ensure(1.0)
    done = tgw("credentials")
    assert (done.status, done.out) == (1, "")
    assert "has not listened yet" in done.err


def test_without_root_there_is_one_line(
    tgw: Tgw, kept: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert tgw("credentials").err == "tgw: this needs root's rights: run it as root\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Options()),
        (["--listen", "0.0.0.0:80"], Options("0.0.0.0", 80)),  # noqa: S104
        (["--listen", "[::1]:0"], Options("::1", 0)),
        (["--cert", PEM, "--key", PEM], Options(certificate=PEM, key=PEM)),
    ],
)
def test_it_is_told_where_to_listen(
    tgw: Tgw, root: None, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: Options
) -> None:
    told: list[tuple[str, Options]] = []
    monkeypatch.setattr(api, "run", lambda lab, options: told.append((lab, options)))
    assert tgw("api", *words).status == 0
    assert told == [(LAB, expected)]


@pytest.mark.parametrize(
    "words",
    [
        ["--listen", "80"],
        ["--listen", ":80"],
        ["--listen", "127.0.0.1:"],
        ["--listen", "127.0.0.1:65536"],
        ["--listen", "127.0.0.1:-1"],
        ["--cert", PEM],
        ["--cert", PEM, "--key", "/nowhere"],
        ["--cert", "/dev/zero", "--key", PEM],
        ["--key", PEM],
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense_are_mistakes(tgw: Tgw, root: None, words: list[str]) -> None:
    done = tgw("api", *words)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


def test_control_is_told_a_rate(tgw: Tgw, root: None, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float | None] = []
    monkeypatch.setattr(control, "run", lambda _lab, _tgw, *, rate_per_s: told.append(rate_per_s))
    assert tgw("control", "--api-rate", "0.5").status == 0
    assert tgw("control").status == 0
    assert told == [0.5, None]


@pytest.mark.parametrize("text", ["0", "nan", "inf", "often"])
def test_a_rate_that_makes_no_sense_is_a_mistake(tgw: Tgw, root: None, text: str) -> None:
    done = tgw("control", "--api-rate", text)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


def test_the_file_is_beside_the_event_log(site: Places, tmp_path: Path) -> None:
    assert site.credentials.parent == site.state
    assert site.endpoint.parent == site.run
