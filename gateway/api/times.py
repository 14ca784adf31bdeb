"""Times as the cloud's API writes them."""

from datetime import UTC, datetime


def iso_time(at: float) -> str:
    """Unix seconds as ISO 8601 in UTC, without their fraction."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
