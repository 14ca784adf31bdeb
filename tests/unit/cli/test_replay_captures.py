"""`tgw replay` on captures of each form, through pipes, and what it tells of each packet."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from scapy.utils import PcapNgReader, wrpcap
from support.captures import (
    LINK_LAYERS,
    block,
    interface,
    option,
    packet,
    pcap_head,
    pcap_record,
    section,
)
from support.replays import CLIENT, PAIR, PRIVATE, PUBLIC, Files, request

from gateway.packet import capture
from gateway.packet.frame import Frame

from .conftest import Tgw


def ran(files: Files, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
    """As a process of its own, for what goes through its standard input and output."""
    command = [sys.executable, "-m", "gateway.cli.start", *words]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/proc/self/fd/1"])
@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
def test_through_a_pipe(tgw: Tgw, files: Files, source: str, output: str) -> None:
    report = tgw(*files.words()).out
    words = [*files.words()[:-2], source, output]
    status, out, said = ran(files, *words, stdin=gzip.compress(files.capture.read_bytes()))
    assert (status, out, said) == (0, files.output.read_bytes(), report)


def test_standard_output_may_be_a_file(tgw: Tgw, files: Files) -> None:
    tgw(*files.words())
    path = files.folder / "redirected"
    command = [sys.executable, "-m", "gateway.cli.start", *files.words()[:-1], "/dev/stdout"]
    with path.open("wb") as file:
        file.write(b"before")
        file.flush()
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)
    assert path.read_bytes() == b"before" + files.output.read_bytes()


def test_a_reader_that_has_seen_enough_is_no_mistake(files: Files) -> None:
    wrpcap(str(files.capture), [request()] * 3000)
    command = [sys.executable, "-m", "gateway.cli.start", *files.words()[:-1], "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_one_capture_only_goes_to_standard_output(tgw: Tgw, files: Files) -> None:
    done = tgw(*files.words()[:-1], "-", "--pcap", "-")
    assert (done.status, done.out) == (2, "")
    assert "one capture only" in done.err


def test_an_output_is_compressed_if_its_name_says_so(tgw: Tgw, files: Files) -> None:
    tgw(*files.words())
    packed = files._replace(output=files.folder / "out.pcap.gz")
    tgw(*packed.words())
    assert gzip.decompress(packed.output.read_bytes()) == files.output.read_bytes()


def test_without_an_output_it_only_tells(tgw: Tgw, files: Files) -> None:
    assert tgw(*files.words()[:-1]).out.startswith("2 of 3 packets accepted\n")
    assert files.left() == {"table.json", "in.pcap"}


@pytest.mark.parametrize("options", [[], ["--json"], ["--explain"]], ids="".join)
@pytest.mark.parametrize(
    ("kept", "place", "packets"),
    [(-1, "a packet", 2), (-42, "a packet's header", 2), (30, "a packet's header", 0)],
)
def test_a_cut_capture_gives_what_is_whole(
    tgw: Tgw, files: Files, kept: int, place: str, packets: int, options: list[str]
) -> None:
    files.capture.write_bytes(files.capture.read_bytes()[:kept])
    done = tgw(*files.words(), *options)
    assert (done.status, done.err) == (
        1,
        f"tgw: {files.capture}: the capture ends inside {place}; what is whole was read\n",
    )
    assert len(capture_of(files.output)) == min(1, packets)
    if options:
        assert done.out.count("\n") == packets
    else:
        assert done.out.startswith(f"{min(1, packets)} of {packets} packets accepted\n")


def capture_of(path: Path) -> list[Frame]:
    with path.open("rb") as file:
        return list(capture.read(file))


@pytest.mark.parametrize(("kind", "link_layer"), LINK_LAYERS.values(), ids=list(LINK_LAYERS))
@pytest.mark.parametrize("newer", [False, True], ids=["pcap", "pcapng"])
def test_every_link_and_format_keeps_all_but_the_addresses(
    tgw: Tgw, files: Files, kind: int, link_layer: bytes, newer: bool
) -> None:
    def whole(destination: str) -> bytes:
        frame = link_layer + bytes(request(destination)) + b"FCS!"
        if not newer:
            return pcap_head(kind) + pcap_record(frame)
        comment = option(1, b"kept") + option(0, b"")
        blocks = [interface(kind & 0xFFFF), packet(frame, options=comment), block(5, bytes(12))]
        return section() + b"".join(blocks)

    files.capture.write_bytes(whole(PUBLIC))
    assert tgw(*files.words()).status == 0
    assert files.output.read_bytes() == whole(PRIVATE)


def test_an_explanation_is_a_line_for_each_packet(tgw: Tgw, files: Files) -> None:
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    wrpcap(str(files.capture), [ether / request(), ether / request("203.0.113.11"), ether / ARP()])
    done = tgw(*files.words(), "--explain")
    assert [" ".join(line.split()) for line in done.out.splitlines()] == [
        f"1 {CLIENT}:1000 → {PUBLIC}:53 UDP 31 B ✓ {CLIENT}:1000 → {PRIVATE}:53 "
        f"destination {PUBLIC} is {PRIVATE} inside, slot 0",
        f"2 {CLIENT}:1000 → 203.0.113.11:53 UDP 31 B ✗ unknown-public: "
        "no mapping for the destination, a public address",
        "3 type 0x0806 28 B ✗ not-ipv4: not an IPv4 packet: the gateway translates nothing else",
    ]


def test_an_explanation_says_by_which_mappings(tgw: Tgw, files: Files) -> None:
    wrpcap(str(files.capture), [IP(src=PRIVATE, dst=PUBLIC, proto=51) / Raw(bytes(24))])
    line = tgw(*files.words("hairpin"), "--explain").out
    assert line.rstrip().endswith(
        f"can't survive NAT; source {PRIVATE} is {PUBLIC} outside, slot 0; "
        f"destination {PUBLIC} is {PRIVATE} inside, slot 0"
    )


def test_an_explanation_for_programs(tgw: Tgw, files: Files) -> None:
    first, second, _ = tgw(*files.words(), "--explain", "--json").out.splitlines()
    told = json.loads(first)
    assert (told["index"], told["verdict"], told["reason"]) == (0, "accept", "translated")
    assert told["mappings"] == [{"public": PUBLIC, "private": PRIVATE, "slot": 0}]
    assert (told["before"]["destination"], told["after"]["destination"]) == (PUBLIC, PRIVATE)
    told = json.loads(second)
    assert (told["index"], told["reason"], told["after"]) == (1, "unknown-public", None)


def test_packets_with_comments_before_and_after(tgw: Tgw, files: Files) -> None:
    mappings = {"mappings": [PAIR | {"slot": 3}], "generation": 7}
    files.table.write_text(json.dumps(mappings))
    path = files.folder / "told.pcapng"
    assert tgw(*files.words(), "--pcap", str(path)).status == 0
    with PcapNgReader(str(path)) as reader:
        seen: list[Any] = list(reader)
    accepted = "translated (in), generation 7, receiver's slot 3"
    assert [(one.dst, one.comments[0].decode()) for one in seen] == [
        (PUBLIC, f"before: {accepted}"),
        (PRIVATE, f"after: {accepted}"),
        ("203.0.113.11", "before: unknown-public (in), generation 7"),
        (PUBLIC, f"before: {accepted}"),
        (PRIVATE, f"after: {accepted}"),
    ]
