"""The instances' machines, made as the state says.

What is to be done follows from the state alone: an instance in a passing state has work waiting.
Whatever fails is in doubt until it has been done once more, so doing it twice must do no harm.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, assert_never

from gateway.control import commands as cmd
from gateway.control.errors import AdapterError
from gateway.control.ports import Hosts
from gateway.control.progress import Progress
from gateway.control.state import PASSING, State
from gateway.control.values import Instance, InstanceState

_log = logging.getLogger(__name__)

TRIES: Final = 3  # at once; after that it waits for its next turn
Failures = Mapping[str, AdapterError]  # by instance


class Upkeep:
    """Makes all machines as the state says. One thread at a time may call `make`."""

    def __init__(self, hosts: Hosts, report: Callable[[cmd.Command], None]) -> None:
        """`report` records by a command what was done; it may raise `AdapterError`."""
        self._hosts = hosts
        self._report = report
        self._doubtful: dict[str, None] = {}  # in the order of their turns

    def doubt(self, instance_ids: Iterable[str]) -> None:
        """Note that the machines of these instances may not be as the state says."""
        self._doubtful.update(dict.fromkeys(instance_ids))

    @property
    def doubtful(self) -> Collection[str]:
        """Instances whose machine may not be as the state says."""
        return self._doubtful.keys()

    def waiting(self, state: State, progress: Progress, *, again: bool) -> list[Instance]:
        """The instances whose machines are to be made; with `again` also those that failed before.

        An instance whose last change isn't in force isn't among them: no packet is to go where a
        link is about to be cut.
        """
        chosen = {**(self._doubtful if again else {}), **state.passing}
        return [
            state.instances[key]
            for key in chosen
            if key in state.instances
            and not progress.under_way(key)
            and (again or key not in self._doubtful)
        ]

    def remove_others(self, instances: Collection[Instance]) -> None:
        """Remove the machines of all other instances. A failure is logged, and does no harm."""
        try:
            self._hosts.remove_others(instances)
        except AdapterError as error:
            _log.error("%s", error)

    def make(self, instances: Iterable[Instance]) -> Failures:
        """Make each machine. One that can't be made keeps no other from being made.

        A machine that has failed before is tried once, another one a few times.
        """
        failures: dict[str, AdapterError] = {}
        for instance in instances:
            key = instance.instance_id
            try:
                self._make(instance, 1 if key in self._doubtful else TRIES)
            except AdapterError as error:
                failures[key] = error
        return failures

    def _make(self, instance: Instance, tries: int) -> None:
        """Make the instance's machine as its state says; report what a passing state asked for."""
        self._doubtful[instance.instance_id] = None
        try:
            self._try(instance, tries)
        except AdapterError as error:
            if instance.state is InstanceState.PENDING:
                self._give_up(instance, str(error))
            raise
        if instance.state in PASSING:
            self._report(cmd.ReportDone(instance.instance_id))
        self._doubtful.pop(instance.instance_id)

    def _give_up(self, instance: Instance, why: str) -> None:
        self._report(cmd.ReportLaunchFailed(instance.instance_id, why))
        try:
            self._hosts.remove(instance)
        except AdapterError as error:  # it stays in doubt; why it couldn't be built tells more
            _log.error("%s: %s", instance.instance_id, error)
        else:
            self._doubtful.pop(instance.instance_id)

    def _try(self, instance: Instance, tries: int) -> None:
        for _ in range(tries - 1):
            try:
                self._do(instance)
            except AdapterError as error:
                _log.warning("%s: %s: trying again", instance.instance_id, error)
            else:
                return
        self._do(instance)

    def _do(self, instance: Instance) -> None:
        match instance.state:
            case InstanceState.PENDING | InstanceState.STARTING | InstanceState.RUNNING:
                self._hosts.connect(instance)
            case InstanceState.STOPPING | InstanceState.STOPPED:
                self._hosts.disconnect(instance)
            case InstanceState.REBOOTING:
                self._hosts.disconnect(instance)
                self._hosts.connect(instance)
            case InstanceState.TERMINATING | InstanceState.LAUNCH_FAILED:
                self._hosts.remove(instance)
            case _:
                assert_never(instance.state)
