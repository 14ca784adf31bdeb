"""Answers made whole: every field that the cloud's own answer has.

Whoever answers names the fields that mean something here. All others of the shape are added: an
empty list if clients may rely on a list, else null.
"""

from collections.abc import Mapping
from typing import Any

from gateway.api.shapes import SCALARS, Service


class Whole:
    """Fills objects of one shape, and the objects within them."""

    def __init__(
        self, service: Service, shape: str, shared: dict[str, "Whole"] | None = None
    ) -> None:
        """`shared` are the shapes that were met on the way here."""
        shared = {} if shared is None else shared
        shared[shape] = self
        self.shape = shape
        fields = service.fields(shape).values()
        self._empty: dict[str, Any] = {
            one.name: [] if one.is_list and not one.nullable else None for one in fields
        }
        self._task = next((one.kind for one in fields if one.name == "TaskId"), None)
        self._inner = {
            one.name: shared.get(one.kind) or Whole(service, one.kind, shared)
            for one in fields
            if one.kind not in SCALARS
        }

    def naming(self, task: int) -> dict[str, Any]:
        """The field that names a task, as a number or as text; nothing if there is none."""
        match self._task:
            case None:
                return {}
            case "integer":
                return {"TaskId": task}
            case _:
                return {"TaskId": str(task)}

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The object with all its fields; it must have no other than the shape's."""
        unknown = given.keys() - self._empty.keys()
        assert not unknown, f"{self.shape} has no field {unknown}"
        whole = {**self._empty, **given}
        for name in self._inner.keys() & given.keys():
            value, inner = given[name], self._inner[name]
            if isinstance(value, list):
                whole[name] = [inner.filled(one) for one in value]
            elif value is not None:
                whole[name] = inner.filled(value)
        return whole
