"""What a worker may do before and after it dropped its privileges: real processes that try.

This file is also the program that they run: `test_privileges.py USER STRANGER FOLDER OTHER_PROCESS
NAMESPACE WITHOUT`. It prints what it is, and how each attempt ended, as JSON; for no USER it drops
nothing. A stranger is who the process isn't afterwards: root, or another user if it stays root.
"""

import json
import mmap
import os
import pwd
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from support import own_names

from gateway.net import libc, namespace, privileges

USER: Final = "daemon"  # a system user of every Debian
NOBODY_THERE: Final = "tgw-unit-test-nobody"
SETUID, SETGID, SETPCAP, NET_ADMIN, SYS_TIME = 7, 6, 8, 12, 25
ONLY_NET_ADMIN: Final = f"{1 << NET_ADMIN:016x}"
NONE: Final = f"{0:016x}"
PAGE: Final = 4096
PR_GET_DUMPABLE, PR_CAPBSET_DROP, PR_GET_SECUREBITS, PR_CAP_AMBIENT = 3, 24, 27, 47
PR_CAP_AMBIENT_RAISE: Final = 2
SECUREBITS: Final = 0b11001011  # NOROOT, NO_CAP_AMBIENT_RAISE; both and NO_SETUID_FIXUP locked
NFNETLINK: Final = 12  # NETLINK_NETFILTER
SUBSYSTEM_QUEUE, CONFIG = 3, 2
REQUEST_AND_ACK: Final = 5

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: privileges to drop")


def status_of(text: str) -> dict[str, str]:
    """The fields of a /proc/PID/status."""
    return {
        key: " ".join(value.split())
        for key, value in (line.split(":", 1) for line in text.splitlines())
    }


def status() -> dict[str, str]:
    return status_of(Path("/proc/self/status").read_text())


def ending(attempt: Callable[[], object]) -> str:
    """Tries; "done", or the name of the error."""
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def bind_queue(sender: socket.socket, queue: int) -> None:
    """NFQNL_CFG_CMD_BIND, as the engine asks for it. Raises `OSError`."""
    command = struct.pack("=HHBBH", 8, 1, 1, 0, 0)
    body = struct.pack("=BBH", socket.AF_UNSPEC, 0, socket.htons(queue)) + command
    head = struct.pack(
        "=IHHII", 16 + len(body), SUBSYSTEM_QUEUE << 8 | CONFIG, REQUEST_AND_ACK, 1, 0
    )
    sender.send(head + body)
    (error,) = struct.unpack_from("=i", sender.recv(PAGE), 16)
    if error:
        raise OSError(-error, os.strerror(-error))


def listen_on_port_80() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 80))


def lose(capabilities: list[int]) -> None:
    """Be as in a container that lacks these."""
    for capability in capabilities:
        libc.prctl(PR_CAPBSET_DROP, capability)
    lost = sum(1 << capability for capability in capabilities)
    libc.capset(libc.Capabilities(*(each & ~lost for each in libc.capget())))


