"""The tables of rules are total: each kind of command and of event has its rule, and one only."""

from typing import get_type_hints

import pytest

from gateway.control import commands as cmd
from gateway.control.decide import RULES


def test_every_kind_of_command_has_a_rule() -> None:
    assert RULES.keys() == set(cmd.Command.__args__)


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
def test_a_rule_takes_commands_of_the_kind_it_stands_under(kind: type[cmd.Command]) -> None:
    rule = RULES[kind]
    _, command, *_ = get_type_hints(rule).values()
    assert command is kind
