"""What the programs are told from outside, in the map `settings`: words in the machine's order."""

from typing import Final

# Where each setting is, in bytes. All are of 32 bits but the clock, which is of 64.
FIELDS: Final = {
    "state": 0,
    "watched": 4,  # not 0: all goes up, so that a trace of the slow path sees all
    "uplink": 8,  # the number of its interface
    "address": 12,  # the gateway's own on the uplink
    "clock": 16,  # ns, for a replay; the kernel's own clock otherwise
    "slow_packets": 24,  # a second, of each address and direction, to the slow path; 0: no bound
    "whole_pools": 28,  # not 0: the table knows all networks of the pool
}
# A worker carries some 130,000 packets a second here. With full-sized ones this is 350 Mbit/s of a
# tunnel that the programs don't carry.
SLOW_PACKETS: Final = 30_000
SETTING: Final = 4  # bytes of one
SETTINGS_BYTES: Final = 64
