"""Which instances or groups were touched last: so that nothing else need be compiled again."""

from collections import OrderedDict
from itertools import takewhile
from typing import Final

TOUCHED_MAX: Final = 4096  # of a kind; a reader that is further behind must look at all of them


class Touches:
    """The things of a kind that may have changed, and the sequence of the last change of each."""

    def __init__(self) -> None:
        self.sequence = 0  # of the event that is being taken in
        self._latest: OrderedDict[str, int] = OrderedDict()  # by id, the latest at the end
        self._complete_after = 0  # touches up to this sequence may be missing

    def note(self, key: str) -> None:
        """Note that the event that is being taken in touches the thing with this id."""
        self._latest[key] = self.sequence
        self._latest.move_to_end(key)
        if len(self._latest) > TOUCHED_MAX:
            _, self._complete_after = self._latest.popitem(last=False)

    def since(self, sequence: int) -> list[str] | None:
        """The things touched after `sequence`, the latest first; None if that is unknown."""
        if sequence < self._complete_after:
            return None
        latest = reversed(self._latest.items())
        return [key for key, when in takewhile(lambda touch: touch[1] > sequence, latest)]
