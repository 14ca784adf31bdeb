"""A request that is repeated with its client token has the answer that it had before."""

from gateway.control import commands as cmd
from gateway.control.controller import Controller


def answered_before(control: Controller, command: cmd.RunInstance | cmd.AllocateEip) -> list[str]:
    """The ids that the same request with the same client token was answered with."""
    with control.state() as state:
        before = state.ledger.answer(type(command).__name__, command.client_token)
    assert before is not None, "a command without events was carried out before"
    return list(before.ids)
