"""What a request that came before was answered with."""

from gateway.control import commands as cmd
from gateway.control.controller import Controller


def answered_before(control: Controller, command: cmd.RunInstance | cmd.AllocateEip) -> list[str]:
    """What the same request, with the same client token, was answered with."""
    with control.state() as state:
        before = state.ledger.answer(type(command).__name__, command.client_token)
    assert before is not None, "what does nothing was done before"
    return list(before.ids)
