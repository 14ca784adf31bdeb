"""`tgw replay` as it is called; Scapy writes the captures and reads what comes out."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw
from scapy.utils import PcapReader, PcapWriter, rdpcap, wrpcap
from support.replays import PAIR, PRIVATE, PUBLIC, Files, answer, request

from gateway.engine.replay import ENGINES
from gateway.exchange import generations
from gateway.fastpath import bpf
from gateway.nat.table import Mapping, build
from gateway.packet import capture
from gateway.site.places import Places

from .conftest import Done, Tgw


def refused(done: Done, message: str) -> None:
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("tgw: ")
    assert message in done.err


def test_what_is_accepted_is_written_and_the_rest_is_told(tgw: Tgw, files: Files) -> None:
    assert tgw(*files.words()) == (
        0,
        "2 of 3 packets accepted\n"
        "REASON          PACKETS  VERDICT\n"
        "translated      2        accept\n"
        "unknown-public  1        drop\n",
        "",
    )
    assert [bytes(packet) for packet in rdpcap(str(files.output))] == [bytes(request(PRIVATE))] * 2
    assert files.left() == {"table.json", "in.pcap", "out.pcap"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_blocked_mapping_drops_what_is_to_it(tgw: Tgw, files: Files, engine: str) -> None:
    mappings = [PAIR | {"blocked": True}, {"public": "203.0.113.11", "private": "10.0.0.3"}]
    files.table.write_text(json.dumps({"mappings": mappings}))
    done = tgw(*files.words(), "--engine", engine, "--json")
    reasons = [json.loads(line)["reason"] for line in done.out.splitlines()]
    assert reasons == ["blocked", "translated", "blocked"]


def test_json_has_a_line_for_each_packet(tgw: Tgw, files: Files) -> None:
    done = tgw(*files.words(), "--json")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        '{"index":0,"verdict":"accept","reason":"translated"}\n'
        '{"index":1,"verdict":"drop","reason":"unknown-public"}\n'
        '{"index":2,"verdict":"accept","reason":"translated"}\n'
    )


@pytest.mark.parametrize(
    ("direction", "before", "after"),
    [
        pytest.param("inbound", request(), request(PRIVATE), id="inbound"),
        pytest.param("outbound", answer(PRIVATE), answer(PUBLIC), id="outbound"),
        pytest.param(
            "hairpin",
            IP(src=PRIVATE, dst=PUBLIC) / UDP(),
            IP(src=PUBLIC, dst=PRIVATE) / UDP(),
            id="hairpin",
        ),
    ],
)
def test_each_direction(
    tgw: Tgw, files: Files, direction: str, before: Packet, after: Packet
) -> None:
    wrpcap(str(files.capture), [before])
    assert tgw(*files.words(direction)).status == 0
    assert [bytes(packet) for packet in rdpcap(str(files.output))] == [bytes(after)]


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("nano", [False, True], ids=["micro", "nano"])
def test_frames_keep_their_macs_padding_stamps_and_file_format(
    tgw: Tgw, files: Files, order: str, nano: bool
) -> None:
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    frames = [ether / request() / Raw(b""), ether / ARP(), ether / request()]
    with PcapWriter(str(files.capture), linktype=1, endianness=order, nano=nano) as writer:
        writer.write_header(None)
        for number, frame in enumerate(frames):
            writer.write_packet(bytes(frame) + b"pad", sec=1_700_000_000 + number, usec=123_456)
    done = tgw(*files.words(), "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["reason"] for line in lines] == ["translated", "not-ipv4", "translated"]
    with PcapReader(str(files.output)) as reader:
        assert (reader.linktype, reader.nano, reader.endian) == (1, nano, order)
        seen: list[Any] = list(reader)
    expected = bytes(ether / request(PRIVATE)) + b"pad"
    assert [bytes(frame) for frame in seen] == [expected] * 2
    stamps = [int(frame.time) for frame in seen]
    assert stamps == [1_700_000_000, 1_700_000_002]
    unit = 10**9 if nano else 10**6
    assert [round(frame.time % 1 * unit) for frame in seen] == [123_456] * 2


def test_a_capture_of_nothing_gives_one(tgw: Tgw, files: Files) -> None:
    files.capture.write_bytes(files.capture.read_bytes()[:24])
    done = tgw(*files.words())
    assert (done.status, done.out.splitlines()[0]) == (0, "0 of 0 packets accepted")
    assert files.output.read_bytes() == files.capture.read_bytes()
    assert tgw(*files.words(), "--json") == (0, "", "")


def test_the_table_in_force_can_be_replayed_with(tgw: Tgw, files: Files, up: Places) -> None:
    generations.publish(up.run, build(7, 256, [Mapping(0xCB00710A, 0x0A000002, 9)]))
    files.table.write_text(tgw("table", "--json").out)
    assert tgw(*files.words()).out.startswith("2 of 3 packets accepted\n")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_can_be_chosen(tgw: Tgw, files: Files, engine: str) -> None:
    default = tgw(*files.words(), "--json")
    written = files.output.read_bytes()
    assert tgw(*files.words(), "--json", "--engine", engine) == default
    assert files.output.read_bytes() == written


def test_the_fast_path_says_how_much_it_decided(tgw: Tgw, files: Files) -> None:
    default = tgw(*files.words())
    written = files.output.read_bytes()
    words = (*files.words(), "--engine", "fastpath")
    # Without networks of the pool the programs can't tell which addresses are the gateway's.
    assert tgw(*words).out == f"{default.out}0 of them decided by the fast path\n"
    files.table.write_text(json.dumps({"mappings": [PAIR], "pools": ["203.0.113.0/24"]}))
    assert tgw(*words).out == f"{default.out}3 of them decided by the fast path\n"
    assert files.output.read_bytes() == written


def test_without_libbpf_the_fast_path_is_refused_in_one_line(
    tgw: Tgw, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bpf, "LIBRARY", "libbpf.so.none")
    done = tgw(*files.words(), "--engine", "fastpath")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("tgw: libbpf.so.none can't be used: ")
    assert files.left() == {"table.json", "in.pcap"}


def test_input_and_output_may_be_one_file(tgw: Tgw, files: Files) -> None:
    same = files._replace(output=files.capture)
    assert tgw(*same.words()).status == 0
    assert [bytes(packet) for packet in rdpcap(str(same.output))] == [bytes(request(PRIVATE))] * 2
    assert files.left() == {"table.json", "in.pcap"}


def test_an_output_that_exists_is_replaced_and_keeps_its_mode(tgw: Tgw, files: Files) -> None:
    files.output.write_text("old")
    files.output.chmod(0o640)
    assert tgw(*files.words()).status == 0
    assert len(rdpcap(str(files.output))) == 2
    assert stat.S_IMODE(files.output.stat().st_mode) == 0o640


def test_a_link_to_the_output_stays_one(tgw: Tgw, files: Files) -> None:
    target = files.folder / "target.pcap"
    files.output.symlink_to(target)
    assert tgw(*files.words()).status == 0
    assert files.output.is_symlink()
    assert len(rdpcap(str(target))) == 2


def test_what_is_no_plain_file_is_not_replaced(tgw: Tgw, files: Files) -> None:
    null = files._replace(output=Path("/dev/null"))
    assert tgw(*null.words()).out.startswith("2 of 3 packets accepted\n")
    assert null.output.is_char_device()


def mistaken_words(files: Files, word: str, instead: list[str]) -> list[str]:
    words = files.words()
    at = words.index(word)
    return words[:at] + instead + words[at + 2 :]


@pytest.mark.parametrize(
    ("word", "instead", "message"),
    [
        pytest.param("--table", [], "required: --table", id="no-table"),
        pytest.param("--direction", [], "required: --direction", id="no-direction"),
        pytest.param("--direction", ["--direction", "up"], "choice: 'up'", id="direction"),
        pytest.param(
            "--direction",
            ["--direction", "inbound", "--engine", "turbo"],
            "argument --engine: invalid choice: 'turbo' (choose from",
            id="engine",
        ),
    ],
)
def test_a_mistake_in_the_words(
    tgw: Tgw, files: Files, word: str, instead: list[str], message: str
) -> None:
    done = tgw(*mistaken_words(files, word, instead))
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert not files.output.exists()


MISTAKES = [
    pytest.param("table", b"{", "table.json: not JSON", id="table-no-json"),
    pytest.param("table", b"{}", "table.json: the table has no 'mappings'", id="table-no-table"),
    pytest.param("table", None, "table.json: No such file", id="table-missing"),
    pytest.param("table", Path(), "table.json: Is a directory", id="table-a-directory"),
    pytest.param("capture", b"", "in.pcap: not a pcap or pcapng file", id="capture-empty"),
    pytest.param("capture", b"\x0a\x0d\x0d\x0a" * 9, "in.pcap: damaged: a section", id="pcapng"),
    pytest.param("capture", None, "in.pcap: No such file", id="capture-missing"),
    pytest.param("capture", Path(), "in.pcap: Is a directory", id="capture-a-directory"),
]


@pytest.mark.parametrize("output", [None, b"as it was"], ids=["new-output", "old-output"])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(("which", "content", "message"), MISTAKES)
def test_a_mistake_in_a_file_leaves_no_output(
    tgw: Tgw,
    files: Files,
    which: str,
    content: bytes | int | Path | None,
    message: str,
    options: list[str],
    output: bytes | None,
) -> None:
    path: Path = getattr(files, which)
    raw = path.read_bytes()
    path.unlink()
    if isinstance(content, Path):
        path.mkdir()
    elif content is not None:
        path.write_bytes(raw[:content] if isinstance(content, int) else content)
    if output is not None:
        files.output.write_bytes(output)
    before = files.left()
    refused(tgw(*files.words(), *options), message)
    assert files.left() == before
    if output is not None:
        assert files.output.read_bytes() == output


@pytest.mark.parametrize(
    ("output", "message"),
    [
        pytest.param("missing/out.pcap", "missing/out.pcap: No such file", id="no-directory"),
        pytest.param("in.pcap/out.pcap", "in.pcap/out.pcap: Not a directory", id="under-a-file"),
        pytest.param(".", "Is a directory", id="a-directory"),
        pytest.param("o" * 300, ": File name too long", id="name-too-long"),
        pytest.param("/dev/full", "/dev/full: No space left on device", id="disk-full"),
    ],
)
def test_an_output_that_cannot_be_written(
    tgw: Tgw, files: Files, output: str, message: str
) -> None:
    files = files._replace(output=files.folder / output)
    refused(tgw(*files.words()), message)
    assert files.left() == {"table.json", "in.pcap"}


def test_a_failure_while_writing_leaves_the_old_output(
    tgw: Tgw, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    files.output.write_text("as it was")
    monkeypatch.setattr(capture, "read", full)
    refused(tgw(*files.words()), "No space left on device")
    assert files.output.read_text() == "as it was"
    assert files.left() == {"table.json", "in.pcap", "out.pcap"}


def test_an_output_that_may_not_be_written_is_not_replaced(
    tgw: Tgw, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anything, so the refusal is made up here."""
    opened = Path.open

    def refusing(path: Path, mode: str = "r", **rest: Any) -> Any:
        if path.name == "out.pcap" and mode != "rb":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, **rest)

    files.output.write_text("as it was")
    monkeypatch.setattr(Path, "open", refusing)
    refused(tgw(*files.words()), "out.pcap: Permission denied")
    monkeypatch.undo()
    assert files.output.read_text() == "as it was"
    assert files.left() == {"table.json", "in.pcap", "out.pcap"}


def test_an_interrupted_replay_leaves_nothing(
    tgw: Tgw, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(capture, "read", interrupt)
    assert tgw(*files.words()).status == 130
    assert files.left() == {"table.json", "in.pcap"}


def test_it_has_help(tgw: Tgw) -> None:
    done = tgw("replay", "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("usage: tgw replay ")


@pytest.mark.parametrize("which", ["table", "capture", "both"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=60), whole=st.booleans())
def test_arbitrary_bytes_give_one_line_or_a_capture(
    tgw: Tgw, files: Files, which: str, raw: bytes, whole: bool
) -> None:
    good = files.folder / "good.pcap"
    wrpcap(str(good), [request()])
    files.table.write_bytes(raw if which != "capture" else json.dumps({"mappings": []}).encode())
    files.capture.write_bytes(raw if which != "table" else good.read_bytes())
    if whole and which == "capture":
        files.capture.write_bytes(good.read_bytes()[:24] + raw)
    files.output.unlink(missing_ok=True)
    done = tgw(*files.words())
    assert (done.status, done.err.count("\n")) in ((0, 0), (1, 1), (2, 1))
    assert files.output.exists() == (done.status != 2)
