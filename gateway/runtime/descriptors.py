"""How many files and sockets this process may have open: as many as it needs, if that can be."""

import resource
from contextlib import suppress
from typing import Final

OTHERS: Final = 256  # that a process has open beside what it counts


def ask_for(wanted: int) -> int:
    """Raise the limit for `wanted` descriptors and a few others; how many of these there will be.

    Who is root may raise the hard limit, too.
    """
    needed = wanted + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_below(soft, needed):
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, _number(hard)), hard))
        if _is_below(hard, needed):
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (needed, needed))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, max(_number(soft) - OTHERS, 0))


def _is_below(limit: int, needed: int) -> bool:
    return _number(limit) < needed


def _number(limit: int) -> int:
    return limit if limit != resource.RLIM_INFINITY else 1 << 30
