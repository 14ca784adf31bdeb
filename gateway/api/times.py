"""Times as the cloud's API writes and reads them."""

from datetime import UTC, datetime
from typing import Final

_PLAIN: Final = "%Y-%m-%d %H:%M:%S"


def iso_time(at: float) -> str:
    """Unix seconds as ISO 8601 in UTC, without their fraction."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain_time(at: float) -> str:
    """Unix seconds in UTC, in the form of service vpc for its networks."""
    return datetime.fromtimestamp(at, UTC).strftime(_PLAIN)


def from_plain_time(text: str) -> float:
    """The Unix seconds of a time in that form. Raises `ValueError`."""
    return datetime.strptime(text, _PLAIN).replace(tzinfo=UTC).timestamp()
