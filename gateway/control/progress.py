"""How far the world is behind the log: what is in force, and which tasks are under way.

A command is recorded at once and takes effect a little later: when the table that its last event
belongs to is in force, and the machines it is about are as it says. Until then its addresses and
instances have a task under way.

What is in force is asked of the publishers when control starts, and the rest follows from the log.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.control import events as ev
from gateway.control.state import PASSING, State
from gateway.control.values import AddressStatus, Eip, InstanceState, TaskResult

FAILED_MAX: Final = 10_000  # launches that failed and are remembered: the latest

# Events that are a task of an EIP's, and of an instance's.
_OfEip = (
    ev.EipAllocated
    | ev.EipBound
    | ev.EipUnbound
    | ev.EipReleased
    | ev.EipTransformed
    | ev.EipBandwidthChanged
)
_OfInstance = (
    ev.InstanceOrdered | ev.InstanceStateChanged | ev.EipBound | ev.EipUnbound | ev.EipTransformed
)
# What an EIP passes through meanwhile. A transformed one doesn't: it was bound before, too.
_STATUSES: Final[Mapping[type[ev.Event], AddressStatus]] = {
    ev.EipAllocated: AddressStatus.CREATING,
    ev.EipBound: AddressStatus.BINDING,
    ev.EipUnbound: AddressStatus.UNBINDING,
    ev.EipReleased: AddressStatus.OFFLINING,
}


@dataclass(frozen=True, slots=True)
class Task:
    """A command that was recorded: its events, and the number by which to ask for its result.

    That is the sequence of its last event, or of the log's if it changed nothing.
    """

    number: int
    events: tuple[ev.Event, ...]


class Progress:
    """The progress of one controller. It changes with the state: hold that still to look at it."""

    def __init__(
        self, began: Mapping[str, int] | None = None, failed: Mapping[str, int] | None = None
    ) -> None:
        """All of it is in force: what `began` and hasn't ended, and launches that `failed`."""
        self.in_force = 0
        # Passing statuses and states that are still shown: what comes after isn't in force yet.
        self.statuses: dict[str, AddressStatus] = {}
        self.states: dict[str, InstanceState] = {}
        self.offlining: dict[str, Eip] = {}  # released, and perhaps still in the table
        # Until when: a sequence that must be in force.
        self._under_way: dict[str, int] = {}  # ids of EIPs and instances
        self._given_back: dict[str, int] = {}  # addresses
        # Since when an instance is, or was until a while ago, in a passing state; and until when.
        self._began = dict(began or {})
        self._ended: dict[str, int] = {}
        self._failed = OrderedDict(failed or {})  # when an instance's launch did

    def take_in(self, event: ev.Event, state: State) -> None:
        """Take in `event`, the next after `state`; a task begins, unless it is in force already."""
        sequence = state.sequence + 1
        if sequence > self.in_force:
            self._begin(event, state, sequence)
        match event:
            case ev.InstanceOrdered(instance_id):
                self._began[instance_id] = sequence
            case ev.InstanceStateChanged(instance_id, after):
                self._state_changed(instance_id, InstanceState(after), sequence)
            case ev.InstanceGone(instance_id):
                self._end(instance_id, sequence)

    def _begin(self, event: ev.Event, state: State, sequence: int) -> None:
        if isinstance(event, _OfEip):
            self._under_way[event.eip_id] = sequence
            if type(event) in _STATUSES:
                self.statuses[event.eip_id] = _STATUSES[type(event)]
        if isinstance(event, _OfInstance):
            self._under_way[event.instance_id] = sequence
        match event:
            case ev.EipReleased(eip_id, address):
                self.offlining[eip_id] = state.eips[eip_id]
                self._given_back[address] = sequence
            case ev.OrdinaryIpReleased(_, address):
                self._given_back[address] = sequence
            case ev.AddressChanged(address_id, before):
                self._given_back[before] = sequence
                eip = state.eips.get(address_id)
                bearer = eip.instance_id if eip else state.ordinary[address_id]
                self._under_way.update(dict.fromkeys(filter(None, (address_id, bearer)), sequence))
            case ev.InstanceStateChanged(instance_id, after) if after not in PASSING:
                self.states[instance_id] = state.instances[instance_id].state

    def _state_changed(self, instance_id: str, after: InstanceState, sequence: int) -> None:
        if after in PASSING:
            self._began[instance_id] = sequence
            self._ended.pop(instance_id, None)
            return
        self._end(instance_id, sequence)
        if after is InstanceState.LAUNCH_FAILED:
            self._failed[instance_id] = sequence
            if len(self._failed) > FAILED_MAX:
                self._failed.popitem(last=False)

    def _end(self, instance_id: str, sequence: int) -> None:
        if sequence > self.in_force:
            self._ended[instance_id] = sequence
        else:
            self._began.pop(instance_id)

    def reached(self, generation: int) -> None:
        """Take in that the table of this generation is in force."""
        self.in_force = generation
        for key in _due(self._under_way, generation):
            self.statuses.pop(key, None)
            self.states.pop(key, None)
            self.offlining.pop(key, None)
        for instance_id in _due(self._ended, generation):
            self._began.pop(instance_id, None)
        _due(self._given_back, generation)

    @property
    def began(self) -> dict[str, int]:
        """Since when each instance that is in a passing state is in it: the sequence."""
        return dict(self._began)

    @property
    def failed(self) -> dict[str, int]:
        """When the launch of each instance failed: the sequence."""
        return dict(self._failed)

    def under_way(self, key: str) -> bool:
        """Whether the EIP or instance with this id has a task that isn't in force yet."""
        return key in self._under_way

    @property
    def given_back(self) -> Collection[str]:
        """Free public addresses that may still be in a table that is in force somewhere."""
        return self._given_back.keys()

    def result(self, number: int, instance_ids: Iterable[str]) -> TaskResult:
        """What came of the task that ended with the event `number`, which is in force.

        It is about these instances.
        """
        ids = tuple(instance_ids)
        if any(number < self._failed.get(key, 0) for key in ids):
            return TaskResult.FAILED
        if any(self._began.get(key, number + 1) <= number for key in ids):
            return TaskResult.RUNNING
        return TaskResult.SUCCESS


def _due(until: dict[str, int], generation: int) -> list[str]:
    """Take out those whose sequence has been reached."""
    due = [key for key, sequence in until.items() if sequence <= generation]
    for key in due:
        del until[key]
    return due


def instances_of(event: ev.Event) -> tuple[str, ...]:
    """The ids of all instances that an event names."""
    if isinstance(event, ev.TokenAnswered):
        return event.ids
    named = getattr(event, "instance_id", None)
    return (named,) if named else ()
