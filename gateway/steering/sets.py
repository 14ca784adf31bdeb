"""Sets of addresses in a table of nft's that follow each generation.

An address is in one of a table's sets, or in none. A set of one number beside them tells which
generation they follow; a sentinel in the first one tells whether somebody has emptied it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gateway.net import nftables
from gateway.net.nftables import Change

GENERATION: Final = "generation"  # a set of one number
GENERATIONS: Final = 1 << 32  # an element has 32 bits
SENTINEL: Final = 0


class Sets(NamedTuple):
    """The sets of one table, which is in the IP family, by their names."""

    table: str
    names: tuple[str, ...]

    def emptied(self) -> str:
        """A script for nft that makes the table with its sets, all of them empty."""
        names = (*self.names, GENERATION)
        return (
            f"add table ip {self.table}\n"
            + "".join(f"add set ip {self.table} {name} {{ type ipv4_addr; }}\n" for name in names)
            + "".join(f"flush set ip {self.table} {name}\n" for name in names)
        )

    def fill(self, places: Mapping[int, str], generation: int) -> None:
        """Put each address into the set that it belongs in. Raises `OSError`.

        The sets must be there, and empty.
        """
        every = [
            self._are_in(name, [address for address, wanted in places.items() if wanted == name])
            for name in self.names
        ]
        every.append(self._are_in(self.names[0], [SENTINEL]))
        nftables.change([*every, self._are_in(GENERATION, [generation % GENERATIONS])])

    def change(self, changes: Mapping[int, str | None], before: int, generation: int) -> None:
        """Put each address into its set, None into no set; `before` is the generation now.

        Raises `OSError`, also if the sets aren't there.
        """
        steps = []
        for name in self.names:
            # Only what is there can be taken out.
            others = [address for address, wanted in changes.items() if wanted != name]
            steps += [self._are_in(name, list(changes)), self._are_out(name, others)]
        numbers = [before % GENERATIONS, generation % GENERATIONS]
        steps += [self._are_in(GENERATION, numbers), self._are_out(GENERATION, [numbers[0]])]
        steps.append(self._are_in(GENERATION, [numbers[1]]))
        nftables.change(steps)

    def generation(self) -> int | None:
        """The generation that the sets follow; None without sets, or if they were emptied.

        Raises `OSError`.
        """
        try:
            found = next(iter(nftables.elements(self.table, GENERATION)), None)
        except FileNotFoundError:
            return None
        return found if nftables.has(self.table, self.names[0], SENTINEL) else None

    def _are_in(self, name: str, elements: Sequence[int]) -> Change:
        return Change(self.table, name, is_in=True, elements=elements)

    def _are_out(self, name: str, elements: Sequence[int]) -> Change:
        return Change(self.table, name, is_in=False, elements=elements)
