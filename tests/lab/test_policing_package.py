"""Two members of a bandwidth package on the wire: together never more than it has.

Control makes no packages yet, so the table is published by hand, as control would.
"""

import time
from contextlib import ExitStack

from support.labs import Lab, eventually
from support.peers import listening

from gateway.exchange import generations
from gateway.exchange.worker_page import counts
from gateway.nat.table import Package, build
from gateway.site import roles

PACKAGE_MBPS, MEMBER_MBPS = 20, 100
LOOK_S = 5.0
BURST_S = 0.2  # docs/adr/0008
MEGABIT = 1_000_000


def put_into_one_package(lab: Lab) -> None:
    """All mappings, each with a cap that it alone won't reach."""
    roles.stop(lab.places.run, roles.CONTROL)
    table = generations.load(lab.places.run)
    members = [
        mapping._replace(out_kbps=MEMBER_MBPS * 1000, in_kbps=MEMBER_MBPS * 1000, package=1)
        for mapping in table.mappings
    ]
    packages = [Package(1, PACKAGE_MBPS * 1000)]
    generations.publish(lab.places.run, build(table.generation + 1, table.slots, members, packages))
    assert generations.wait_in_force(lab.places.run, table.generation + 1, within_s=5) == []


def sent_bytes(lab: Lab) -> int:
    return sum(traffic.bytes_out for traffic in counts(lab.places.run).slots.values())


def test_two_members_together_never_exceed_their_package(own_lab: Lab) -> None:
    members = [own_lab.instance(bandwidth=MEMBER_MBPS) for _ in range(2)]
    put_into_one_package(own_lab)
    with ExitStack() as stack:
        for number, member in enumerate(members):
            port, address = str(5300 + number), own_lab.topology.internet_address
            server = ("iperf3", "-s", "-1", "--forceflush", "-p", port)
            stack.enter_context(listening(own_lab, "internet", *server, ready="Server listening"))
            udp = ("-u", "-b", "30M", "-l", "1400", "-t", "15")
            client = ("iperf3", *udp, "-c", address, "-p", port)
            stack.enter_context(own_lab.start(member.id, *client))
        eventually(lambda: own_lab.reasons()["package-policed"] > 0, within_s=20)
        begin, before = time.monotonic(), sent_bytes(own_lab)
        eventually(lambda: time.monotonic() - begin > LOOK_S, within_s=2 * LOOK_S)
        sent, took = sent_bytes(own_lab) - before, time.monotonic() - begin
        each = [own_lab.counters().addresses[public].bytes_out for public in _publics(own_lab)]
    mbps = sent * 8 / took / MEGABIT
    print(f"{mbps:.2f} Mbps of IP")
    assert mbps <= PACKAGE_MBPS * (1 + BURST_S / LOOK_S)
    assert min(each) > 0


def _publics(lab: Lab) -> list[str]:
    return [mapping["public"] for mapping in lab.ask("table")["mappings"]]
