"""The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

A one's-complement sum of 16-bit words doesn't care which words it covers, so replacing an
address changes every checksum over it by the same amount. That amount is a *delta*: computed once
per mapping, added to the checksum of each packet::

    HC' = ~(~HC + ~m + m')        RFC 1624, eq. 3
              delta = ~m + m'
"""

import cython


@cython.cfunc
def fold(total: cython.ulonglong) -> cython.uint:
    """Add the carries back in until `total` fits 16 bits (RFC 1071, 2)."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@cython.cfunc
def address_delta(old: cython.uint, new: cython.uint) -> cython.uint:
    """The delta for replacing one 32-bit address, two 16-bit words, by another."""
    gone: cython.uint = ~old & 0xFFFFFFFF
    return fold((gone >> 16) + (gone & 0xFFFF) + (new >> 16) + (new & 0xFFFF))


@cython.cfunc
def updated(checksum: cython.uint, delta: cython.uint) -> cython.uint:
    """`checksum` after a change of the covered words by `delta` (RFC 1624, eq. 3).

    The older way of RFC 1141 (eq. 2 there) can yield 0xffff where a full computation yields 0; this
    one can't. A wrong checksum stays wrong by the same amount: errors are not hidden.
    """
    total: cython.uint = (~checksum & 0xFFFF) + delta
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
