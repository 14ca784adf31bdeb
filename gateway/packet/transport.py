"""Where the transport headers keep what an address rewrite must touch.

TCP, UDP, UDP-Lite and DCCP checksums cover a pseudo-header with both IP addresses (RFC 9293, 3.1;
RFC 768; RFC 3828, 3.1; RFC 4340, 9.1), so they change with the address. ICMP's, SCTP's, GRE's and
ESP's don't. Offsets count from the transport header.
"""

from collections.abc import Mapping
from typing import Final

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
DCCP: Final = 33
AUTHENTICATION_HEADER: Final = 51
UDP_LITE: Final = 136

# Protocols whose checksum covers the addresses → where it is.
PSEUDO_HEADER_CHECKSUM: Final[Mapping[int, int]] = {TCP: 16, UDP: 6, DCCP: 6, UDP_LITE: 6}
MIN_HEADER: Final[Mapping[int, int]] = {TCP: 20, UDP: 8, DCCP: 12, UDP_LITE: 8, ICMP: 8}

ZERO_SENT_AS: Final = 0xFFFF  # so that a computed zero isn't taken for "none" (RFC 768, RFC 3828)

ICMP_TYPE: Final = 0
ICMP_CHECKSUM: Final = 2
ICMP_QUOTE: Final = 8  # an error's: the datagram that caused it (RFC 792)
ICMP_DESTINATION_UNREACHABLE: Final = 3
ICMP_SOURCE_QUENCH: Final = 4
ICMP_REDIRECT: Final = 5
ICMP_TIME_EXCEEDED: Final = 11
ICMP_PARAMETER_PROBLEM: Final = 12
ICMP_ERRORS: Final = frozenset(
    (ICMP_DESTINATION_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM)
)
ICMP_FOR_NEIGHBOURS: Final = frozenset((ICMP_SOURCE_QUENCH, ICMP_REDIRECT))
