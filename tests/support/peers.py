"""Peers at both ends: small servers and transfers between hosts of a lab."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support import command
from support.labs import Lab

from gateway.net import namespace

PYTHON = "/usr/bin/python3"  # the distribution's, which has the distribution's modules
READY = "ready\n"
PORT = 9100  # of UDP

RECEIVE = """
import hashlib, socket, sys
server = socket.create_server(("0.0.0.0", 9000))
print("ready", flush=True)
server.settimeout(20)
peer, address = server.accept()
digest, size = hashlib.sha256(), 0
while data := peer.recv(65536):
    digest.update(data)
    size += len(data)
print(address[0], size, digest.hexdigest(), flush=True)
"""
SEND = """
import hashlib, socket, sys
peer = socket.create_connection((sys.argv[1], 9000), timeout=20)
block, digest, size = bytes(range(256)) * 256, hashlib.sha256(), 0
for _ in range(int(sys.argv[2])):
    peer.sendall(block)
    digest.update(block)
    size += len(block)
peer.close()
print(size, digest.hexdigest())
"""
RECEIVE_DATAGRAM = """
import hashlib, socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 9000))
print("ready", flush=True)
server.settimeout(20)
data, address = server.recvfrom(65535)
print(address[0], len(data), hashlib.sha256(data).hexdigest(), flush=True)
"""
SEND_DATAGRAM = """
import hashlib, socket, sys
data = bytes(range(250)) * (int(sys.argv[2]) // 250)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.sendto(data, (sys.argv[1], 9000))
print(len(data), hashlib.sha256(data).hexdigest())
"""
CALL_CLOSED_PORT = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.settimeout(5)
    link.connect((sys.argv[1], 9))
    link.send(b"anybody there?")
    try:
        link.recv(1)
    except ConnectionRefusedError:
        print("refused")
"""


@contextmanager
def listening(
    lab: Lab, host: str, *words: str, ready: str = READY
) -> Iterator["subprocess.Popen[str]"]:
    """A server that has said in a line of its output that it is ready."""
    with command.start(
        "exec", "--lab", lab.name, host, "--", *words, stderr=subprocess.STDOUT
    ) as server:
        try:
            assert server.stdout is not None
            said = []
            for line in server.stdout:  # ends with the server, if it fails
                said.append(line)
                if ready in line:
                    break
            else:
                raise AssertionError(f"{words[0]} never got ready: {said}")
            yield server
        finally:
            server.kill()


def transfer(lab: Lab, sender: str, receiver: str, address: str, *, blocks: int) -> str:
    """Send `blocks` of 64 KiB over TCP; the caller's address as the receiver saw it.

    Fails if what arrives isn't what was sent.
    """
    with listening(lab, receiver, PYTHON, "-c", RECEIVE) as server:
        sent = lab.exec(sender, PYTHON, "-c", SEND, address, str(blocks))
        return _seen(server, sent)


def datagram(lab: Lab, sender: str, receiver: str, address: str, *, size: int) -> str:
    """Send one UDP datagram; as `transfer`."""
    with listening(lab, receiver, PYTHON, "-c", RECEIVE_DATAGRAM) as server:
        sent = lab.exec(sender, PYTHON, "-c", SEND_DATAGRAM, address, str(size))
        return _seen(server, sent)


def _seen(server: "subprocess.Popen[str]", sent: "subprocess.CompletedProcess[str]") -> str:
    assert sent.returncode == 0, sent.stderr
    assert server.stdout is not None
    caller, _, received = server.stdout.readline().partition(" ")
    assert received == sent.stdout
    return caller


def is_refused(lab: Lab, host: str, address: str) -> bool:
    """Whether a UDP client of the host learns that nobody listens at the address."""
    return lab.exec(host, PYTHON, "-c", CALL_CLOSED_PORT, address).stdout == "refused\n"


@contextmanager
def bound(lab: Lab, host: str) -> Iterator[socket.socket]:
    """A UDP socket of the host, at `PORT`."""
    with namespace.inside(lab.hosts.namespace(host)):
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with found:
        found.settimeout(5)
        found.bind(("", PORT))
        yield found
