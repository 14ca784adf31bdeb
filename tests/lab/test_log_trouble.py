"""Control can't write its log, or can't read it: one clear line, and packets go on."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from support.blows import kill, running
from support.clients import seen
from support.labs import TGW, Instance, Lab, eventually

from gateway.api.errors import ApiError
from gateway.control import events as ev
from gateway.lab import lifecycle
from gateway.site import roles
from gateway.store.migrations import newest
from gateway.store.sqlite import SqliteReader, SqliteStore

REFUSES_WITHIN_S = 30
CALLS_MAX = 200  # until a small disk that is full is noticed: what was written once is used again
SMALL_DISK = 'mount -t tmpfs -o size=1m tgw "$0" && cp -a "$1"/. "$0" && shift && exec "$@"'
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


@pytest.fixture(scope="module")
def shown(lab: Lab) -> Instance:
    """An instance that is there the whole time."""
    return lab.instance("shown")


@pytest.fixture
def without_control(lab: Lab, shown: Instance, tmp_path: Path) -> Iterator[Lab]:
    """The lab while control is away; its state is put back afterwards."""
    state, saved = lab.places.state, tmp_path / "saved"
    kill(lab, roles.CONTROL)
    with closing(SqliteStore(lab.places.log)):  # what is beside the log comes into it
        pass
    shutil.copytree(state, saved)
    yield lab
    shutil.rmtree(state)
    shutil.copytree(saved, state)
    lab.restart(roles.CONTROL)
    assert shown.show()["InstanceState"] == "RUNNING"


def in_own_mounts(script: str, *words: str) -> list[str]:
    """A command for which `script` makes the mounts, and which nobody else sees."""
    return ["unshare", "--mount", "sh", "-c", script, *words]


@contextmanager
def pinging(lab: Lab, address: str) -> Iterator["subprocess.Popen[str]"]:
    """The internet pings the address for a second and a half from now; each ping is answered."""
    with lab.start("internet", "ping", "-n", "-c", "75", "-i", "0.02", address) as ping:
        assert ping.stdout is not None
        ping.stdout.readline()
        assert "time=" in ping.stdout.readline()
        yield ping
        said, _ = ping.communicate(timeout=10)
    assert "75 packets transmitted, 75 received" in said


@contextmanager
def control_on_a_small_disk(lab: Lab, saved: Path) -> Iterator[int]:
    """Control at work with its state on a disk of a megabyte; its process."""
    words = [str(lab.places.state), str(saved), *TGW, roles.CONTROL, "--lab", lab.name]
    with subprocess.Popen(in_own_mounts(SMALL_DISK, *words), stderr=subprocess.PIPE) as process:
        try:
            eventually(lambda: lifecycle.status(lab.name).up, within_s=REFUSES_WITHIN_S)
            yield process.pid
        finally:
            process.kill()
    eventually(lambda: roles.CONTROL not in running(lab))


def fill(disk: Path) -> Path:
    """A file that leaves no room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return filler


def refusal(lab: Lab, action: str, **parameters: object) -> ApiError | None:
    """Why a call that changes something is refused, if it is."""
    try:
        lab.control.call(action, **parameters)
    except ApiError as error:
        return error
    return None


def call_until_refused(lab: Lab) -> ApiError:
    """Rename an EIP until the disk has no room for that."""
    (eip_id,) = [key for key in seen(lab.control) if key.startswith("eip-")]
    names = (f"n{number}" for number in range(CALLS_MAX))
    refusals = (
        refusal(lab, "ModifyAddressAttribute", AddressId=eip_id, AddressName=name) for name in names
    )
    found = next(filter(None, refusals), None)
    assert found is not None
    return found


def assert_clear(error: ApiError | None, lab: Lab) -> None:
    """The cloud's code for what isn't the caller's fault, and one line that says what it is."""
    assert error is not None
    assert error.code == "InternalError"
    assert error.message == f"can't write {lab.places.log}: database or disk is full"


def logged(lab: Lab, process: int, copy: Path) -> dict[str, str]:
    """The names that the log adds up to, by id, as a process sees it."""
    look = ["nsenter", "--mount", "--target", str(process), *TGW]
    subprocess.run([*look, "backup", "--lab", lab.name, str(copy)], check=True, timeout=30)
    names: dict[str, str] = {}
    with closing(SqliteReader(copy)) as reader:
        for record in reader.read():
            match ev.from_record(record):
                case ev.InstanceOrdered(instance_id=key, name=name):
                    names[key] = name
                case ev.EipAllocated(eip_id=key, name=name) | ev.EipRenamed(eip_id=key, name=name):
                    names[key] = name
    return names


