"""Two bits of a packet's mark tell its direction. The other bits are the owner's, and stay so."""

import json
import subprocess

import pytest
from support.labs import Lab

from gateway.dataplane.record import BATCH, NETFILTERQUEUE, OFF
from gateway.nat.mark import DEFAULT_BITS
from gateway.net import namespace
from gateway.steering import ruleset

OTHERS = 0xFFFF_FFFF & ~DEFAULT_BITS.mask
# An owner marks each packet before the steering does, and counts behind it which marks are whole.
OWNER = """
add table ip owner
delete table ip owner
table ip owner {
  counter inbound { }
  counter outbound { }
  chain first {
    type filter hook prerouting priority -200;
    meta mark set MARK
  }
  chain forward {
    type filter hook forward priority 0;
    iifname "uplink" meta mark & OTHERS == KEPT meta mark & 0x3000 == 0x1000 counter name inbound
  }
  chain last {
    type filter hook postrouting priority 200;
    oifname "uplink" meta mark & OTHERS == KEPT meta mark & 0x3000 == 0x2000 counter name outbound
  }
}
"""


def nft(script: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True)


def whole() -> dict[str, int]:
    """How many packets left with the owner's mark and the right direction in it."""
    command = ["nft", "-j", "list", "counters", "table", "ip", "owner"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    counters = [entry["counter"] for entry in listed["nftables"] if "counter" in entry]
    return {counter["name"]: counter["packets"] for counter in counters}


@pytest.mark.parametrize("fastpath", [OFF])
@pytest.mark.parametrize("engine", [BATCH, NETFILTERQUEUE])
def test_an_owners_mark_survives_and_directions_are_right(own_lab: Lab, engine: str) -> None:
    assert own_lab.run("dataplane", "restart", "--engine", engine).returncode == 0
    web, other = own_lab.instance("web"), own_lab.instance("other")
    for mark in (0, 0x5A5A_5A5A, 0xFFFF_FFFF):
        owner = OWNER.replace("MARK", f"{mark:#x}").replace("KEPT", f"{mark & OTHERS:#x}")
        with namespace.inside(own_lab.gateway):
            nft(owner.replace("OTHERS", f"{OTHERS:#x}"))
            assert own_lab.pings("internet", web.public)
            assert whole() == {"inbound": 1, "outbound": 1}
            assert own_lab.pings(web.id, other.public), "a hairpin"
            assert own_lab.pings(web.id, own_lab.topology.clients[0])
            assert whole() == {"inbound": 2, "outbound": 2}
    with namespace.inside(own_lab.gateway):
        # What nft's own rules do with the mark, also on a kernel whose nft can't queue.
        rules = ruleset.nft_queue_rules(own_lab.topology.site.steering(range(1), DEFAULT_BITS))
        nft(rules.replace(" queue num 0", ""))
        assert own_lab.pings("internet", web.public)
        assert whole() == {"inbound": 3, "outbound": 3}
    assert own_lab.reasons()["unknown-direction"] == 0


def test_other_bits_can_be_chosen(own_lab: Lab) -> None:
    """A lab's file says which, and a repair keeps to those that the workers go by."""
    saved = own_lab.places.run / "topology.json"
    assert json.loads(saved.read_text())["mark_mask"] == DEFAULT_BITS.mask
    saved.write_text(json.dumps({**json.loads(saved.read_text()), "mark_mask": 0xC0}))
    web = own_lab.instance("web")
    assert own_lab.pings("internet", web.public)
    assert own_lab.run("lab", "up").returncode == 0
    assert "0x1000/0x3000" in rules_of(own_lab)
    assert own_lab.run("dataplane", "restart").returncode == 0
    assert "0x40/0xc0" in rules_of(own_lab)
    assert own_lab.pings("internet", web.public)
    assert own_lab.run("lab", "up").returncode == 0
    assert "0x40/0xc0" in rules_of(own_lab)
    assert own_lab.pings("internet", web.public)


def rules_of(lab: Lab) -> str:
    """The queue rules of the gateway, whichever program installed them."""
    listed = ""
    with namespace.inside(lab.gateway):
        for command in (["iptables-save", "-t", "mangle"], ["nft", "list", "ruleset"]):
            listed += subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return listed
