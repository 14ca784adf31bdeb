"""Where signed requests are taken: the port, and what becomes of it."""

import logging
import socket
from pathlib import Path

import pytest

from gateway.app import listen
from gateway.app.listen import Options, listener


def url(options: Options, endpoint: Path) -> str:
    """Where it listens, as it says; that it does is asserted."""
    with listener(options, endpoint) as opened:
        host, port = opened.getsockname()[:2]
        found = endpoint.read_text().strip()
        assert found == options.url(host, port)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.connect((host, port))
    return found


def test_it_is_on_loopback_unless_told(tmp_path: Path) -> None:
    assert url(Options(), tmp_path / "api").startswith("http://127.0.0.1:")


def test_a_taken_port_is_passed_over_and_the_last_one_comes_again(tmp_path: Path) -> None:
    with listener(Options(), tmp_path / "a"), listener(Options(), tmp_path / "b"):
        first, second = ((tmp_path / name).read_text() for name in "ab")
        assert first != second
    assert url(Options(), tmp_path / "b") == second.strip(), "though the first is free again"


def test_the_port_of_a_lab_whose_control_was_killed_is_kept_for_it(tmp_path: Path) -> None:
    first, second = (tmp_path / name / "api" for name in ("first", "second"))
    first.parent.mkdir()
    second.parent.mkdir()
    kept = url(Options(), first)
    assert url(Options(), second) != kept
    assert url(Options(), first) == kept


def test_when_every_port_is_taken_there_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(listen, "PORTS", range(port, port + 1))
        assert not url(Options(), tmp_path / "api").endswith(f":{port}")


def test_a_port_that_was_asked_for_is_that_one_or_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{port}"):
            url(Options("127.0.0.1", port), tmp_path / "api")
    assert url(Options("127.0.0.1", port), tmp_path / "api") == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("text", ["", "nonsense", "http://127.0.0.1:99999", "\xff"])
def test_a_damaged_file_of_the_last_time_is_no_hindrance(tmp_path: Path, text: str) -> None:
    (tmp_path / "api").write_text(text, encoding="latin-1")
    assert url(Options(), tmp_path / "api")


def test_outside_of_loopback_without_tls_it_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        url(Options(), tmp_path / "api")
        assert not caplog.text
        assert url(Options("0.0.0.0", 0), tmp_path / "api").startswith("http://127.0.0.1:")  # noqa: S104
    assert "without TLS" in caplog.text


def test_an_address_is_written_as_a_url_has_it() -> None:
    assert Options().url("::1", 80) == "http://[::1]:80"
    assert Options(certificate="c", key="k").url("192.0.2.1", 443) == "https://192.0.2.1:443"
