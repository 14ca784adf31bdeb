"""Client tokens: a request that comes again gets the same answer, and changes nothing."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Final

from gateway.control import commands as cmd
from gateway.control import errors
from gateway.control import events as ev
from gateway.control.state import State

TOKEN_MAX: Final = 64
Tokened = cmd.RunInstance | cmd.AllocateEip


def answered(state: State, command: Tokened) -> bool:
    """Whether this request was carried out before. Raises a `DomainError`."""
    token = command.client_token
    if len(token) > TOKEN_MAX:
        raise errors.TokenTooLongError(f"a client token has at most {TOKEN_MAX} characters")
    if not token.isascii() or not token.isprintable():
        raise errors.InvalidValueError("a client token is of printable ASCII characters")
    before = state.ledger.answer(type(command).__name__, token)
    if before and before.digest != _digest(command):
        raise errors.TokenReusedError(
            f"the client token {token[:80]!r} was used for another request: use a new one"
        )
    return before is not None


def remember(command: Tokened, *ids: str) -> list[ev.Event]:
    """The event that the request with this token was answered with these ids."""
    if not command.client_token:
        return []
    kind = type(command).__name__
    return [ev.TokenAnswered(kind, command.client_token, _digest(command), ids)]


def _digest(command: Tokened) -> str:
    fields = {name: value for name, value in asdict(command).items() if name != "client_token"}
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
