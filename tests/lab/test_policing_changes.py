"""Another bandwidth while a stream runs: within a second it is what passes, up and down.

All streams send more than they may at any time, by UDP. Measured are the IP bits that passed by our
own counters, in three seconds that begin one second after the command has answered.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from support.labs import Instance, Lab, eventually
from support.load import Load, watching
from support.peers import listening

from gateway.dataplane.record import OFF

LOW, HIGH = 4, 16
FASTPATH = OFF  # test_policing is about the fast path
MEMBER = 100
OFFERED = 24  # Mbps, by each stream; of the package's two half of that
AFTER_S = 1.0
LOOK_S = 3.0
BURST = 1.08  # a bucket's depth, should it be full when the look begins: 0.2 s of 3 s
LEAST = 0.95
PORT = 5400
MEGABIT = 1_000_000
KINDS = ("eip", "ordinary", "package")
Rates = dict[tuple[str, int], tuple[float, Load]]  # kind, bandwidth: what passed, and the load


@dataclass
class Stream:
    """What is changed, how, and whose traffic shows it."""

    modify: tuple[str, ...]
    senders: list[Instance]
    addresses: list[str] = field(init=False)
    answered: float = 0.0
    first: tuple[float, int] | None = None
    last: tuple[float, int] | None = None

    def __post_init__(self) -> None:
        self.addresses = [sender.public for sender in self.senders]

    def change(self, lab: Lab, mbps: int) -> None:
        done = lab.run(*self.modify, "--bandwidth", str(mbps))
        assert done.returncode == 0, done.stderr
        self.answered, self.first, self.last = time.monotonic(), None, None

    def look(self, lab: Lab, at: float) -> None:
        """Note what has passed, if the look begins or ends now."""
        if self.first is None and at >= self.answered + AFTER_S:
            self.first = at, self._bytes_out(lab)
        elif self.first and self.last is None and at >= self.first[0] + LOOK_S:
            self.last = at, self._bytes_out(lab)

    @property
    def mbps(self) -> float:
        assert self.first is not None
        assert self.last is not None
        (begin, before), (end, after) = self.first, self.last
        return (after - before) * 8 / (end - begin) / MEGABIT

    def _bytes_out(self, lab: Lab) -> int:
        passed = lab.carried()
        return sum(passed[address].bytes_out for address in passed.keys() & self.addresses)


def streams_of(lab: Lab) -> dict[str, Stream]:
    """Each with the lower bandwidth."""
    with_eip, ordinary = lab.instance(), lab.instance("plain", bandwidth=LOW)
    lab.ask("eip", "allocate", "--name", "shop", "--bandwidth", str(LOW))
    lab.ask("eip", "bind", "shop", with_eip.id)
    lab.ask("package", "create", "--name", "shared", "--bandwidth", str(LOW))
    members = [lab.instance(bandwidth=0) for _ in range(2)]
    for number, member in enumerate(members):
        name = f"member-{number}"
        lab.ask("eip", "allocate", "--name", name, "--bandwidth", str(MEMBER))
        lab.ask("eip", "bind", name, member.id)
        lab.ask("package", "add", "shared", name)
    return {
        "eip": Stream(("eip", "modify", "shop"), [with_eip]),
        "ordinary": Stream(("instance", "modify", "plain"), [ordinary]),
        "package": Stream(("package", "modify", "shared"), members),
    }


@contextmanager
def sending(lab: Lab, streams: dict[str, Stream]) -> Iterator[None]:
    """All streams at once, as long as the block lasts."""
    with ExitStack() as stack:
        ends = [(sender, stream) for stream in streams.values() for sender in stream.senders]
        for number, (sender, stream) in enumerate(ends):
            port, offered = str(PORT + number), f"{OFFERED // len(stream.senders)}M"
            server = ("iperf3", "-s", "-1", "--forceflush", "-p", port)
            stack.enter_context(listening(lab, "internet", *server, ready="Server listening"))
            udp = ("-u", "-b", offered, "-l", "1400", "-t", "90")
            client = ("iperf3", *udp, "-c", lab.topology.internet_address, "-p", port)
            stack.enter_context(lab.start(sender.id, *client))
        eventually(lambda: all(_runs(lab, sender) for sender, _ in ends), within_s=20)
        yield


def _runs(lab: Lab, sender: Instance) -> bool:
    seen = lab.counters().addresses.get(sender.public)
    return seen is not None and seen.bytes_out > 20_000


@pytest.fixture(scope="module")
def rates(lab: Lab) -> Rates:
    """What passed after each change."""
    streams = streams_of(lab)
    found: Rates = {}
    with sending(lab, streams):
        for mbps in (HIGH, LOW):
            for stream in streams.values():
                stream.change(lab, mbps)

            def all_looked() -> bool:
                for stream in streams.values():
                    stream.look(lab, time.monotonic())
                return all(stream.last for stream in streams.values())

            with watching(lab) as load:
                eventually(all_looked, within_s=AFTER_S + LOOK_S + 10)
            found |= {(kind, mbps): (one.mbps, load) for kind, one in streams.items()}
    return found


@pytest.mark.parametrize("mbps", [HIGH, LOW], ids=["up", "down"])
@pytest.mark.parametrize("kind", KINDS)
def test_another_bandwidth_is_what_passes_a_second_later(
    rates: Rates, kind: str, mbps: int
) -> None:
    seen, load = rates[kind, mbps]
    print(f"{kind}: {seen:.2f} of {mbps} Mbps")
    assert seen <= mbps * BURST
    if seen < mbps * LEAST:
        load.skip_if_starved()
    assert seen >= mbps * LEAST
