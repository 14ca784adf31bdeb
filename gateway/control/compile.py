"""The mapping table that a state stands for.

A table is compiled from the one before: what an event touched (`State.touched_since`) is taken out
of a draft and put back as it is now. `compile_table` does it from nothing; both give one table.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from gateway.control.compile_policies import CompiledPolicies
from gateway.control.state import State
from gateway.control.state.pool import number_of
from gateway.control.values import Instance, InstanceState
from gateway.nat.table import Draft, Mapping, Package, Revision, Table

KBIT_PER_MBIT: Final = 1000
INBOUND_MIN_MBPS: Final = 10  # who buys less alone, in no package, may still receive that much


def compile_table(state: State) -> Table:
    """Compile the whole table of the state, without one that came before."""
    return Compiler().compile(state)


def mapping_of(state: State, instance: Instance) -> Mapping | None:
    """The instance's mapping, if it is running and has a public address.

    An instance that isn't running has none: packets for it are dropped at the gateway, with their
    reason counted, rather than somewhere behind it.
    """
    public = state.public_ip(instance)
    if public is None or instance.state is not InstanceState.RUNNING:
        return None
    bought_mbps = state.bandwidth_mbps(instance)
    package = state.package(instance)
    return Mapping(
        public=number_of(public),
        private=number_of(instance.private_ip),
        slot=state.slots.of[public],
        out_kbps=bought_mbps * KBIT_PER_MBIT,
        in_kbps=max(bought_mbps, 0 if package else INBOUND_MIN_MBPS) * KBIT_PER_MBIT,
        package=package.number if package and package.limited else 0,
        blocked=state.barred(instance),
    )


class Compiler:
    """Compiles one state's tables, one after the other."""

    def __init__(self) -> None:
        self._last: _Compiled | None = None

    def compile(self, state: State) -> Table:
        """One mapping for each running instance with a public address.

        The table's generation is the state's sequence. Raises `BadTableError` if mappings clash.
        """
        self.take_in(state)
        return self._taken_in.draft.finish(self._taken_in.sequence)

    def take_in(self, state: State) -> None:
        """Take in what changed in the state, which must not change meanwhile: a short time.

        Raises `BadTableError`.
        """
        last, self._last = self._last, None  # whatever fails below leaves nothing half changed
        touched = state.touched_since(last.sequence) if last else None
        policies = state.policies_touched_since(last.sequence) if last else None
        if last is None or touched is None or policies is None:
            last = _Compiled(Draft(0, state.pool.networks))
            last.change(state, state.instances, state.groups)
        else:
            last.change(state, touched, policies)
        self._last = last

    def revision(self) -> Revision:
        """The table of the state that was taken in last, and what has changed in it.

        It is to be used before the next state is taken in, and it costs what changed.
        """
        return self._taken_in.draft.seal(self._taken_in.sequence)

    @property
    def _taken_in(self) -> "_Compiled":
        assert self._last, "there is no table before a state"
        return self._last


@dataclass(slots=True)
class _Compiled:
    """Keep a draft, with the slots and packages that were compiled into it."""

    draft: Draft
    policies: CompiledPolicies = field(init=False)
    slots: dict[str, int] = field(default_factory=dict)  # by instance
    packages: dict[int, Package] = field(default_factory=dict)  # by number
    sequence: int = 0

    def __post_init__(self) -> None:
        """Begin with no policies, as the draft has none yet."""
        self.policies = CompiledPolicies(self.draft)

    def change(self, state: State, touched: Collection[str], policies: Collection[str]) -> None:
        """Compile these instances, groups and templates again; some may be gone."""
        self.draft.hold(state.slots.capacity)
        self.policies.change(state, touched, policies)
        for instance_id in touched:
            slot = self.slots.pop(instance_id, None)
            if slot is not None:
                self.draft.remove(slot)
        self._change_packages(state)
        # Only now: an address may go from any of them to any other.
        for instance_id in touched:
            instance = state.instances.get(instance_id)
            mapping = mapping_of(state, instance) if instance else None
            if mapping:
                self.draft.put(mapping)
                self.slots[instance_id] = mapping.slot
        self.sequence = state.sequence

    def _change_packages(self, state: State) -> None:
        """Bring all packages of the draft up to date: they are few.

        No mapping of the draft may be in a package that goes.
        """
        limited = [package for package in state.packages.values() if package.limited]
        after = {
            package.number: Package(package.number, package.bandwidth_mbps * KBIT_PER_MBIT)
            for package in limited
        }
        for number in self.packages.keys() - after.keys():
            self.draft.remove_package(number)
        for number, package in after.items():
            if self.packages.get(number) != package:
                self.draft.set_package(package)
        self.packages = after
