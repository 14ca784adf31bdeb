"""The error codes that the cloud documents for each action, and what an action answers instead.

A client handles the codes that an action is documented with. So a refusal that has another code
here is answered with a code that says less: what stands before the last dot, or a code that the
cloud documents for all actions.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from gateway.api.codes import EVERYWHERE
from gateway.api.shapes import DIRECTORY

FILE: Final = DIRECTORY / "codes.txt"

# For codes of which no part is one of all actions.
_INSTEAD: Final[Mapping[str, str]] = {
    "AddressQuotaLimitExceeded": "LimitExceeded",
    "InvalidFilter": "InvalidParameter",
    "InvalidFilterValue": "InvalidParameterValue",
    "InvalidParameterCombination": "InvalidParameter",
    "InvalidParameterConflict": "InvalidParameter",
    "MutexOperation": "ResourceInUse",
    "OperationDenied": "ResourceInUse",
    "ResourcesSoldOut": "ResourceInsufficient",
}
_BY_END: Final[Mapping[str, str]] = {
    "Blocked": "UnsupportedOperation",
    "Malformed": "InvalidParameterValue",
    "NotFound": "ResourceNotFound",
    "TooLong": "InvalidParameterValue",
}
_LAST: Final = "FailedOperation"


@cache
def by_action() -> Mapping[str, frozenset[str]]:
    """The codes of each action, under names such as `cvm.RunInstances`."""
    lines = (line.split() for line in FILE.read_text().splitlines())
    return {name: frozenset(codes) for name, *codes in lines}


def code_of(service: str, action: str, code: str) -> str:
    """The code, or what the action answers instead of it."""
    known = by_action()[f"{service}.{action}"] | EVERYWHERE.keys()
    return next((one for one in _less_and_less(code) if one in known), _LAST)


def _less_and_less(code: str) -> Iterator[str]:
    yield code
    rest, _, end = code.rpartition(".")
    yield rest
    yield _BY_END.get(end, "")
    yield code.partition(".")[0]
    yield _INSTEAD.get(code.partition(".")[0], "")
