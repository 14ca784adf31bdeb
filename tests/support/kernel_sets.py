"""Sets of the kernel's, as publishers of the site see them: what they were told, and how."""

from collections.abc import Mapping


class KernelSets:
    """What the kernel has been told: the places of addresses, and how it was told."""

    def __init__(self) -> None:
        self.places: dict[int, str] = {}
        self.at: int | None = None
        self.asked: list[str] = []
        self.refuses: Exception | None = None

    def fill(self, _where: object, places: Mapping[int, str], generation: int) -> None:
        self._ask("fill")
        self.places = dict(places)
        self.at = generation

    def change(self, changes: Mapping[int, str | None], before: int, generation: int) -> None:
        self._ask(f"change {len(changes)}")
        assert self.at == before
        for address, place in changes.items():
            self.places.pop(address, None)
            if place:
                self.places[address] = place
        self.at = generation

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.refuses:
            raise self.refuses
