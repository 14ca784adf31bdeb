"""The tags of a resource in answers."""

from typing import Any

from gateway.control.state import State


def tags_view(state: State, resource_id: str) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in state.tags.get(resource_id, {}).items()]