def test_on_a_full_disk_calls_are_refused_packets_go_on_and_room_heals_it(
    without_control: Lab, shown: Instance, tmp_path: Path
) -> None:
    lab = without_control
    with control_on_a_small_disk(lab, tmp_path / "saved") as process:
        disk = Path(f"/proc/{process}/root{lab.places.state}")
        lab.control.call("AllocateAddresses", AddressName="before")
        with pinging(lab, shown.public) as ping:
            filler = fill(disk)
            assert_clear(call_until_refused(lab), lab)
            before = seen(lab.control)
            while ping.poll() is None:
                assert_clear(refusal(lab, "AllocateAddresses"), lab)
                assert_clear(refusal(lab, "RunInstances"), lab)
                assert_clear(refusal(lab, "StopInstances", InstanceIds=[shown.id]), lab)
                assert_clear(refusal(lab, "CreateBandwidthPackage"), lab)
            assert seen(lab.control) == before, "what it knows it tells, and nothing else"
        filler.unlink()
        (eip_id,) = lab.control.call("AllocateAddresses", AddressName="after")["AddressSet"]
        after = seen(lab.control)
        assert after.keys() - before.keys() == {eip_id}
        names = {key: one.name for key, one in after.items()}
        assert logged(lab, process, tmp_path / "copy.db") == names


def garbage(log: Path) -> None:
    """No database."""
    log.write_bytes(b"this is no database, " * 1000)


def emptied(log: Path) -> None:
    """A database that lost all it had."""
    log.write_bytes(b"")


def cut(log: Path) -> None:
    """One that lost its end."""
    raw = log.read_bytes()
    log.write_bytes(raw[: len(raw) // 2])


def of_another_program(log: Path) -> None:
    """A database, and no log."""
    log.unlink()
    with closing(sqlite3.connect(log)) as database:
        database.execute("CREATE TABLE place (name TEXT)")


def a_directory(log: Path) -> None:
    """No file."""
    log.unlink()
    log.mkdir()


def of_a_newer_schema(log: Path) -> None:
    """Written by a later tgw."""
    with closing(sqlite3.connect(log)) as database:
        database.execute(f"PRAGMA user_version = {newest() + 1}")


def gone(log: Path) -> None:
    """Away but for its last transactions."""
    log.rename(log.with_name(f"{log.name}-wal"))


DAMAGES = [garbage, emptied, cut, of_another_program, a_directory, of_a_newer_schema, gone]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_control_refuses_a_log_it_cannot_use_with_one_line_and_packets_go_on(
    without_control: Lab, shown_address: str, damage: Callable[[Path], None]
) -> None:
    log = without_control.places.log
    damage(log)
    before = contents(log.parent)
    with pinging(without_control, shown_address):
        assert_refused(without_control, [*TGW, roles.CONTROL, "--lab", without_control.name])
    assert contents(log.parent) == before, "nothing of it was changed"


@pytest.fixture(scope="module")
def shown_address(shown: Instance) -> str:
    """Its public address, for when nobody can be asked."""
    return shown.public


def test_control_refuses_a_log_it_may_not_write(without_control: Lab) -> None:
    lab = without_control
    words = [str(lab.places.state), *TGW, roles.CONTROL, "--lab", lab.name]
    said = assert_refused(lab, in_own_mounts(READ_ONLY, *words))
    assert "readonly" in said or "unable to open" in said


def test_control_refuses_a_log_that_somebody_else_holds(without_control: Lab) -> None:
    lab = without_control
    with closing(sqlite3.connect(lab.places.log, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        said = assert_refused(lab, [*TGW, roles.CONTROL, "--lab", lab.name])
    assert "database is locked" in said


def assert_refused(lab: Lab, command: list[str]) -> str:
    """It ends with exit status 1 and one line that names the log; that line."""
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=REFUSES_WITHIN_S, check=False
    )
    assert ended.returncode == 1
    (line,) = [line for line in ended.stderr.splitlines() if " INFO " not in line]
    assert line.startswith("tgw: ")
    assert str(lab.places.log) in line
    return line


def contents(directory: Path) -> dict[str, bytes | None]:
    """Every file of a directory but the index that SQLite makes anew."""
    return {
        path.name: path.read_bytes() if path.is_file() else None
        for path in directory.iterdir()
        if not path.name.endswith("-shm")
    }
