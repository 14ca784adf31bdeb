"""A publisher that the meter watches: who holds each public address, by the state."""

from collections.abc import Iterable

from gateway.control.ports import Publisher
from gateway.control.state import State
from gateway.control.values import Instance
from gateway.metering.meter import Meter
from gateway.metering.values import Holder


class MeteredPublisher:
    """Publishes by another publisher, and has the meter look before and after.

    That is the one whose workers' counters the meter reads: from its acknowledgement on they count
    for the next holders, whether or not other publishers have acknowledged.
    """

    def __init__(self, publisher: Publisher, meter: Meter) -> None:
        """Begin with what the meter knows of who holds which address."""
        self._publisher = publisher
        self._meter = meter
        self._roster = Roster(meter.held)
        self._changes: dict[int, Holder | None] = {}

    @property
    def name(self) -> str:
        """The name of the publisher that is watched."""
        return self._publisher.name

    def take_in(self, state: State) -> None:
        """Take in what the other publisher needs, and who holds which address now."""
        self._publisher.take_in(state)
        self._changes |= self._roster.changes(state)

    def put_in_force(self, generation: int) -> None:
        """Let the other publisher do it, and hand addresses over. Raises `AdapterError`."""
        changes, self._changes = self._changes, {}
        self._meter.hand_over(changes, generation, lambda: self._publisher.put_in_force(generation))

    def acknowledged(self) -> int:
        """The generation that the other publisher has in force. Raises `AdapterError`."""
        return self._publisher.acknowledged()


class Roster:
    """Who holds which slot: the instance that the address stands for, running or not."""

    def __init__(self, known: Iterable[int]) -> None:
        """`known` are slots that had a holder before."""
        self._known = tuple(known)
        self._slots: dict[str, int] = {}  # by instance
        self._sequence: int | None = None

    def changes(self, state: State) -> dict[int, Holder | None]:
        """The slots whose holder may be another than at the last call, and who holds them now."""
        touched = None if self._sequence is None else state.touched_since(self._sequence)
        if touched is None:
            found = dict.fromkeys((*self._known, *self._slots.values()), None)
            self._slots.clear()
            touched = list(state.instances)
        else:
            left = (self._slots.pop(instance_id, None) for instance_id in touched)
            found = dict.fromkeys(slot for slot in left if slot is not None)
        for instance_id in touched:
            instance = state.instances.get(instance_id)
            holder = holder_of(state, instance) if instance else None
            if holder:
                found[holder.slot] = holder
                self._slots[instance_id] = holder.slot
        self._sequence = state.sequence
        return found


def holder_of(state: State, instance: Instance) -> Holder | None:
    """The instance as the holder of its public address; None if it has none."""
    eip = state.eips[instance.eip_id] if instance.eip_id else None
    if eip:
        address, address_id, charge_type = eip.address, eip.eip_id, eip.charge_type
    elif instance.ordinary:
        address, address_id = instance.ordinary.address, instance.ordinary.address_id
        charge_type = instance.charge_type
    else:
        return None
    return Holder(
        slot=state.slots.of[address],
        address=address,
        address_id=address_id,
        instance_id=instance.instance_id,
        charge_type=charge_type.value,
    )
