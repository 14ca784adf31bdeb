"""Every verb of the command line, as the parser has them, and a line of words for each."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.commands import parser
from gateway.cli.contents import COMMANDS


@dataclass(frozen=True)
class Verb:
    """A verb: its words, and what else it takes."""

    words: tuple[str, ...]
    parser: argparse.ArgumentParser

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def positionals(self) -> list[argparse.Action]:
        return [one for one in self.parser._actions if not one.option_strings]

    @property
    def options(self) -> list[argparse.Action]:
        """Those that take a value."""
        return [one for one in self.parser._actions if one.option_strings and one.nargs is None]

    def has(self, option: str) -> bool:
        return option in self.parser._option_string_actions

    def line(self, sample: str = "x", **others: str) -> list[str]:
        """Words that the parser takes, with `sample` for whatever may be anything."""
        needed = [one for one in self.options if one.required]
        line = list(self.words)
        for one in needed:
            line += [one.option_strings[0], _value(one, others.get(one.dest, sample))]
        for one in self.positionals:
            if one.nargs in (None, "+"):
                line.append(_value(one, others.get(one.dest, sample)))
        return line


def _value(action: argparse.Action, sample: str) -> str:
    if action.choices is not None:
        return str(next(iter(action.choices)))
    return sample


def is_path(action: argparse.Action) -> bool:
    """Whether the argument names a file."""
    return action.type is Path


def verbs() -> list[Verb]:
    """Every verb of `tgw`, and every command of one word."""
    return list(_leaves((), parser(*COMMANDS)))


def _leaves(words: tuple[str, ...], node: argparse.ArgumentParser) -> Iterator[Verb]:
    for action in node._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from _leaves((*words, name), child)
            return
    yield Verb(words, node)
