"""The fast path's programs on real links, without a gateway around them.

::

    client eth0 ──── uplink gateway web ──── eth0 web's machine
                            gateway db  ──── eth0 db's machine

There is no queue and no rule of nft: what the programs pass up, the kernel forwards as it is. The
hosts have no addresses until a test gives them some, so their kernels answer nothing.
"""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from pyroute2 import IPRoute
from support import own_names
from support.wire import mac

from gateway.engine.rules import INTERPRETED
from gateway.exchange.pins import State
from gateway.exchange.worker_page import Traffic
from gateway.fastpath import bpf, program
from gateway.fastpath.passage import Passed
from gateway.fastpath.program import Sizes
from gateway.fastpath.settings import FIELDS, SETTINGS_BYTES
from gateway.nat.outcome import Direction
from gateway.nat.reasons import Reason
from gateway.nat.table import Table
from gateway.nat.tally import REASON_BASE, SLOT_BASE, SLOT_WORDS
from gateway.net import namespace
from gateway.net.links import Links
from gateway.net.plan import Route

CLIENT, ROUTER, OWN = "192.0.2.7", "198.51.100.1", "198.51.100.254"
GATEWAY = "10.0.0.1"
UPLINK, WEB, DB = "uplink", "web", "db"
PRIVATE: Final = {WEB: "10.0.0.2", DB: "10.0.0.3"}
ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
SOL_PACKET, PACKET_VNET_HDR = 263, 15
# struct virtio_net_hdr: flags, kind of aggregate, header's length, segment's, where to sum, and to
VNET = struct.Struct("=BBHHHH")
NEEDS_CHECKSUM = 1
WITHIN_S = 20.0


class Frame(NamedTuple):
    """A frame as a link's capture sees it: its type for the receiver, what is unfinished."""

    kind: int  # of the packet: 0 is for this host
    vnet: tuple[int, ...]
    ethernet: bytes
    packet: bytes


