"""tgw completion SHELL: a script by which a shell completes the words of `tgw`.

At each Tab the script asks this command what may come next. So there is one truth, the parser, and
the names of instances are those that there are.
"""

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from gateway.cli.commands import COMMON, called, parser
from gateway.cli.contents import COMMANDS
from gateway.cli.output import need_root
from gateway.cli.verbs import Subparsers, command
from gateway.lab.hosts import Hosts
from gateway.site import places

SCRIPTS: Final = {
    "bash": """\
_tgw() {
    mapfile -t COMPREPLY < <(tgw completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _tgw tgw
""",
    "zsh": """\
#compdef tgw
_tgw() {
    local -a found
    found=("${(@f)$(tgw completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found[1] ]]; then _describe tgw found; else _files; fi
}
compdef _tgw tgw
""",
    "fish": """\
function __tgw_words
    set -l part (commandline -ct)
    set -l before (commandline -opc)
    set -l found (tgw completion fish -- $before[2..-1] "$part" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$part"
    end
end
complete -c tgw -f -a '(__tgw_words)'
""",
}
# A name goes into a command line as it is, and whoever may call the API chooses it.
PLAIN: Final = re.compile(r"\w[\w.-]*")


class Word(NamedTuple):
    """A word that may come next, and what it means."""

    word: str
    help: str = ""


def add(nouns: Subparsers, common: argparse.ArgumentParser) -> None:
    found = command(
        nouns,
        common,
        "completion",
        completion,
        needs_root=False,
    )
    found.add_argument(
        "shell", choices=sorted(SCRIPTS), help="fish: 'tgw completion fish | source'"
    )
    found.set_defaults(takes_command=True)


def completion(arguments: argparse.Namespace) -> None:
    """Print the script; or, for the script, what may stand for the last of the words."""
    if not arguments.after_dashes:
        print(SCRIPTS[arguments.shell], end="")
        return
    for word, text in candidates(arguments.after_dashes, arguments.lab):
        match arguments.shell:
            case "zsh":
                print(word.replace(":", "\\:") + (f":{text}" if text else ""))
            case "fish":
                print(f"{word}\t{text}")
            case _:
                print(word)


def candidates(words: list[str], lab: str) -> list[Word]:
    """What the last of the words may become, in the order of the help."""
    *before, part = words
    if "--" in before:
        return []
    if not before and not part.startswith("-"):  # without the modules of all commands
        return [Word(command) for command in COMMANDS if command.startswith(part)]
    place = _Place(parser(*called(before)), lab)
    for word in before:
        place = place.after(word)
    return [one for one in place.words(part) if one.word.startswith(part)]


class _Place(NamedTuple):
    """A place in a command line: whose words come here, and which one."""

    parser: argparse.ArgumentParser | None  # None behind a word that is none
    lab: str
    taken: int = 0  # positional words that are behind us
    option: argparse.Action | None = None  # what wants a value here

    def after(self, word: str) -> "_Place":
        """The place in the command line that is behind the word."""
        if self.parser is None or word == "=":  # a shell may cut --name=value in three
            return self
        if self.option:
            lab = word if self.option.dest == "lab" else self.lab
            return self._replace(option=None, lab=lab)
        if word.startswith("-"):
            name, is_given, _ = word.partition("=")
            action = self._options().get(name)
            wants = action if action and action.nargs is None and not is_given else None
            return self._replace(option=wants)
        positional = self._positional()
        if positional and isinstance(positional.choices, Mapping):
            return _Place(positional.choices.get(word), self.lab)
        return self._replace(taken=self.taken + 1)

    def words(self, part: str) -> Iterator[Word]:
        """What may stand here, if it begins with `part`, which is looked at for a dash only."""
        if self.option:
            yield from self._values(self.option)
        elif part.startswith("-"):
            for name, action in self._options().items():
                if name.startswith("--"):
                    yield Word(name, (action.help or "") % {"default": action.default})
        elif positional := self._positional():
            yield from self._values(positional)

    def _options(self) -> dict[str, argparse.Action]:
        if self.parser is None:
            return {}
        found = dict(self.parser._option_string_actions)
        for name, takes_value in COMMON.items() if self._positional_is_verb() else ():
            found.setdefault(name, _common(name, takes_value=takes_value))
        return found

    def _positional_is_verb(self) -> bool:
        positional = self._positional()
        return positional is not None and isinstance(positional.choices, Mapping)

    def _positional(self) -> argparse.Action | None:
        """The positional argument whose turn it is; the last one may take many words."""
        found = self.parser._get_positional_actions() if self.parser else []
        if found and found[-1].nargs == "+":
            return found[min(self.taken, len(found) - 1)]
        return found[self.taken] if self.taken < len(found) else None

    def _values(self, action: argparse.Action) -> Iterable[Word]:
        if isinstance(action, argparse._SubParsersAction):
            return [Word(one.dest, one.help or "") for one in action._get_subactions()]
        if action.choices is not None:
            return [Word(str(choice)) for choice in action.choices]
        with suppress(Exception):  # a lab that isn't up has no names, nor has one for strangers
            need_root()
            return [one for one in _names(action.dest, self.lab) if PLAIN.fullmatch(one.word)]
        return ()


def _common(name: str, *, takes_value: bool) -> argparse.Action:
    made = argparse.ArgumentParser(add_help=False)
    if takes_value:
        return made.add_argument(name, help="which lab")
    return made.add_argument(name, action="store_true", help="print JSON, for programs")


def _names(what: str, lab: str) -> Iterator[Word]:
    """The names that a positional argument or an option of this name may have."""
    if what == "lab":
        yield from (Word(path.name) for path in sorted(places.RUN.iterdir()) if path.is_dir())
    elif what == "host":
        yield from (Word(host) for host in Hosts(lab).names())
        yield from _things("instance", lab)
    elif what in THINGS:
        yield from _things(what, lab)


# For an argument of this name: what of control lists its things, and the fields of the answer.
THINGS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "instance": ("instances", "InstanceSet", "InstanceName", "InstanceId"),
    "eip": ("addresses", "AddressSet", "AddressName", "AddressId"),
    "address": ("addresses", "AddressSet", "AddressIp", "AddressId"),
    "addresses": ("addresses", "AddressSet", "AddressName", "AddressId"),
    "package": ("packages", "BandwidthPackageSet", "BandwidthPackageName", "BandwidthPackageId"),
}


def _things(what: str, lab: str) -> Iterator[Word]:
    """Names, and the ids of those without a name."""
    from gateway.cli import control  # only now: a Tab that needs no names is answered sooner

    listed, field, name, identity = THINGS[what]
    client = control.client(argparse.Namespace(lab=lab))
    for thing in getattr(control, listed)(client)[field]:
        called = thing[name]
        yield Word(called, thing[identity]) if called else Word(thing[identity])
