"""The trace beside a running data plane: what was sent is what it tells."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from support.labs import TGW, Instance, Lab, eventually
from support.wire import send

from gateway.packet import capture


@contextmanager
def tracing(lab: Lab, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A trace that listens already when the block begins."""
    with subprocess.Popen(
        [*TGW, "trace", "--lab", lab.name, *options], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            eventually(lambda: list(lab.places.run.glob("trace-*.sock")))
            yield process
        finally:
            process.kill()
    for stale in lab.places.run.glob("trace-*.sock"):
        stale.unlink()


def send_until_it_ends(process: "subprocess.Popen[str]", lab: Lab, *packets: IP) -> None:
    """What is sent before the worker has looked for listeners isn't told."""

    def ended() -> bool:
        send(lab, "internet", *packets)
        return process.poll() == 0

    eventually(ended)


def udp(source: str, destination: str, number: int) -> IP:
    return IP(src=source, dst=destination, id=number) / UDP(sport=7, dport=number)


def test_each_packet_before_and_after(lab: Lab, web: Instance, tmp_path: Path) -> None:
    client, path = lab.topology.clients[0], tmp_path / "trace.pcapng"
    with tracing(lab, "--json", "-c", "2", "--pcap", str(path)) as process:
        send_until_it_ends(process, lab, udp(client, web.public, 9))
        assert process.stdout is not None
        told = [json.loads(line) for line in process.stdout]
    assert {(one["direction"], one["verdict"]) for one in told} <= {
        ("in", "accept"),
        ("out", "accept"),
    }
    first = told[0]
    assert (first["before"]["destination"], first["after"]["destination"]) == (
        web.public,
        web.private,
    )
    assert first["mappings"][0]["public"] == web.public
    with path.open("rb") as file:
        frames = list(capture.read(file))
    slot = first["mappings"][0]["slot"]
    for frame, name in zip(frames, ("before", "after"), strict=False):
        said = f"{name}: translated (in), generation {first['generation']}, receiver's slot {slot}"
        assert said.encode() in frame.behind
    packets = [IP(frame.packet) for frame in frames]
    assert [packet.dst for packet in packets[:2]] == [web.public, web.private]


@pytest.mark.parametrize("option", ["--public", "--private", "--drops"])
def test_only_what_is_asked_for(lab: Lab, web: Instance, option: str) -> None:
    client, unused = lab.topology.clients[0], "203.0.113.222"
    value = {"--public": (web.public,), "--private": (web.private,), "--drops": ()}[option]
    packets = (udp(client, unused, 9), udp(client, web.public, 9))
    with tracing(lab, "--json", "-c", "3", option, *value) as process:
        send_until_it_ends(process, lab, *packets)
        assert process.stdout is not None
        told = [json.loads(line) for line in process.stdout]
    if option == "--drops":
        assert {one["reason"] for one in told} == {"unknown-public"}
    else:
        assert {one["verdict"] for one in told} == {"accept"}


def test_lines_for_people(lab: Lab, web: Instance) -> None:
    client = lab.topology.clients[0]
    with tracing(lab, "-c", "1", "--drops") as process:
        send_until_it_ends(process, lab, udp(client, "203.0.113.222", 9))
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()
    assert f"{client}:7 → 203.0.113.222:9" in lines[0]
    assert lines[1].split()[:2] == ["✗", "unknown-public:"]


@pytest.mark.parametrize(
    "words", [("--public", "nowhere"), ("-c", "0"), ("-c", "x"), ("--private", "10.0.0.256")]
)
def test_a_mistake_is_one_line(lab: Lab, words: tuple[str, ...]) -> None:
    done = lab.run("trace", *words)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
