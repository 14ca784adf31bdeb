"""The moment of a decision: the time, the source of chance, and addresses not to give away."""

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from random import Random
from typing import Final
from uuid import UUID

ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH: Final = 8
DRAWS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision takes from outside: the time, Unix seconds, and chance.

    The decisions of one call share a moment. `given` are public addresses that can't be given away:
    those that earlier decisions gave away, and those that packets may still follow.
    """

    now: float
    rng: Random
    given: set[str] = field(default_factory=set)
    slots: set[int] = field(default_factory=set)  # of the addresses that were given away
    request_id: str = ""  # of the request that asks for it, if one does

    def new_id(self, prefix: str, *taken: Container[str]) -> str:
        """Draw an id of the cloud's form, e.g. `ins-1a2b3c4d`, that none of `taken` has."""
        return _untaken(
            taken, lambda: f"{prefix}-{''.join(self.rng.choices(ID_LETTERS, k=ID_LENGTH))}"
        )

    def new_uuid(self) -> str:
        """Draw a random UUID (RFC 9562, version 4)."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def new_mac(self, *taken: Container[str]) -> str:
        """Draw a MAC of the cloud's form, `52:54:00:…`, that none of `taken` has."""
        return _untaken(
            taken,
            lambda: "52:54:00:" + ":".join(f"{self.rng.randrange(256):02x}" for _ in range(3)),
        )


def _untaken(taken: Collection[Container[str]], draw: Callable[[], str]) -> str:
    drawn = (draw() for _ in range(DRAWS_MAX))
    fresh = next((one for one in drawn if not any(one in there for there in taken)), None)
    assert fresh is not None, "all but a few of the possible ids are taken"
    return fresh
