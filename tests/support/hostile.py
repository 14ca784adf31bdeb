"""A client that harms a server by the number of its connections: one process, one address.

Run as a program: `hostile.py HOST PORT KIND NUMBER`. It says `ready` when it has tried that many,
and goes on until it is killed. What the server cuts off is opened again, but for those that were
answered and are idle.
"""

import errno
import resource
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__)
KINDS: Final = ("half-open", "slow", "idle", "reopened")
HALF: Final = b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: a\r\nX-Slow: "
WHOLE: Final = b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: a\r\n\r\n"
FIRST: Final = {"half-open": HALF, "slow": HALF, "idle": WHOLE, "reopened": b""}
SLOW_S: Final = 1.0  # between two bytes of a slow head
OPENED_AT_ONCE: Final = 200


@contextmanager
def crowd(port: int, kind: str, number: int, user: int | None = None) -> Iterator[None]:
    """A hostile client of a port of loopback at work, as this user; our own if None."""
    words = (sys.executable, str(PROGRAM), "127.0.0.1", str(port), kind, str(number))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, user=user) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield
            assert process.poll() is None
        finally:
            process.kill()


class Hostile:
    """Holds as many connections as it may, or opens and closes them without end."""

    def __init__(self, target: tuple[str, int], kind: str, number: int) -> None:
        self._target = target
        self._kind = kind
        self._number = number
        self._poll = select.epoll()
        self._open: dict[int, socket.socket] = {}
        self._tried = 0
        self._slow: deque[tuple[float, int]] = deque()

    def run(self) -> None:
        """Go on until the process is killed."""
        said = False
        while True:
            for _ in range(OPENED_AT_ONCE):
                if not (self._may_open() and self._connect()):
                    break
            if not said and self._tried >= self._number:
                print("ready", flush=True)
                said = True
            for number, events in self._poll.poll(0 if self._may_open() else 0.1):
                self._act(number, events)
            self._send_slowly()

    def _may_open(self) -> bool:
        if self._kind == "idle" and self._tried >= self._number:
            return False
        return len(self._open) < self._number

    def _connect(self) -> bool:
        try:
            made = socket.socket()
        except OSError:
            return False
        made.setblocking(False)
        failure = made.connect_ex(self._target)
        if failure not in (0, errno.EINPROGRESS):
            made.close()
            return False
        self._tried += 1
        self._open[made.fileno()] = made
        self._poll.register(made.fileno(), select.EPOLLOUT | select.EPOLLET)
        return True

    def _act(self, number: int, events: int) -> None:
        made = self._open.get(number)
        if made is None:
            return
        if events & select.EPOLLOUT:
            try:
                made.send(FIRST[self._kind])
            except OSError:
                self._close(number)
                return
            if self._kind == "reopened":
                self._close(number)
                return
            if self._kind == "slow":
                self._slow.append((time.monotonic() + SLOW_S, number))
            self._poll.modify(number, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)
            return
        try:
            if made.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._close(number)

    def _send_slowly(self) -> None:
        now = time.monotonic()
        while self._slow and self._slow[0][0] <= now:
            _, number = self._slow.popleft()
            made = self._open.get(number)
            if made is None:
                continue
            try:
                made.send(b"x")
            except OSError:
                self._close(number)
            else:
                self._slow.append((now + SLOW_S, number))

    def _close(self, number: int) -> None:
        self._open.pop(number).close()


def main() -> None:
    """Read what to do from the command line."""
    host, port, kind, number = sys.argv[1:]
    limit = min(int(number) + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    Hostile((host, int(port)), kind, int(number)).run()


if __name__ == "__main__":
    main()
