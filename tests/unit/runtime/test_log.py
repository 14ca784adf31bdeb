"""The log: each line once, how often it was repeated, and a bound for everything."""

import io
import logging
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.labs import eventually
from support.tcp import send

from gateway.runtime import log
from gateway.runtime.log import LINES_MAX, SPAN_MAX_S, SPAN_MIN_S, SummingHandler


class Log:
    """A log, its lines, and a clock to set."""

    def __init__(self) -> None:
        """Nothing was written."""
        self.now = 0.0
        self._stream = io.StringIO()
        self._handler = SummingHandler(self._stream, lambda: self.now)
        self._handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        self.logger = logging.getLogger("tests.summed")
        self.logger.handlers = [self._handler]
        self.logger.propagate = False
        self.close = self._handler.close

    def say(self, text: str, times: int = 1) -> None:
        """Log a line, from one place in the program."""
        for _ in range(times):
            self.logger.error("%s", text)

    def fail(self, error: Exception, times: int = 1) -> None:
        """Log a traceback."""
        for _ in range(times):
            try:
                raise error
            except type(error):
                self.logger.exception("it failed")

    @property
    def lines(self) -> list[str]:
        """All lines so far."""
        return self._stream.getvalue().splitlines()


def test_lines_that_differ_are_all_written() -> None:
    found = Log()
    found.say("a")
    found.say("b")
    found.logger.warning("%s", "a")
    assert found.lines == ["ERROR a", "ERROR b", "WARNING a"]


def test_a_repeated_line_is_written_once_and_summed_up() -> None:
    found = Log()
    found.say("no", times=1000)
    assert found.lines == ["ERROR no"]
    found.now = SPAN_MIN_S
    found.say("other")
    assert found.lines[1:] == ["ERROR no: repeated 999 times in 10 s", "ERROR other"]


def test_what_goes_on_is_summed_up_after_twice_as_long_each_time() -> None:
    found = Log()
    for second in range(24 * 3600):
        found.now = float(second)
        found.say("no")
    sums = [int(line.split()[3]) for line in found.lines[1:]]
    assert sums[:4] == [9, 20, 40, 80]
    assert max(sums) == SPAN_MAX_S
    assert len(found.lines) < 40, "in a whole day"


def test_what_comes_again_much_later_is_written_again() -> None:
    found = Log()
    for _ in range(3):
        found.say("no")
        found.now += SPAN_MIN_S + 1
    assert found.lines == ["ERROR no"] * 3


def test_a_traceback_is_written_once() -> None:
    found = Log()
    found.fail(OSError(24, "no descriptors"), times=500)
    found.fail(OSError(28, "no space"))
    assert sum(line == "Traceback (most recent call last):" for line in found.lines) == 2
    found.close()
    (line,) = [line for line in found.lines if "repeated" in line]
    assert line == "ERROR it failed: OSError: [Errno 24] no descriptors: repeated 499 times in 10 s"


def test_tracebacks_are_alike_though_what_is_said_beside_them_differs() -> None:
    found = Log()
    for number in range(10):
        try:
            raise OSError(24, "no descriptors")
        except OSError:
            found.logger.exception("accept failed at %d", number)
    assert sum("accept failed" in line for line in found.lines) == 1


def test_lines_of_one_place_are_bounded_though_they_differ() -> None:
    found = Log()
    for number in range(5000):
        found.say(f"{number} failed")
    assert len(found.lines) == LINES_MAX
    found.close()
    assert found.lines[LINES_MAX:] == [
        f"ERROR 0 failed (and other lines like this): repeated {5000 - LINES_MAX} times in 10 s"
    ]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "KINDS_MAX", 4)
    found = Log()
    for number in range(10):
        found.say(f"{number}")
        found.say(f"{number}")
    assert len(found._handler._kinds) <= 4
    assert [line for line in found.lines if "repeated" not in line] == [
        f"ERROR {number}" for number in range(10)
    ]


def test_at_the_end_nothing_is_left_uncounted() -> None:
    found = Log()
    found.say("no", times=2)
    found.close()
    assert found.lines == ["ERROR no", "ERROR no: repeated once in 10 s"]


def test_a_long_line_is_summed_up_in_short() -> None:
    found = Log()
    found.say("x" * 5000, times=2)
    found.close()
    assert len(found.lines[0]) > 5000
    assert len(found.lines[1]) < 400


def test_a_line_that_is_no_line_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found = Log()
    found.logger.error("%d", "no number")
    found.say("well")
    assert found.lines == ["ERROR well"]
    assert "Logging error" in capsys.readouterr().err


SERVER = """
import resource, signal, socket, sys
if sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from gateway.app import servers
from gateway.runtime import log
log.set_up()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
application = Starlette(routes=[Route("/", lambda _: PlainTextResponse("well"))])
server = servers.server(application)
print(listener.getsockname()[1], flush=True)
server.run(sockets=[listener])
"""
DESCRIPTORS = 30


def test_a_server_out_of_descriptors_says_so_in_few_lines_and_serves_again(tmp_path: Path) -> None:
    told = tmp_path / "log"

    with (
        told.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", SERVER, str(DESCRIPTORS)], stdout=subprocess.PIPE, stderr=output
        ) as process,
    ):
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            clients = []
            end = time.monotonic() + 4
            while time.monotonic() < end:
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
                clients.append(client)
                time.sleep(0.01)
                if len(clients) > 100:
                    clients.pop(0).close()
            assert process.poll() is None
            eventually(lambda: "can't be accepted" in told.read_text())
            for client in clients:
                client.close()
            eventually(lambda: answers(port), within_s=20)
        finally:
            process.terminate()
            process.wait(10)
    lines = told.read_text().splitlines()
    assert len(lines) < 100, "\n".join(lines[:200])
    sums = [line for line in lines if re.search(r"can't be accepted.*: repeated \d+ times", line)]
    assert sums, lines
    assert told.stat().st_size < 20_000


def answers(port: int) -> bool:
    """Whether the server answers."""
    try:
        return send(port, "GET", "/", {}).body == b"well"
    except OSError:
        return False


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
    ids=["TLS", "no HTTP", "two hosts"],
)
def test_a_stranger_fills_no_log(tmp_path: Path, raw: bytes) -> None:
    told = tmp_path / "log"
    more = SERVER.replace("server =", "servers.server(application)\nserver =").replace(
        "print(", "servers.server(application)\nprint("
    )
    with (
        told.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-c", more], stdout=subprocess.PIPE, stderr=output
        ) as process,
    ):
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            for _ in range(50):
                with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                    client.sendall(raw)
                    client.settimeout(10)
                    drained(client)
            assert answers(port)
        finally:
            process.terminate()
            assert process.wait(10) in (0, -15)
    assert told.read_text() == ""


def drained(client: socket.socket) -> None:
    """Read until the server closes the connection."""
    try:
        while client.recv(4096):
            pass
    except ConnectionResetError:
        pass
