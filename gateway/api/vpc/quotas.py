"""Quotas as service vpc shows them."""

from typing import Any

from gateway.control.place import REGION


def quota_view(quota_id: str, current: int, limit: int) -> dict[str, Any]:
    """A `Quota`: how much there is of something, and how much there may be."""
    return {
        "QuotaId": quota_id,
        "QuotaCurrent": current,
        "QuotaLimit": limit,
        "QuotaGroup": REGION,
    }
