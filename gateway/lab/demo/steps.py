"""The demo's ten steps: what a public address on the gateway means, shown with real packets.

Every step runs commands that anyone can type, and checks what they print.
"""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.lab.demo.packets import (
    Row,
    capture_one,
    compared,
    median_ms,
    send_again,
    silence,
)
from gateway.lab.demo.stage import Shown, Stage, Step
from gateway.lab.hosts import GATEWAY, INTERNET, Hosts
from gateway.lab.topology import saved
from gateway.site.places import Places
from gateway.site.site import METADATA_NAME

MBPS: Final = "10"
ANSWER_S: Final = "1"
PINGS_AFTER: Final = 50  # answers to wait for once the address has moved
PING_EVERY_S: Final = "0.005"
PINGS_TIMED: Final = 100


def run_instance(stage: Stage) -> bool:
    """Step 1: run an instance; it has a public IP."""
    shown = stage.tgw("instance", "run", "--name", "web", "--bandwidth", MBPS)
    web = stage.ask("instance", "show", "web")
    stage.known["web"] = web["InstanceId"]
    stage.known["private"] = web["PrivateIpAddresses"][0]
    stage.known["public"] = web["PublicIpAddresses"][0]
    return shown.status == 0 and web["InstanceState"] == "RUNNING"


def only_private_inside(stage: Stage) -> bool:
    """Step 2: in the instance only the private address is to be seen."""
    shown = stage.tgw("exec", "web", "--", "ifconfig")
    return stage.known["private"] in shown.output and stage.known["public"] not in shown.output


def metadata_tells(stage: Stage) -> bool:
    """Step 3: the metadata service tells the instance its public address."""
    return _metadata(stage, "web") == stage.known["public"]


def client_reaches_it(stage: Stage) -> bool:
    """Step 4: a client on the internet opens the public address."""
    topology = saved(Places(stage.lab).run)
    assert topology is not None
    stage.known["client"] = topology.clients[0]
    log = _serve(stage, "web")
    page = _open(stage, stage.known["public"])
    line = stage.wait_for(r".*\"GET / .*", log)[0]
    stage.note(f"web's log: {line}")
    return page.output.strip() == "this is web" and line.startswith(stage.known["client"] + " ")


def internet_sees_public(stage: Stage) -> bool:
    """Step 5: the internet sees the instance as its public address."""
    shown = stage.tgw("exec", "web", "--", "curl", "-s", "-m", ANSWER_S, f"http://{INTERNET}/")
    return shown.output.strip() == stage.known["public"]


def one_packet(stage: Stage) -> bool:
    """Step 6: compare one packet on both sides of the gateway, and by both paths."""
    hosts = Hosts(stage.lab)
    stage.tgw("fastpath", "off")
    internet, web = hosts.namespace(INTERNET), (hosts.namespace(stage.known["web"]), "eth0")
    sides = {"uplink": (hosts.namespace(GATEWAY), "uplink"), "instance": web}
    packets = capture_one(
        stage, internet, sides, lambda: _open(stage, stage.known["public"], quiet=True)
    )
    rows = compared(packets["uplink"], packets["instance"])
    stage.note("\n".join(map(str, (Row("field", "on the uplink", "at the instance"), *rows))))
    changed = {row.field for row in rows if row.changed}
    good = changed == {"time to live", "IPv4 checksum", "destination", "TCP checksum"}
    return good and all(row.right for row in rows) and _is_the_same_fast(stage, packets, web)


def _is_the_same_fast(stage: Stage, packets: Mapping[str, bytes], web: tuple[str, str]) -> bool:
    """Whether the kernel makes the same of the packet by itself; so it is if it can't."""
    slow_ms = _round_trip_ms(stage)
    if stage.tgw("fastpath", "on").status != 0:
        return True
    internet = Hosts(stage.lab).namespace(INTERNET)
    again = capture_one(
        stage, internet, {"again": web}, lambda: send_again(internet, packets["uplink"])
    )["again"]
    same = again == packets["instance"]
    told = f"the same {len(again)} bytes" if same else "OTHER BYTES"
    stage.note(f"the same SYN again, carried by the kernel alone: {told} at the instance")
    stage.note(
        f"a ping, median of {PINGS_TIMED}: {slow_ms:.3f} ms through a worker, "
        f"{_round_trip_ms(stage):.3f} ms through the kernel"
    )
    return same and stage.ask("fastpath", "status")["fast"] > 0


def _round_trip_ms(stage: Stage) -> float:
    ping = ("ping", "-n", "-c", str(PINGS_TIMED), "-i", PING_EVERY_S, stage.known["public"])
    return median_ms(stage.tgw("exec", INTERNET, "--", *ping, quiet=True).output)


