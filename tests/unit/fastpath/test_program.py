"""How the programs are loaded, and the one line that says why they can't be."""

import ctypes
import os
import struct
from pathlib import Path

import pytest

from gateway.exchange import pins
from gateway.fastpath import bpf, program
from gateway.fastpath.bpf import Capacity, FastPathError, Library, Object
from gateway.fastpath.program import Sizes

SMALL = Sizes(4096, 8, 2, links=4)
OBJ_GET_INFO_BY_FD, INFO_BYTES, STEPS_AT = 15, 256, 216
CONTENT = program.OBJECT.read_bytes()


def said(error: pytest.ExceptionInfo[FastPathError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def steps_of(file: int) -> int:
    """Instructions that the verifier looked at (`struct bpf_prog_info`); 0 before Linux 5.16."""
    info = ctypes.create_string_buffer(INFO_BYTES)
    asked = struct.pack("=IIQ", file, INFO_BYTES, ctypes.addressof(info))
    pins.call(OBJ_GET_INFO_BY_FD, asked, "a program")
    return int(struct.unpack_from("=I", info, STEPS_AT)[0])


def test_all_maps_and_programs_are_there() -> None:
    with program.load(SMALL) as loaded:
        assert set(loaded.programs) == {"from_uplink", "from_instance"}
        assert {name for name in loaded.maps if "." not in name} == {
            "word", "table_0", "table_1", "pages", "address_buckets", "package_buckets",
            "slow_buckets",
            "settings", "links", "passed", "grace",
        }  # fmt: skip


def test_a_processor_has_whole_pages_of_memory() -> None:
    assert program.page_bytes(0) == 4096
    assert program.page_bytes(110) == 4096  # (72 + 4 * 110) * 8
    assert program.page_bytes(111) == 8192


def test_entries_come_and_go() -> None:
    with program.load(SMALL) as loaded:
        links, key, value = loaded.maps["links"], struct.pack("=I", 7), struct.pack("=I", 9)
        assert loaded.library.lookup(links, key, 4) is None
        loaded.library.update(links, key, value)
        assert loaded.library.lookup(links, key, 4) == value
        loaded.library.delete(links, key)
        loaded.library.delete(links, key)
        assert loaded.library.lookup(links, key, 4) is None


def test_more_links_than_there_is_room_for_is_an_error() -> None:
    with program.load(SMALL) as loaded:
        for link in range(4):
            loaded.library.update(loaded.maps["links"], struct.pack("=I", link), bytes(4))
        with pytest.raises(OSError, match="entry"):
            loaded.library.update(loaded.maps["links"], struct.pack("=I", 5), bytes(4))


def test_a_grace_period_can_be_waited_for() -> None:
    with program.load(SMALL) as loaded:
        word = struct.pack("=I", loaded.maps["word"])
        loaded.library.update(loaded.maps["grace"], bytes(4), word)


def test_memory_is_shared_with_the_map() -> None:
    with program.load(SMALL) as loaded:
        memory = bpf.memory(loaded.maps["table_1"], 4096)
        memory[:8] = b"12345678"
        assert (loaded.library.lookup(loaded.maps["table_1"], bytes(4), 4096) or b"")[:9] == (
            b"12345678\0"
        )
        memory.close()


def test_the_verifier_has_little_work() -> None:
    """Every start of a data plane waits for it: once it had 131,000 steps, which took a second."""
    with program.load(SMALL) as loaded:
        assert sum(steps_of(file) for file in loaded.programs.values()) < 60_000


def test_a_large_table_has_room() -> None:
    with program.load(SMALL._replace(table_bytes=9_000_001)) as loaded:
        bpf.memory(loaded.maps["table_0"], 9_000_008)[-1] = 1


def test_too_large_a_table_is_refused() -> None:
    with pytest.raises(FastPathError) as error:
        program.load(SMALL._replace(table_bytes=(1 << 29) + 8))
    assert "536870912" in said(error)


def test_the_verifiers_word_is_told() -> None:
    with Object(Library(), CONTENT, "test") as loading:
        loading.set_constants(struct.pack("=QQQ", 1 << 20, 4096, 0))  # the maps have less
        with pytest.raises(FastPathError) as error:
            loading.load()
    assert "the kernel refuses the programs" in said(error)
    assert "outside of the allowed memory range" in said(error)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(FastPathError) as error:
        Object(Library(), b"no object", "test")
    assert said(error).startswith("test: no object that libbpf.so.1 can read")


def test_a_map_that_is_not_there_is_told() -> None:
    with Object(Library(), CONTENT, "test") as loading:
        with pytest.raises(FastPathError, match="the object has no map nothing"):
            loading.size("nothing", Capacity(1, 8))
        with pytest.raises(FastPathError, match="aren't of 7 bytes"):
            loading.set_constants(bytes(7))
        loading.close()  # twice is once


def test_a_missing_object_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(program, "OBJECT", tmp_path / "none.o")
    with pytest.raises(FastPathError) as error:
        program.load(SMALL)
    assert said(error).endswith("none.o: No such file or directory")


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "LIBRARY", "libbpf.so.0.none")
    with pytest.raises(FastPathError) as error:
        program.load(SMALL)
    assert said(error).startswith("libbpf.so.0.none can't be used: ")


def test_without_capabilities_one_line_says_so() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            program.load(SMALL)
        except FastPathError as error:
            os.write(writing, str(error).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read().decode()
    assert os.waitpid(child, 0)[1] == 0
    assert text == "not permitted: programs need root, or CAP_BPF and CAP_NET_ADMIN"
