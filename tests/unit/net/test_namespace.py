"""What needs no root: names, files, and that what isn't there is said so."""

import os
from pathlib import Path

import pytest

from gateway.net import libc, namespace
from gateway.net.links import Links

NOWHERE = "tgw.unit-test.nowhere"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(namespace, "RUN", tmp_path / "netns")
    monkeypatch.setattr(namespace, "ETC", tmp_path / "etc")
    (tmp_path / "netns").mkdir()
    return tmp_path


def test_a_namespace_that_was_never_made_is_nowhere() -> None:
    assert not namespace.exists(NOWHERE)
    assert namespace.names(NOWHERE) == []
    assert namespace.processes(NOWHERE) == []
    assert not namespace.has_process(NOWHERE, os.getpid())


def test_entering_what_is_not_there_fails_and_the_thread_stays() -> None:
    def here() -> tuple[int, int]:
        status = Path("/proc/thread-self/ns/net").stat()
        return status.st_dev, status.st_ino

    before = here()
    with pytest.raises(FileNotFoundError), namespace.inside(NOWHERE):
        pytest.fail("the block must not run")
    assert here() == before


def test_links_of_a_namespace_that_is_not_there_cannot_be_opened() -> None:
    with pytest.raises(FileNotFoundError):
        Links(NOWHERE)


def test_a_mount_point_without_a_namespace_is_half_made(folders: Path) -> None:
    (folders / "netns" / "half").touch()
    assert not namespace.exists("half")
    assert namespace.names("ha") == ["half"]


def test_removing_a_half_made_one_leaves_nothing(folders: Path) -> None:
    (folders / "netns" / "half").touch()
    namespace.write_etc("half", {"hosts": "127.0.0.1\tlocalhost\n"})
    namespace.remove("half")
    namespace.remove("half")
    assert list((folders / "netns").iterdir()) == []
    assert list((folders / "etc").iterdir()) == []


def test_names_are_found_by_their_prefix_and_sorted(folders: Path) -> None:
    for name in ("tgw.b.y", "tgw.a.x", "tgw.b.x", "other"):
        (folders / "netns" / name).touch()
    assert namespace.names("tgw.b.") == ["tgw.b.x", "tgw.b.y"]


def test_files_of_a_namespace_are_written_and_written_again(folders: Path) -> None:
    namespace.write_etc("host", {"hosts": "one\n", "resolv.conf": "two\n"})
    namespace.write_etc("host", {"hosts": "three\n"})
    files = {path.name: path.read_text() for path in (folders / "etc" / "host").iterdir()}
    assert files == {"hosts": "three\n", "resolv.conf": "two\n"}


def test_a_refused_system_call_is_an_oserror_that_names_its_subject(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=tmp_path.name) as refused:
        libc.unmount(str(tmp_path))  # no root's rights, or nothing mounted there
    assert refused.value.errno


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_in_a_plain_chroot_one_line_says_why_a_host_has_no_files_of_its_own(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.chroot(tmp_path)
            namespace.leave_mounts()
        except OSError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "r") as told:
        line = told.read()
    assert line.startswith("'/' is no mount point, as in a plain chroot")
    assert "mount --bind DIR DIR" in line
