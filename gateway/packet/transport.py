"""Where the transport headers keep what an address rewrite must touch.

TCP and UDP checksums cover a pseudo-header with both IP addresses (RFC 9293, 3.1; RFC 768), so
they change with the address. ICMP's doesn't (RFC 792). Offsets count from the transport header.
"""

from typing import Final

TCP_CHECKSUM: Final = 16
TCP_MIN_HEADER: Final = 20

UDP_CHECKSUM: Final = 6
UDP_HEADER: Final = 8
UDP_NO_CHECKSUM: Final = 0  # the sender computed none (RFC 768)
UDP_ZERO_SENT_AS: Final = 0xFFFF  # so that a computed zero isn't taken for "none" (RFC 768)

ICMP_TYPE: Final = 0
ICMP_MIN_HEADER: Final = 8
ICMP_ECHO_REPLY: Final = 0
ICMP_ECHO: Final = 8
