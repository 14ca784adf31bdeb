"""The files of a call of `tgw replay`, and packets of one mapping."""

from pathlib import Path
from typing import NamedTuple

from scapy.layers.inet import IP, TCP, UDP
from scapy.packet import Packet, Raw

PUBLIC, PRIVATE, CLIENT = "203.0.113.10", "10.0.0.2", "198.51.100.7"
PAIR = {"public": PUBLIC, "private": PRIVATE}


def request(destination: str = PUBLIC) -> Packet:
    return IP(src=CLIENT, dst=destination) / UDP(sport=1000, dport=53) / Raw(b"who")


def answer(source: str) -> Packet:
    return IP(src=source, dst=CLIENT) / TCP(sport=80, dport=1000, flags="SA")


class Files(NamedTuple):
    """The files of a call, in a directory of their own."""

    folder: Path
    table: Path
    capture: Path
    output: Path

    def words(self, direction: str = "inbound") -> list[str]:
        options = ["--table", str(self.table), "--direction", direction]
        return ["replay", *options, str(self.capture), str(self.output)]

    def left(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}
