"""The tables of rules are total: each kind of command and of event has its rule, and one only."""

from dataclasses import fields
from typing import get_type_hints

import pytest

from gateway.control import commands as cmd
from gateway.control import events as ev
from gateway.control.decide import RULES
from gateway.control.exclusion import CHECKS
from gateway.control.state import State


def test_every_kind_of_command_has_a_rule_and_says_what_it_waits_for() -> None:
    assert RULES.keys() == CHECKS.keys() == set(cmd.Command.__args__)


def test_what_a_command_waits_for_is_named_by_a_field_of_its_own() -> None:
    for kind, checks in CHECKS.items():
        assert {field for _, field in checks} <= {field.name for field in fields(kind)}, kind


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
def test_a_rule_takes_commands_of_the_kind_it_stands_under(kind: type[cmd.Command]) -> None:
    rule = RULES[kind]
    _, command, *_ = get_type_hints(rule).values()
    assert command is kind


def test_every_kind_of_event_has_a_rule() -> None:
    assert State().rules.keys() == set(ev.Event.__args__)


def test_no_kind_of_event_has_two_rules() -> None:
    state = State()
    parts = [part for part in vars(state).values() if hasattr(part, "rules")]
    assert sum(len(part.rules()) for part in parts) == len(state.rules)


@pytest.mark.parametrize("kind", State().rules, ids=lambda kind: kind.__name__)
def test_a_rule_takes_events_of_the_kind_it_stands_under(kind: type[ev.Event]) -> None:
    event, *_ = get_type_hints(State().rules[kind]).values()
    assert event is kind
