"""Queue rules of an earlier version stood in mangle's own chains: they go with its workers."""

from dataclasses import replace

from gateway.steering import ruleset
from gateway.steering.ruleset import Steering

EARLIER = """\
-A PREROUTING -d 203.0.113.0/24 -i uplink -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -d 203.0.113.0/24 -i uplink -j NFQUEUE --queue-balance 0:1
-A PREROUTING -d 203.0.113.0/24 ! -i uplink -j MARK --set-xmark 0x3/0xffffffff
-A PREROUTING -d 203.0.113.0/24 ! -i uplink -j NFQUEUE --queue-balance 0:1
-A OUTPUT -d 203.0.113.0/24 -j MARK --set-xmark 0x3/0xffffffff
-A OUTPUT -d 203.0.113.0/24 -j NFQUEUE --queue-balance 0:1
-A POSTROUTING -o uplink -j MARK --set-xmark 0x2/0xffffffff
-A POSTROUTING -o uplink -j NFQUEUE --queue-balance 0:1
"""
OWNERS = """\
-A PREROUTING -d 192.0.2.0/24 -i uplink -j NFQUEUE --queue-num 9
-A POSTROUTING -o eth1 -j NFQUEUE --queue-balance 0:1
-A OUTPUT -d 203.0.113.0/24 -j MARK --set-xmark 0x80/0x80
"""


def test_rules_of_an_earlier_version_go_when_other_queues_are_pointed_at() -> None:
    """They stood in mangle's own chains, before the jumps, and queued for workers that are gone."""
    steering = Steering("uplink", "198.51.100.254", ("203.0.113.0/24",), queues=range(2, 4))
    saved = OWNERS + EARLIER
    text = ruleset.iptables_queue_rules(steering, saved)
    deleted = [line for line in text.splitlines() if line.startswith("-D ")]
    assert deleted == [line.replace("-A", "-D", 1) for line in EARLIER.splitlines()]
    assert text.endswith(f"{deleted[-1]}\nCOMMIT\n")
    serving = replace(steering, queues=range(2))
    assert "-D " not in ruleset.iptables_queue_rules(serving, saved), "its workers still serve"
