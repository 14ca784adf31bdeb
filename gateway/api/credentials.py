"""Pairs of SecretId and SecretKey, in one file that only root can read.

The file is replaced as a whole, under a lock on its directory, so a reader sees the pairs before or
after a change. Who looks a pair up sees a change at the next look: a disabled pair ends at once.
"""

import fcntl
import json
import os
import secrets
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

ID_PREFIX: Final = "AKID"
LENGTH: Final = 32  # of a key, and of an id behind its prefix
PAIRS_MAX: Final = 100
_ALPHABET: Final = string.ascii_letters + string.digits

_Stamp = tuple[int, int, int]


class CredentialsError(RuntimeError):
    """The pairs can't be read, or the change can't be made; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair, and whether requests may be signed with it."""

    secret_id: str
    secret_key: str = field(repr=False)
    created_at: float
    enabled: bool = True


class Credentials:
    """The pairs in the file at `path`; none if there is no file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._pairs: tuple[Pair, ...] = ()

    def pairs(self) -> tuple[Pair, ...]:
        """Return all pairs, oldest first. Raises `CredentialsError` if the file is damaged."""
        try:
            found = self._path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp != self._stamp:
                self._pairs, self._stamp = _parsed(self._path.read_bytes()), stamp
        except FileNotFoundError:
            self._pairs, self._stamp = (), None
        except (ValueError, TypeError) as error:
            raise CredentialsError(f"{self._path} is damaged: remove it for new pairs") from error
        return self._pairs

    def key_of(self, secret_id: str) -> str | None:
        """The key to an id; None if there is no such pair, or it is disabled."""
        for pair in self.pairs():
            if pair.secret_id == secret_id and pair.enabled:
                return pair.secret_key
        return None

    def ensure(self, now: float) -> None:
        """Make a pair if there is none. Raises `CredentialsError`."""
        self._change(lambda pairs: pairs or (_fresh(now),))

    def create(self, now: float) -> Pair:
        """Make another pair. Raises `CredentialsError` if there are `PAIRS_MAX` already."""
        made = _fresh(now)
        self._change(lambda pairs: (*pairs, made))
        return made

    def switch(self, secret_id: str, *, enabled: bool) -> None:
        """Enable or disable a pair. Raises `CredentialsError` if its id is unknown."""

        def switched(pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
            if secret_id not in {pair.secret_id for pair in pairs}:
                raise CredentialsError(
                    f"there is no SecretId {secret_id}: 'tgw credentials --json' shows all"
                )
            return tuple(
                replace(pair, enabled=enabled) if pair.secret_id == secret_id else pair
                for pair in pairs
            )

        self._change(switched)

    def _change(self, change: Callable[[tuple[Pair, ...]], tuple[Pair, ...]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(self._path.parent):
            before = self.pairs()
            after = change(before)
            if len(after) > PAIRS_MAX:
                raise CredentialsError(f"there are {PAIRS_MAX} pairs already, and no more can be")
            if after != before:
                write_private(self._path, json.dumps([asdict(pair) for pair in after], indent=1))


def _fresh(now: float) -> Pair:
    return Pair(ID_PREFIX + _random(), _random(), now)


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))


def _parsed(text: bytes) -> tuple[Pair, ...]:
    return tuple(Pair(**facts) for facts in json.loads(text))


def write_private(path: Path, text: str) -> None:
    """Replace the file by one that only its owner can read, durably."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # a killed writer's
    # From its first moment on only its owner may read it.
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(file, "w") as output:  # noqa: PTH123  a descriptor, not a path
        output.write(text)
        output.flush()
        os.fsync(file)
    fresh.replace(path)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time is in this block for the same folder."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
