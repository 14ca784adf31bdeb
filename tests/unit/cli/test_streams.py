"""Standard streams that are closed, full, broken, or of another encoding; in processes."""

import io
import os
import re
import subprocess
import sys

import pytest
from support.labs import TGW

from gateway.cli import streams

GRAPH = ("lab", "graph", "--lab", "nowhere")
ASCII = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(words: tuple[str, ...], redirection: str) -> subprocess.CompletedProcess[str]:
    """`tgw WORDS… REDIRECTION`, as a shell runs it."""
    script = f'"$@" {redirection}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *TGW, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("words", [GRAPH, ("--help",), ("lab", "fly")])
def test_without_an_output_nothing_is_done(words: tuple[str, ...]) -> None:
    done = shell(words, ">&-")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "tgw: standard output is closed: nothing was done\n"


@pytest.mark.parametrize("redirection", ["<&-", "2>&-", "<&- 2>&-"])
def test_other_streams_may_be_closed(redirection: str) -> None:
    done = shell(GRAPH, redirection)
    assert (done.returncode, done.stderr) == (0, "")
    assert "uplink" in done.stdout


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_mistake_that_can_not_be_told_has_its_status(redirection: str) -> None:
    done = shell(("lab", "fly"), redirection)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.parametrize("words", [GRAPH, ("--help",)])
def test_a_full_disk_is_one_line(words: tuple[str, ...]) -> None:
    done = shell(words, ">/dev/full")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"tgw: .*No space left on device\n", done.stderr)


@pytest.mark.parametrize("words", [GRAPH, ("--help",)])
def test_a_reader_that_has_seen_enough_is_no_failure_to_be_told(words: tuple[str, ...]) -> None:
    done = shell(words, '> >(exec 0<&-; sleep 0.1) ; status=$?; wait; exit "$status"')
    assert done.stderr == ""
    assert done.returncode in (0, 1)  # 0 if the pipe took it before it broke


def test_a_pipe_without_a_reader_is_status_1() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*TGW, *GRAPH], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_where_the_locale_is_not_utf_8_the_drawing_is_of_ascii() -> None:
    done = subprocess.run([*TGW, *GRAPH], env=ASCII, capture_output=True, check=True)
    assert done.stdout.isascii()
    assert b"| internet " in done.stdout
    assert b"\\u" not in done.stdout


def test_json_stays_json_in_any_locale() -> None:
    program = (
        "from gateway.cli import output, streams; streams.prepare();"
        r"output.print_json({'name': '\u5e97 \u2713 \xe9'}); print('\u5e97 \u2713')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=ASCII, capture_output=True, text=True, check=True
    )
    assert done.stdout == '{\n  "name": "\\u5e97 \\u2713 \\u00e9"\n}\n\\u5e97 +\n'


def test_a_word_that_is_no_text_is_told() -> None:
    done = subprocess.run([*TGW, b"lab", b"\xff"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_what_we_draw_with_has_a_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    streams.prepare()
    print("".join(streams.SPELLING), "x店y", end="")
    assert streams.finish() is None
    assert raw.getvalue() == "".join(streams.SPELLING.values()).encode() + b" x\\u5e97y"
