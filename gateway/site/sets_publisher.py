"""A publisher for sets of addresses in the kernel of the gateway, which follow each generation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.control.errors import AdapterError
from gateway.control.state import State
from gateway.control.values import Instance
from gateway.site.site import Site
from gateway.steering.kernel import SteeringError
from gateway.steering.sets import GENERATIONS, Sets


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in the sets, and how they are begun.

    `touched` tells the instances whose place may be another than at a sequence, None if that is
    too long ago; `place_of` an instance's address and the name of its set, None for no set. `fill`
    begins the sets anew, with all places and a generation. It may raise `SteeringError` or
    `OSError`.
    """

    name: str
    sets: Sets
    touched: Callable[[State, int], Sequence[str] | None]
    place_of: Callable[[State, Instance], tuple[int, str] | None]
    fill: Callable[[Mapping[int, str], int], None]


class SetsPublisher:
    """Puts each generation in force in the sets that packets meet in the kernel."""

    def __init__(self, site: Site, content: Content) -> None:
        """Nothing is known of what the kernel has."""
        self.name = content.name
        self._site, self._content = site, content
        self._sequence: int | None = None
        self._held: dict[str, tuple[int, str]] = {}  # by instance: its address and the place
        self._changes: dict[int, str | None] = {}
        self._generation: int | None = None  # what this publisher put in force last
        self._is_known = False  # whether the kernel has just that

    def take_in(self, state: State) -> None:
        """Take in which instances have come, gone, or changed their place."""
        touched: Sequence[str] | None = None
        if self._sequence is not None:
            touched = self._content.touched(state, self._sequence)
        if touched is None:
            touched = [*self._held, *state.instances]
        for instance_id in touched:
            address, _ = self._held.pop(instance_id, (None, None))
            if address is not None:
                self._changes[address] = None
        # Only now: an address may go from any of them to any other.
        for instance_id in touched:
            instance = state.instances.get(instance_id)
            found = self._content.place_of(state, instance) if instance else None
            if found:
                self._held[instance_id] = found
                self._changes[found[0]] = found[1]
        self._sequence = state.sequence

    def put_in_force(self, generation: int) -> None:
        """Change the sets, or fill them if it isn't known what they have. Raises `AdapterError`."""
        before, self._is_known = self._generation if self._is_known else None, False
        try:
            with self._site.inside():
                if before is None:
                    self._content.fill(dict(self._held.values()), generation)
                else:
                    self._content.sets.change(self._changes, before, generation)
        except (OSError, SteeringError) as error:
            raise AdapterError(f"{self.name} can't follow: {error}") from error
        self._changes = {}
        self._generation, self._is_known = generation, True

    def acknowledged(self) -> int:
        """The generation that the sets follow. Raises `AdapterError`.

        Without sets no packet meets any, as if each were in force; 0 if they are lost.
        """
        try:
            with self._site.inside():
                found = self._content.sets.generation()
        except OSError as error:
            raise AdapterError(f"{self.name} can't be looked at: {error}") from error
        if found is not None:
            return found
        self._is_known = False
        return GENERATIONS if self._generation is None else 0
