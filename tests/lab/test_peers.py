"""Programs of the distribution as peers: what they make of the gateway between them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from support.labs import Instance, Lab
from support.peers import PYTHON, listening
from support.wire import nothing_private

# What `stun` says at the end, after its tests of RFC 3489: of a NAT as good as none.
OPEN_NAT = "Independent Mapping, Independent Filter, preserves ports, will hairpin"

WRITE = """import sys, pathlib
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "file").write_bytes(bytes(range(256)) * 4096)
"""
DIGEST = sha256(bytes(range(256)) * 4096).hexdigest()


def test_stun_finds_a_nat_that_is_independent_of_endpoints(lab: Lab, web: Instance) -> None:
    """RFC 4787, REQ-1, REQ-8 and REQ-9; and that both sides' idea of the address is the same."""
    first, second, _ = lab.topology.clients
    server = ("stdbuf", "-oL", "stund", "-v", "-h", first, "-a", second)
    with listening(lab, "internet", *server, ready="Opened port 3479 with fd 6"):
        done = lab.exec(web.id, "stun", first, "-v")
    assert f"Primary: {OPEN_NAT}" in done.stdout, done.stdout
    mapped = re.findall(r"MappedAddress = ([\d.]+):(\d+)", done.stdout + done.stderr)
    assert {address for address, _ in mapped} == {web.public}


@contextmanager
def ftp(lab: Lab, host: str, folder: Path, *options: str) -> Iterator[None]:
    """A passive FTP server with a file of a megabyte in it; an instance has files of its own."""
    assert lab.exec(host, PYTHON, "-c", WRITE, str(folder)).returncode == 0
    server = (PYTHON, "-m", "pyftpdlib", "-d", str(folder), "-p", "21", *options)
    with listening(lab, host, *server, ready="starting FTP server"):
        yield


def fetched(lab: Lab, host: str, *curl: str) -> str:
    """The digest of what curl gets in a host."""
    done = lab.exec(host, "sh", "-c", '"$@" | sha256sum', "sh", *curl)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


# PASV, the old command whose answer has an address, which the client goes to.
FETCH = ("curl", "-sS", "-m", "20", "--disable-epsv", "--no-ftp-skip-pasv-ip")


@pytest.mark.parametrize("extended", [False, True], ids=["pasv", "epsv"])
def test_passive_ftp_from_an_instance(
    lab: Lab, web: Instance, tmp_path: Path, extended: bool
) -> None:
    command = FETCH[:4] if extended else FETCH
    address = lab.topology.clients[0]
    with ftp(lab, "internet", tmp_path, "-i", address), nothing_private(lab, web):
        assert fetched(lab, web.id, *command, f"ftp://{address}/file") == DIGEST


def test_passive_ftp_of_an_instance_that_says_its_public_address(
    lab: Lab, web: Instance, tmp_path: Path
) -> None:
    public = web.public
    with ftp(lab, web.id, tmp_path, "-i", web.private, "-n", public), nothing_private(lab, web):
        assert fetched(lab, "internet", *FETCH, f"ftp://{public}/file") == DIGEST


def test_passive_ftp_of_an_instance_that_says_its_private_address(
    lab: Lab, web: Instance, tmp_path: Path
) -> None:
    """The limit: the gateway changes headers, never what is said behind them (RFC 3022, 6.2)."""
    with ftp(lab, web.id, tmp_path, "-i", web.private):
        done = lab.exec("internet", *FETCH, f"ftp://{web.public}/file")
    assert done.returncode != 0
    assert done.stdout == ""