def bind_eip(stage: Stage) -> bool:
    """Step 7: bind an EIP; the ordinary public IP falls silent."""
    stage.tgw("eip", "allocate")
    eip = stage.ask("eip", "list")["AddressSet"][0]
    stage.known["eip"], stage.known["eip_id"] = eip["AddressIp"], eip["AddressId"]
    bound = stage.tgw("eip", "bind", stage.known["eip_id"], "web")
    old, new = _open(stage, stage.known["public"]), _open(stage, stage.known["eip"])
    return (
        bound.status == 0
        and old.status != 0
        and new.output.strip() == "this is web"
        and _metadata(stage, "web") == stage.known["eip"]
    )


def rebind_eip(stage: Stage) -> bool:
    """Step 8: move the EIP to a second instance while a client pings it."""
    stage.tgw("instance", "run", "--name", "web2", "--bandwidth", MBPS)
    second = stage.ask("instance", "show", "web2")
    stage.known["public2"] = second["PublicIpAddresses"][0]
    _serve(stage, "web2")
    log = stage.folder / "ping.log"
    ping = ("ping", "-n", "-D", "-i", PING_EVERY_S, stage.known["eip"])
    pinging = stage.start("exec", INTERNET, "--", *ping, output=log, ready="icmp_seq=20 ")
    bound = stage.tgw("eip", "bind", stage.known["eip_id"], "web2")
    answers = log.read_text().count("icmp_seq=") + PINGS_AFTER
    stage.wait_for(rf"(?:\[.*\n){{{answers}}}", log)
    pinging.send_signal(signal.SIGINT)  # it ends with a summary
    stage.wait_for("packets transmitted", log)
    quiet = silence(log.read_text())
    stage.note(
        f"{quiet.sent} pings, one every {float(PING_EVERY_S) * 1000:g} ms, while it moved: "
        f"{quiet.lost} lost, longest time without an answer {quiet.longest_ms:.1f} ms"
    )
    page = _open(stage, stage.known["eip"])
    return bound.status == 0 and page.output.strip() == "this is web2" and quiet.lost < quiet.sent


def unbind_eip(stage: Stage) -> bool:
    """Step 9: unbind the EIP; the instance gets a new public IP."""
    stage.tgw("eip", "unbind", stage.known["eip_id"])
    shown = stage.tgw("instance", "show", "web2")
    new = stage.ask("instance", "show", "web2")["PublicIpAddresses"][0]
    stage.known["public3"] = new
    answered = _open(stage, new).output.strip() == "this is web2"
    return (
        shown.status == 0 and new not in (stage.known["public2"], stage.known["eip"]) and answered
    )


def terminate(stage: Stage) -> bool:
    """Step 10: terminate the instance; its public IP goes back to the pool."""
    before = stage.ask("instance", "list")["TotalCount"]
    stage.tgw("instance", "terminate", "web2")
    events = stage.tgw("events", "--last", "3").output
    table = stage.tgw("table")
    left = stage.ask("instance", "list")["TotalCount"]
    gone = stage.known["public3"]
    return before - left == 1 and f"address={gone}" in events and gone not in table.output


STEPS: Final = (
    Step("Run an instance: the system assigns it a public IP from the pool", run_instance),
    Step("ifconfig in it shows the private address, and not the public one", only_private_inside),
    Step("The metadata service tells it the public address", metadata_tells),
    Step(
        "A client on the internet opens it, and its log has the client's own address",
        client_reaches_it,
    ),
    Step("The internet sees the instance as its public address", internet_sees_public),
    Step("One TCP SYN, captured on both sides of the gateway, by both its paths", one_packet),
    Step(
        "Bind an EIP: the old public IP falls silent, the EIP answers, metadata follows", bind_eip
    ),
    Step("Move the EIP to a second instance in one step", rebind_eip),
    Step("Unbind it: the instance gets a new public IP by itself", unbind_eip),
    Step("Terminate the instance: the pool has its public IP back", terminate),
)


def _metadata(stage: Stage, host: str) -> str:
    url = f"http://{METADATA_NAME}/meta-data/public-ipv4"
    return stage.tgw("exec", host, "--", "curl", "-s", "-m", ANSWER_S, url).output.strip()


def _open(stage: Stage, address: str, *, quiet: bool = False) -> Shown:
    source = ("--interface", stage.known["client"])
    curl = ("curl", "-sS", "-m", ANSWER_S, *source, f"http://{address}/")
    return stage.tgw("exec", INTERNET, "--", *curl, quiet=quiet)


def _serve(stage: Stage, name: str) -> Path:
    """A web server in the instance with one page that says who it is; returns its log."""
    # The page is written there: an instance's files are its own.
    stage.tgw("exec", name, "--", "sh", "-c", f"echo this is {name} > /srv/index.html")
    log = stage.folder / f"{name}.log"
    server = ("-u", "-m", "http.server", "80", "--directory", "/srv")
    stage.start("exec", name, "--", "python3", *server, output=log, ready="Serving HTTP")
    return log
