"""States compared whole, and what a table must hold, worked out without the code under test."""

from types import MethodType
from typing import Any

from gateway.control import events as ev
from gateway.control.ports import EventStore
from gateway.control.state import State
from gateway.control.values import InstanceState

UNORDERED = ("macs", "by_mac", "disks", "by_disk", "_uses")  # indexes that nothing lists


def snapshot(state: State) -> dict[str, Any]:
    """Everything `state` is made of, private parts and order included, free to compare."""
    seen: set[int] = set()
    return {
        name: dict(part) if name in UNORDERED else _plain(part, seen)
        for name, part in vars(state).items()
    }


def replayed(store: EventStore) -> State:
    """The state that the log alone adds up to."""
    state = State()
    for record in store.read():
        state.evolve(ev.from_record(record), record.at)
    return state


def expected_mappings(state: State) -> dict[str, str]:
    """Public to private: each running instance with an EIP or else an ordinary public IP."""
    expected = {}
    for instance in state.instances.values():
        if instance.state is not InstanceState.RUNNING:
            continue
        if instance.eip_id is not None:
            expected[state.eips[instance.eip_id].address] = instance.private_ip
        elif instance.ordinary is not None:
            expected[instance.ordinary.address] = instance.private_ip
    return expected


def _plain(part: Any, seen: set[int]) -> Any:
    """The part, its own parts included; what several parts share is there once."""
    if isinstance(part, MethodType):
        return part.__func__
    own = type(part).__module__.startswith("gateway.control.state") and hasattr(part, "__dict__")
    if isinstance(part, (list, set)):
        return type(part)(part)
    if not own and not isinstance(part, dict):
        return part
    if id(part) in seen:
        return None
    seen.add(id(part))
    if isinstance(part, dict):
        return [(key, _plain(value, seen)) for key, value in part.items()]
    return [
        (key, dict(value) if key in UNORDERED else _plain(value, seen))
        for key, value in vars(part).items()
    ]
