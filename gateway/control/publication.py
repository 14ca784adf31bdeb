"""How far one publisher has got: what was put in force there last, and what is acknowledged."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from gateway.control.ports import Publisher
from gateway.control.state import State

_log = logging.getLogger(__name__)


class Publication:
    """One publisher at work. Its numbers change while the state is held still."""

    def __init__(self, publisher: Publisher) -> None:
        """Begin with a publisher to which this control has published nothing."""
        self.publisher = publisher
        self.published = -1  # the generation that this control put in force there last
        self.acknowledged = 0  # the generation that is known to be in force there
        self._doubted = False
        self._one_at_a_time = threading.Lock()

    def is_behind(self, state: State) -> bool:
        """Whether the state's table is still to be put in force there."""
        return self.published != state.sequence

    def check(self, held_still: Callable[[], AbstractContextManager[State]]) -> None:
        """Be behind if what was put in force there isn't any more. Raises `AdapterError`.

        That is so if it wasn't at the look before, either: a worker that starts needs a moment.
        """
        with self._one_at_a_time:
            with held_still() as state:
                if self.is_behind(state):
                    return
            doubted, self._doubted = (
                self._doubted,
                self.publisher.acknowledged() < self.published,
            )
            if doubted and self._doubted:
                name, generation = self.publisher.name, self.published
                _log.error("%s of generation %d is lost: put in force again", name, generation)
                with held_still():
                    self.published = -1

    def publish(
        self,
        held_still: Callable[[], AbstractContextManager[State]],
        in_force: Callable[[], None],
    ) -> None:
        """Put the state's table in force there, unless it is. Raises `AdapterError`.

        `in_force` is called when it is, and while the state is held still.
        """
        with self._one_at_a_time:
            with held_still() as state:
                if not self.is_behind(state):
                    return
                generation = state.sequence
                self.publisher.take_in(state)
            self.publisher.put_in_force(generation)
            with held_still():
                self.published = self.acknowledged = generation
                in_force()