def main() -> None:
    """Be a worker: open, drop, try."""
    user, stranger, folder, other, name, without = sys.argv[1:]
    files, uid = Path(folder), pwd.getpwnam(stranger).pw_uid
    namespace.enter_as_host(name)  # what it may mount, nobody else sees
    queues = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NFNETLINK)
    queues.settimeout(10)
    page = os.open(files / "page", os.O_RDWR)
    memory = mmap.mmap(page, PAGE)
    os.setgroups([uid])
    libc.capset(libc.capget()._replace(inheritable=1 << NET_ADMIN))
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_ADMIN)
    lose(json.loads(without))

    before = libc.capget()
    said = privileges.drop(user) if user else ""

    memory[0] = 1
    os.ftruncate(page, 2 * PAGE)  # as the page does when the table grows
    with closing(mmap.mmap(page, 2 * PAGE)) as grown:
        grown[PAGE] = 2
    child = [str(files / "setuid-cat"), "/proc/self/status"]
    answer = {
        "said": said,
        "status": status(),
        "securebits": libc.prctl(PR_GET_SECUREBITS),
        "dumpable": libc.prctl(PR_GET_DUMPABLE),
        "executed": status_of(subprocess.check_output(child, timeout=20, text=True)),
        "attempts": {
            "bind a queue": ending(lambda: bind_queue(queues, 7)),
            "read a public file": ending((files / "public").read_bytes),
            "read a stranger's file": ending((files / "secret").read_bytes),
            "take over a stranger's file": ending(lambda: (files / "secret").chmod(0o600)),
            "join the stranger's group": ending(lambda: os.setgroups([uid])),
            "kill a stranger's process": ending(lambda: os.kill(int(other), 0)),
            "mount": ending(lambda: libc.mount("tmpfs", "/mnt", "tmpfs", 0)),
            "make a namespace": ending(lambda: libc.unshare(libc.CLONE_NEWNET)),
            "bind port 80": ending(listen_on_port_80),
            "sniff packets": ending(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
            "take capabilities back": ending(lambda: libc.capset(before)),
            "become the stranger": ending(lambda: os.setuid(uid)),
        },
    }
    libc.capset(libc.Capabilities(0, 0, 0))
    answer["bind a queue without any capability"] = ending(lambda: bind_queue(queues, 8))
    print(json.dumps(answer))


class Stage:
    """Where processes try: files, a process of the stranger's, a network of their own."""

    def __init__(self, folder: Path, network: str, stranger: str) -> None:
        """Make it."""
        self.folder, self._network, self._stranger = folder, network, stranger
        uid = pwd.getpwnam(stranger).pw_uid
        folder.chmod(0o755)
        for name, mode in (("public", 0o644), ("secret", 0o600), ("page", 0o644)):
            (folder / name).write_bytes(bytes(PAGE))
            (folder / name).chmod(mode)
        os.chown(folder / "secret", uid, uid)
        cat = shutil.copy("/bin/cat", folder / "setuid-cat")
        Path(cat).chmod(0o755 | stat.S_ISUID)
        self.other = subprocess.Popen(["sleep", "60"], user=uid)

    def close(self) -> None:
        """End the process."""
        self.other.kill()
        self.other.wait(10)

    def run(self, user: str, without: list[int]) -> "subprocess.CompletedProcess[str]":
        """Run this file as a program."""
        program = [sys.executable, __file__, user, self._stranger, str(self.folder)]
        return subprocess.run(
            [*program, str(self.other.pid), self._network, json.dumps(without)],
            env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def worker(self, user: str, *without: int) -> dict[str, Any]:
        """What the process says that drops to `user`."""
        ended = self.run(user, list(without))
        assert ended.returncode == 0, ended.stderr
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    name = f"tgw.{own_names.fresh()}.unit"
    namespace.create(name)
    yield name
    namespace.remove(name)


def stage_with(stranger: str, network: str) -> Iterator[Stage]:
    # Not in tmp_path: only root may enter that, so no file in it would prove anything.
    with (
        tempfile.TemporaryDirectory(prefix="tgw-unit-test-") as folder,
        closing(Stage(Path(folder), network, stranger)) as stage,
    ):
        yield stage


@pytest.fixture(scope="module")
def among_roots(network: str) -> Iterator[Stage]:
    yield from stage_with("root", network)


@pytest.fixture(scope="module")
def among_users(network: str) -> Iterator[Stage]:
    yield from stage_with(USER, network)


@pytest.fixture(scope="module")
def as_user(among_roots: Stage) -> dict[str, Any]:
    """A worker that has a user of its own."""
    return among_roots.worker(USER)


@pytest.fixture(scope="module")
def as_root(among_users: Stage) -> dict[str, Any]:
    """A worker where there is no such user."""
    return among_users.worker(NOBODY_THERE)


@pytest.fixture(params=["as_user", "as_root"])
def dropped(request: pytest.FixtureRequest) -> dict[str, Any]:
    answer: dict[str, Any] = request.getfixturevalue(request.param)
    return answer


def shown(status: dict[str, str]) -> dict[str, str]:
    kinds = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
    return {kind: status[kind] for kind in kinds}


@needs_root
def test_one_capability_is_left_and_no_new_privileges(dropped: dict[str, Any]) -> None:
    assert shown(dropped["status"]) == {
        "CapInh": NONE,
        "CapPrm": ONLY_NET_ADMIN,
        "CapEff": ONLY_NET_ADMIN,
        "CapBnd": ONLY_NET_ADMIN,
        "CapAmb": NONE,
        "NoNewPrivs": "1",
    }
    assert dropped["securebits"] == SECUREBITS


@needs_root
def test_it_is_its_own_user_and_in_no_other_group(as_user: dict[str, Any]) -> None:
    account = pwd.getpwnam(USER)
    assert as_user["status"]["Uid"] == " ".join([str(account.pw_uid)] * 4)
    assert as_user["status"]["Gid"] == " ".join([str(account.pw_gid)] * 4)
    assert as_user["status"]["Groups"] == ""
    # The kernel sees to it, so another process of the user can't trace it.
    assert as_user["dumpable"] == int(Path("/proc/sys/fs/suid_dumpable").read_text())
    assert as_user["said"] == f"user {USER}, with CAP_NET_ADMIN only"


@needs_root
def test_without_the_user_it_stays_root_and_says_why(as_root: dict[str, Any]) -> None:
    assert as_root["status"]["Uid"] == "0 0 0 0"
    assert as_root["said"] == (f"user root, with CAP_NET_ADMIN only; no system user {NOBODY_THERE}")


@needs_root
def test_it_can_serve_its_queue_and_nothing_else(dropped: dict[str, Any]) -> None:
    attempts = dropped["attempts"]
    assert attempts.pop("bind a queue") == "done"
    assert attempts.pop("read a public file") == "done"
    assert attempts
    assert set(attempts.values()) == {"PermissionError"}, attempts
    assert dropped["bind a queue without any capability"] == "PermissionError"


@needs_root
def test_root_could_do_it_all_before(among_users: Stage) -> None:
    """Otherwise the refusals would say nothing."""
    assert set(among_users.worker("")["attempts"].values()) == {"done"}


@needs_root
def test_memory_it_mapped_before_stays_writable(among_roots: Stage) -> None:
    (among_roots.folder / "page").write_bytes(bytes(PAGE))
    among_roots.worker(USER)
    page = (among_roots.folder / "page").read_bytes()
    assert (len(page), page[0], page[PAGE]) == (2 * PAGE, 1, 2)


@needs_root
def test_a_setuid_program_gains_it_nothing(among_roots: Stage, as_user: dict[str, Any]) -> None:
    uid = pwd.getpwnam(USER).pw_uid
    command = [str(among_roots.folder / "setuid-cat"), "/proc/self/status"]
    gained = status_of(subprocess.check_output(command, user=uid, timeout=20, text=True))
    if gained["Uid"].split()[1] != "0":
        pytest.skip("this file system honours no setuid programs")
    executed = as_user["executed"]
    assert executed["Uid"] == as_user["status"]["Uid"]
    assert (executed["CapPrm"], executed["CapEff"]) == (NONE, NONE)


@needs_root
def test_root_gains_nothing_by_executing_either(as_root: dict[str, Any]) -> None:
    executed = as_root["executed"]
    assert executed["Uid"] == "0 0 0 0"
    assert (executed["CapPrm"], executed["CapEff"]) == (NONE, NONE)


@needs_root
def test_a_container_without_setpcap_keeps_its_bounding_set(among_roots: Stage) -> None:
    answer = among_roots.worker(USER, SETPCAP)
    status = shown(answer["status"])
    assert status["CapPrm"] == status["CapEff"] == ONLY_NET_ADMIN
    assert status["NoNewPrivs"] == "1"
    assert answer["said"].startswith(f"user {USER}, with CAP_NET_ADMIN only; bounding set")
    assert answer["executed"]["CapPrm"] == NONE


@needs_root
def test_root_of_one_without_setpcap_gains_nothing_either(among_users: Stage) -> None:
    answer = among_users.worker(NOBODY_THERE, SETPCAP)
    # Uid 0 keeps what it has: without CAP_SETPCAP there are no securebits.
    assert answer["executed"]["CapPrm"] == ONLY_NET_ADMIN


@needs_root
@pytest.mark.parametrize("lacking", [SETUID, SETGID], ids=["setuid", "setgid"])
def test_a_container_that_cannot_change_users_stays_root(among_users: Stage, lacking: int) -> None:
    answer = among_users.worker(USER, lacking)
    assert answer["status"]["Uid"] == answer["status"]["Gid"] == "0 0 0 0"
    assert f"not {USER}" in answer["said"]
    assert shown(answer["status"])["CapPrm"] == ONLY_NET_ADMIN


@needs_root
def test_what_the_bounding_set_lacks_already_needs_no_drop(among_roots: Stage) -> None:
    answer = among_roots.worker(USER, SYS_TIME)
    assert shown(answer["status"])["CapBnd"] == ONLY_NET_ADMIN


def run_drop(*prefix: str, before: str = "") -> "subprocess.CompletedProcess[str]":
    """Drop in a process of its own that only prints what `drop` returned."""
    code = f"from gateway.net import privileges\n{before}\nprint(privileges.drop({USER!r}))"
    return subprocess.run(
        [*prefix, sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_root
def test_a_user_namespace_without_the_user_is_no_error() -> None:
    alone = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*alone, "true"], timeout=20, check=False).returncode:
        pytest.skip("no user namespaces here")
    ended = run_drop(*alone)
    assert ended.returncode == 0, ended.stderr
    assert f"not {USER}: this user namespace doesn't have it" in ended.stdout


@needs_root
def test_what_is_dropped_already_can_be_dropped_again() -> None:
    ended = run_drop(before=f"privileges.drop({USER!r})")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"user {USER}, with CAP_NET_ADMIN only")


def test_a_process_with_another_thread_is_refused() -> None:
    wait = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    ended = run_drop(before=wait)
    assert ended.returncode != 0
    assert "AssertionError: privileges are dropped by a single thread" in ended.stderr


@needs_root
def test_without_net_admin_it_is_an_error(among_roots: Stage) -> None:
    ended = among_roots.run(USER, [NET_ADMIN])
    assert ended.returncode != 0
    assert "PermissionError" in ended.stderr


def test_workers_share_by_the_group_of_their_user() -> None:
    assert privileges.group_of(USER) == pwd.getpwnam(USER).pw_gid
    assert privileges.group_of(NOBODY_THERE) == 0


@pytest.mark.parametrize("uid", [0, 1000, 65534])
def test_no_account_but_a_systems_is_taken(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    account = pwd.struct_passwd(("tgw", "x", uid, 100, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _: account)
    assert privileges.group_of("tgw") == 0


def test_a_refused_prctl_is_an_oserror() -> None:
    with pytest.raises(OSError, match="prctl 23"):
        libc.prctl(23, 1000)  # PR_CAPBSET_READ of no capability


if __name__ == "__main__":
    main()
