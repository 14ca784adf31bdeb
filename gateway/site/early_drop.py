"""The publisher for the early drop: which addresses take packets, in the kernel of the gateway."""

from collections.abc import Sequence
from typing import Final

from gateway.control.compile import mapping_of
from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.site.site import Site
from gateway.steering import early
from gateway.steering.early import Place
from gateway.steering.kernel import SteeringError


class EarlyDrop:
    """Puts each generation in force in the sets that packets meet before the queue."""

    name: Final = "the early drop"

    def __init__(self, site: Site) -> None:
        """Nothing is known of what the kernel has."""
        self._site = site
        self._sequence: int | None = None
        self._held: dict[str, tuple[int, Place]] = {}  # by instance: its address and the place
        self._changes: dict[int, Place | None] = {}
        self._generation: int | None = None  # what this publisher put in force last
        self._is_known = False  # whether the kernel has just that

    def take_in(self, state: State) -> None:
        """Take in whose address has come, gone, been blocked or opened."""
        touched: Sequence[str] | None = None
        if self._sequence is not None:
            touched = state.touched_since(self._sequence)
        if touched is None:
            touched = [*self._held, *state.instances]
        for instance_id in touched:
            address, _ = self._held.pop(instance_id, (None, None))
            if address is not None:
                self._changes[address] = None
        # Only now: an address may go from any of them to any other.
        for instance_id in touched:
            instance = state.instances.get(instance_id)
            mapping = mapping_of(state, instance) if instance else None
            if mapping:
                place = Place.BLOCKED if mapping.blocked else Place.OPEN
                self._held[instance_id] = mapping.public, place
                self._changes[mapping.public] = place
        self._sequence = state.sequence

    def put_in_force(self, generation: int) -> None:
        """Change the sets, or fill them if it isn't known what they have. Raises `AdapterError`."""
        before, self._is_known = self._generation if self._is_known else None, False
        try:
            with self._site.inside():
                if before is None:
                    early.fill(self._site.pools, dict(self._held.values()), generation)
                else:
                    early.change(self._changes, before, generation)
        except (OSError, SteeringError) as error:
            raise AdapterError(f"the early drop can't follow: {error}") from error
        self._changes = {}
        self._generation, self._is_known = generation, True

    def acknowledged(self) -> int:
        """The generation that the sets follow. Raises `AdapterError`.

        Without sets nothing is dropped early, as if each were in force; 0 if they are lost.
        """
        try:
            with self._site.inside():
                found = early.generation()
        except OSError as error:
            raise AdapterError(f"the early drop can't be looked at: {error}") from error
        if found is not None:
            return found
        self._is_known = False
        return early.GENERATIONS if self._generation is None else 0