class FastLinks:
    """Namespaces with links, and the loaded programs on the gateway's ends of them."""

    def __init__(self, stack: ExitStack, table: Table) -> None:
        """Build all; the stack takes it down again."""
        self.table = table
        self.sizes = Sizes(len(table.memory), table.slots, table.package_numbers)
        self._prefix = f"tgw.{own_names.fresh()}"
        for host in ("client", "gateway", WEB, DB):
            namespace.create(self.name(host))
            stack.callback(namespace.remove, self.name(host))
        self._connect()
        self.loaded = stack.enter_context(program.load(self.sizes))
        self._settings = bpf.memory(self.loaded.maps["settings"], SETTINGS_BYTES)
        self._attach()
        self.processors = self.loaded.library.processors()
        length = self.processors * program.page_bytes(self.sizes.slots)
        self._pages = memoryview(bpf.memory(self.loaded.maps["pages"], length)).cast("Q")
        self.fill("table_0", table)
        self.word(table.generation)
        self.set("state", State.CARRYING)
        self.set("address", int(IPv4Address(OWN)))

    def name(self, host: str) -> str:
        return f"{self._prefix}.{host}"

    def set(self, field: str, value: int) -> None:
        struct.pack_into("=I", self._settings, FIELDS[field], value)

    def fill(self, name: str, table: Table) -> None:
        """Put a table into one of the two maps."""
        held = bpf.memory(self.loaded.maps[name], self.sizes.table_bytes)
        held[: len(table.memory)] = bytes(table.memory)

    def word(self, generation: int) -> None:
        """Say which generation is the published one."""
        bpf.memory(self.loaded.maps["word"], 8)[:8] = struct.pack("=Q", generation)

    def neighbour(self, interface: str, address: str, known: str | None) -> None:
        """Let the gateway know a neighbour's hardware address, or forget it."""
        with Links(self.name("gateway")) as links:
            if known:
                links.neighbour(interface, address, known)
        if not known:
            with namespace.inside(self.name("gateway")), IPRoute() as route:
                route.neigh("del", ifindex=socket.if_nametoindex(interface), dst=address)

    def mtu(self, interface: str, size: int) -> None:
        """Let the gateway's end of a link take no longer packets."""
        with Links(self.name("gateway")) as links:
            links.change(self.index(interface), mtu=size)

    def register(self, interface: str, address: str | None) -> None:
        """Say which private address is behind a link of the gateway; none: take it away."""
        key = struct.pack("=I", self.index(interface))
        if address is None:
            self.loaded.library.delete(self.loaded.maps["links"], key)
        else:
            value = struct.pack("=I", int(IPv4Address(address)))
            self.loaded.library.update(self.loaded.maps["links"], key, value)

    def index(self, interface: str) -> int:
        with Links(self.name("gateway")) as links:
            return links.index(interface) or 0

    def forget(self) -> None:
        """Set all counters to zero, those of what went up, too."""
        self._pages[:] = memoryview(bytes(8 * len(self._pages))).cast("Q")
        for way in Passed:
            self.loaded.library.update(
                self.loaded.maps["passed"], struct.pack("=I", way), bytes(8 * self.processors)
            )

    def reasons(self) -> dict[Reason, int]:
        counted = {
            reason: sum(page[REASON_BASE + reason] for page in self._each()) for reason in Reason
        }
        return {reason: count for reason, count in counted.items() if count}

    def traffic(self, slot: int) -> Traffic:
        at = SLOT_BASE + slot * SLOT_WORDS
        words = zip(*(page[at : at + SLOT_WORDS] for page in self._each()), strict=True)
        return Traffic(*map(sum, words))

    def passed(self, *, every: bool = False) -> dict[Passed, int]:
        """Why packets went up. The kernels send some of their own, ARP, which are left out."""
        found = {}
        for way in Passed:
            key, size = struct.pack("=I", way), 8 * self.processors
            raw = self.loaded.library.lookup(self.loaded.maps["passed"], key, size) or b""
            found[way] = sum(memoryview(raw).cast("Q"))
        unwanted = () if every else (Passed.NOT_IPV4,)
        return {way: count for way, count in found.items() if count and way not in unwanted}

    def has_seen(self, count: int) -> bool:
        """Whether the programs have seen so many packets of those that were sent."""
        return sum(self.reasons().values()) + sum(self.passed().values()) == count

    def counted(self, reasons: dict[Reason, int], passed: dict[Passed, int]) -> None:
        """Wait until the counters are these; fails if they don't become so.

        A frame that was sent is on its way for a moment, longer where the processors are busy.
        """
        deadline = time.monotonic() + WITHIN_S
        while (self.reasons(), self.passed()) != (reasons, passed):
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.reasons()} and {self.passed()} were counted")
            time.sleep(0.001)

    def _each(self) -> Iterator[memoryview]:
        size = len(self._pages) // self.processors
        return (self._pages[n * size : (n + 1) * size] for n in range(self.processors))

    def _connect(self) -> None:
        gateway = self.name("gateway")
        for host in ("client", "gateway", WEB, DB):
            with Links(self.name(host)) as links, namespace.inside(self.name(host)):
                namespace.set_sysctl("ipv6.conf.default.disable_ipv6", 1)
                namespace.set_sysctl("ipv4.ip_forward", int(host == "gateway"))
                for scope in ("all", "default"):
                    namespace.set_sysctl(f"ipv4.conf.{scope}.rp_filter", 0)
                    namespace.set_sysctl(f"ipv4.conf.{scope}.send_redirects", 0)
                links.up("lo")
        with Links(gateway) as here:
            here.veth(UPLINK, peer="eth0", peer_namespace=self.name("client"))
            here.address("lo", GATEWAY, 32)
            here.address(UPLINK, OWN, 24)
            here.up(UPLINK)
            self._far_end("client", UPLINK, OWN)
            here.neighbour(UPLINK, ROUTER, mac(self.name("client"), "eth0"))
            here.put(Route(f"{ROUTER}/32", link=UPLINK))
            here.put(Route("default", via=ROUTER))
            for host, address in PRIVATE.items():
                here.veth(host, peer="eth0", peer_namespace=self.name(host))
                here.up(host)
                self._far_end(host, host, GATEWAY)
                here.neighbour(host, address, mac(self.name(host), "eth0"))
                here.put(Route(f"{address}/32", link=host))

    def _far_end(self, host: str, near: str, hop: str) -> None:
        with Links(self.name(host)) as links:
            links.up("eth0")
            links.neighbour("eth0", hop, mac(self.name("gateway"), near))
            links.put(Route(f"{hop}/32", link="eth0"))
            links.put(Route("default", via=hop))

    def _attach(self) -> None:
        with Links(self.name("gateway")) as links:
            for interface in (UPLINK, *PRIVATE):
                name = program.FROM_UPLINK if interface == UPLINK else program.FROM_INSTANCE
                links.program(interface, self.loaded.programs[name], name)
        self.set("uplink", self.index(UPLINK))
        for interface, address in PRIVATE.items():
            self.register(interface, address)

    def expected(self, direction: Direction, packet: bytes) -> bytes:
        """What the rules make of a packet, one hop further on."""
        after = bytearray(packet)
        outcome = INTERPRETED.for_table(self.table).feed(memoryview(after), direction, 0)
        assert outcome.reason is Reason.TRANSLATED
        after[8] -= 1
        check = int.from_bytes(after[10:12]) + 0x0100
        after[10:12] = ((check & 0xFFFF) + (check >> 16)).to_bytes(2)
        return bytes(after)

    def mac(self, host: str, interface: str) -> bytes:
        return bytes.fromhex(mac(self.name(host), interface).replace(":", ""))

    def frame(self, host: str, packet: bytes) -> bytes:
        """The packet in a frame from the host to the gateway's end of its link."""
        near = UPLINK if host == "client" else host
        head = self.mac("gateway", near) + self.mac(host, "eth0")
        return head + ETH_P_IP.to_bytes(2) + packet

    def put(self, host: str, frame: bytes, vnet: tuple[int, ...] = (0, 0, 0, 0, 0, 0)) -> None:
        """Put a frame on the host's link; `vnet` says what its sender leaves unfinished."""
        with namespace.inside(self.name(host)):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with raw:
            raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            raw.bind(("eth0", ETH_P_IP))
            raw.send(VNET.pack(*vnet) + frame)

    def widen(self, size: int) -> None:
        """Let both ends of all links take packets of this length."""
        for host, near in (("client", UPLINK), *((host, host) for host in PRIVATE)):
            self.mtu(near, size)
            with Links(self.name(host)) as links:
                links.change(links.index("eth0") or 0, mtu=size)

    def flood(self, host: str, packet: bytes, count: int) -> None:
        """Put a packet on the host's link so often, one after the other."""
        frame = self.frame(host, packet)
        with namespace.inside(self.name(host)):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        with raw:
            raw.bind(("eth0", ETH_P_IP))
            for _ in range(count):
                raw.send(frame)

    def send(self, host: str, packet: bytes) -> None:
        self.put(host, self.frame(host, packet))

    def inhabit(self) -> None:
        """Give the hosts their addresses: from now on they answer."""
        for host, address in {"client": CLIENT, **PRIVATE}.items():
            with Links(self.name(host)) as links:
                links.address("eth0", address, 32)

    @contextmanager
    def capture(self, host: str) -> Iterator["Capture"]:
        with namespace.inside(self.name(host)):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        with raw:
            raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            raw.bind(("eth0", ETH_P_IP))
            yield Capture(raw)


class Capture:
    """The IPv4 frames that arrive at a host, one by one."""

    def __init__(self, raw: socket.socket) -> None:
        self._socket = raw

    def one(self) -> Frame:
        """The next frame; fails if none comes."""
        self._socket.settimeout(WITHIN_S)
        raw, address = self._socket.recvfrom(1 << 17)
        vnet, frame = VNET.unpack(raw[: VNET.size]), raw[VNET.size :]
        return Frame(address[2], vnet, frame[:14], frame[14:])

    def rest(self) -> list[Frame]:
        """What has come so far."""
        found: list[Frame] = []
        self._socket.setblocking(False)
        while True:
            try:
                raw, address = self._socket.recvfrom(1 << 17)
            except BlockingIOError:
                return found
            vnet, frame = VNET.unpack(raw[: VNET.size]), raw[VNET.size :]
            found.append(Frame(address[2], vnet, frame[:14], frame[14:]))


@contextmanager
def fast_links(table: Table) -> Iterator[FastLinks]:
    """Give links with the programs on them, and take all down in the end."""
    with ExitStack() as stack:
        yield FastLinks(stack, table)
