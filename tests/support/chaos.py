"""Random trouble for a lab under traffic, and what must hold after each step of it.

A step damages, cuts, stops, kills or changes something. Then `tgw lab up` is to mend the lab, by
itself or at a second try, or to say in one line what hinders it. `run` replays a row of steps from
its seed; how long each takes is the machine's affair.
"""

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Final

from support.blows import tells_a_traceback, workers
from support.damage import Damage, damages
from support.labs import TGW, Instance, Lab, eventually, lab_of, new_topology

from gateway.api.client import ControlUnreachableError, NotDoneError
from gateway.api.errors import ApiError
from gateway.lab import lifecycle
from gateway.site import roles
from gateway.store.records import StoreError
from gateway.store.sqlite import SqliteReader

INSTANCES: Final = range(2, 5)  # as many are there, or between a step and the next
TRIES: Final = 3  # of `lab up` after a step
MENDED_WITHIN_S: Final = 60.0
CUT_WITHIN_S: Final = 1.5  # a command is cut at a moment before
METADATA: Final = "http://metadata.tencentyun.com/latest/meta-data/public-ipv4"
CUTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
COMMANDS: Final = (("lab", "up"), ("lab", "down", "--keep-state"), ("dataplane", "restart"))
MAY_FAIL: Final = (ApiError, ControlUnreachableError, NotDoneError)


class BrokenError(AssertionError):
    """What must hold after a step doesn't; the text says what, and by which steps it came."""


@dataclass
class Chaos:
    """A lab in trouble, and what was promised of it so far."""

    lab: Lab
    topology: Path  # the file of it, for a lab that is down
    random: Random
    running: set[str] = field(default_factory=set)  # ids of instances that were acknowledged
    ended: set[str] = field(default_factory=set)
    events: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    waits: dict[str, float] = field(default_factory=dict)  # what the last step was waited for, in s

    def step(self) -> str:
        """Do one thing, mend the lab, and look; what was done. Raises `BrokenError`."""
        return self._take(*self.random.choice(self._trouble()))

    def each(self) -> Iterator[str]:
        """Do each damage that there is, one after the other, as `step` does."""
        names = [one.name for one in self._damages()]
        for name in self.random.sample(names, len(names)):
            found = {one.name: one for one in self._damages()}
            if name in found:
                yield self._take(f"damage: {name}", partial(self._damage, found[name]))

    def cuts(self, count: int) -> Iterator[str]:
        """Cut so many commands, each at a moment of the time that it takes; then as `step` does."""
        took = {words: self._time(words) for words in self._changing()}
        for _ in range(count):
            place, number = self.random.randrange(len(took)), self.random.choice(CUTS)
            after = self.random.uniform(0, list(took.values())[place])
            words = list(self._changing())[place]
            name = f"cut: {' '.join(words)} by {number.name} after {after:.2f} s"
            yield self._take(name, partial(self._cut, words, number, after))

    def _changing(self) -> Iterator[tuple[str, ...]]:
        """The commands that are cut, some of them about an instance that is there."""
        some = min(self.running)
        yield from COMMANDS
        yield from (("instance", "reboot", some), ("exec", some, "--", "ping", "-c1", "10.0.0.1"))

    def _time(self, words: tuple[str, ...]) -> float:
        """How many seconds the command takes by itself."""
        begun = monotonic()
        subprocess.run([*TGW, *words, "--lab", self.lab.name], capture_output=True, check=False)
        took = monotonic() - begun
        self._mend(f"timing {' '.join(words)}")
        return took

    def _take(self, name: str, do: Callable[[], object]) -> str:
        """Do it, mend the lab, and look; its name. Raises `BrokenError`."""
        kind = name.split(":")[0]
        with self._traffic():
            do()
            self._mend(name)
        self._hold(name)
        self.steps[kind] += 1
        return name

    def populate(self) -> None:
        """Have as few instances as there may be."""
        while len(self.running) < INSTANCES.start:
            self._launch()

    def _trouble(self) -> list[tuple[str, Callable[[], object]]]:
        """All that may be done, in an order that does not depend on process ids."""
        found: list[tuple[str, Callable[[], object]]] = [
            (f"{name}: {role}", partial(self._signal, role, number))
            for role in lifecycle.READY
            for name, number in (("kill", signal.SIGKILL), ("stop", signal.SIGSTOP))
        ]
        found.append(("kill: all workers", partial(self._signal_workers, signal.SIGKILL)))
        found.append(("stop: a worker", partial(self._signal_workers, signal.SIGSTOP, 1)))
        found.append(("kill: everything", self._kill_everything))
        for words in COMMANDS:
            for number in CUTS:
                after = self.random.uniform(0, CUT_WITHIN_S)
                name = f"cut: {' '.join(words)} by {number.name} after {after:.2f} s"
                found.append((name, partial(self._cut, words, number, after)))
        calls = [("call: launch", self._launch)] * (len(self.running) < INSTANCES.stop)
        calls += [("call: terminate", self._terminate)] * (len(self.running) > INSTANCES.start)
        found += 3 * [*calls, ("call: reboot", self._reboot), ("call: bind", self._bind)]
        return found + 10 * [self._some_damage()]

    def _some_damage(self) -> tuple[str, Callable[[], object]]:
        """One damage or two at once."""
        found = self._damages()
        # As many numbers in each step: what there is to damage depends on more than the seed.
        chances = [self.random.random() for _ in range(2)]
        two = [found[int(chance * len(found))] for chance in chances]
        return f"damage: {' and '.join(one.name for one in two)}", partial(self._damage, *two)

    def _damages(self) -> list[Damage]:
        return damages(self.lab, Instance(self.lab, min(self.running)))

    def _damage(self, *some: Damage) -> None:
        """Do the damage, which `tgw lab status` must tell of unless the lab mends it first."""
        for one in some:
            one.do()
        lasting = [one.name for one in some if not one.heals]
        if lasting and lifecycle.status(self.lab.name).up:
            raise BrokenError(f"'lab status' doesn't see {' and '.join(lasting)}")

    def _signal(self, role: str, number: signal.Signals) -> None:
        pid = roles.holder(self.lab.places.run, role)
        if pid is not None:
            os.kill(pid, number)

    def _signal_workers(self, number: signal.Signals, most: int = 99) -> None:
        for pid in list(workers(self.lab).values())[:most]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _kill_everything(self) -> None:
        for role in lifecycle.READY:
            self._signal(role, signal.SIGKILL)
        self._signal_workers(signal.SIGKILL)

    def _cut(self, words: tuple[str, ...], number: signal.Signals, after: float) -> None:
        process = subprocess.Popen(
            [*TGW, *words, "--lab", self.lab.name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        sleep(after)
        process.send_signal(number)
        _, told = process.communicate(timeout=MENDED_WITHIN_S)
        if tells_a_traceback(told):
            raise BrokenError(f"a command that is cut says: {told}")

    def _launch(self) -> None:
        with self._may_fail():
            self.running.add(self.lab.instance(bandwidth=10).id)

    def _terminate(self) -> None:
        instance_id = self.random.choice(sorted(self.running))
        self.running.remove(instance_id)  # from here on it may be gone
        with self._may_fail():
            self.lab.control.call("TerminateInstances", InstanceIds=[instance_id])
            self.ended.add(instance_id)

    def _reboot(self) -> None:
        with self._may_fail():
            instance_id = self.random.choice(sorted(self.running))
            self.lab.control.call("RebootInstances", InstanceIds=[instance_id])

    def _bind(self) -> None:
        """Bind an EIP, and give the one that was there back."""
        instance_id = self.random.choice(sorted(self.running))
        call = self.lab.control.call
        with self._may_fail():
            idle = call("DescribeAddresses", Limit=100)["AddressSet"]
            for eip in idle:
                if eip["InstanceId"] is None:
                    call("ReleaseAddresses", AddressIds=[eip["AddressId"]])
            (eip_id,) = call("AllocateAddresses")["AddressSet"]
            call("AssociateAddress", AddressId=eip_id, InstanceId=instance_id)

    @contextmanager
    def _may_fail(self) -> Iterator[None]:
        """A call may be refused, as the instance has work under way or control isn't there."""
        with suppress(*MAY_FAIL):
            yield

    @contextmanager
    def _traffic(self) -> Iterator[None]:
        """Packets to and from an instance all the while."""
        public: list[str] = []
        with self._may_fail():
            public += [address for one in self._instances() for address in one["PublicIpAddresses"]]
        ping = ("ping", "-n", "-q", "-i", "0.02", *(public[:1] or ["127.0.0.1"]))
        enter = ("ip", "netns", "exec", self.lab.uplink)
        silent = subprocess.DEVNULL
        with subprocess.Popen([*enter, *ping], stdout=silent, stderr=silent) as process:
            try:
                yield
            finally:
                process.kill()

    def _mend(self, name: str) -> None:
        """Bring the lab up. Each try that fails must say why in one line."""
        told = []
        for _ in range(TRIES):
            done = self.lab.run("lab", "up", "--topology", str(self.topology))
            if done.returncode == 0:
                return
            lines = [one for one in done.stderr.splitlines() if not one.startswith("lab ")]
            told.append(done.stderr)
            if len(lines) != 1 or not lines[0].startswith("tgw: "):
                break
        raise BrokenError(f"after {name!r} 'lab up' says: {' | '.join(told)}")

    def _hold(self, name: str) -> None:
        """Look whether all is as it must be."""
        for what, check in (
            ("the lab is up", lambda: lifecycle.status(self.lab.name).up),
            ("what was acknowledged is there", self._keeps_promises),
            ("packets pass", self._packets_pass),
            ("the table is what control says", self._table_is_true),
            ("the log is whole", self._log_is_whole),
        ):
            begun = monotonic()
            errors: list[Exception] = []
            try:
                eventually(partial(self._tried, check, errors), MENDED_WITHIN_S)
            except AssertionError as error:
                told = f"after {name!r}: not {what!r}: {errors[-1] if errors else 'it never was'}"
                raise BrokenError(told) from error
            self.waits[what] = monotonic() - begun

    def _tried(self, check: Callable[[], bool], errors: list[Exception]) -> bool:
        """Whether it holds; it doesn't while control is being replaced."""
        try:
            return check()
        except (*MAY_FAIL, AssertionError, StoreError) as error:
            errors.append(error)
            return False

    def _instances(self) -> list[dict[str, list[str]]]:
        found = self.lab.control.call("DescribeInstances", Limit=100)["InstanceSet"]
        return [one for one in found if one["InstanceState"] == "RUNNING"]

    def _keeps_promises(self) -> bool:
        ids = {str(one["InstanceId"]) for one in self._instances()}
        self.running |= ids  # an answer that was lost may have been a yes
        return self.running <= ids and not self.ended & ids

    def _packets_pass(self) -> bool:
        return all(
            self.lab.pings("internet", public)
            and self.lab.pings(str(one["InstanceId"]), self.lab.topology.clients[0])
            and self.lab.curl(str(one["InstanceId"]), METADATA) == public
            for one in self._instances()
            for public in one["PublicIpAddresses"]
        )

    def _table_is_true(self) -> bool:
        table = {one["public"]: one["private"] for one in self.lab.ask("table")["mappings"]}
        return table == {
            public: one["PrivateIpAddresses"][0]
            for one in self._instances()
            for public in one["PublicIpAddresses"]
        }

    def _log_is_whole(self) -> bool:
        reader = SqliteReader(self.lab.places.log)
        try:
            reader.check()
            before, self.events = self.events, reader.length()
        finally:
            reader.close()
        return self.events >= before


def run(
    seconds: float,
    seed: int,
    say: Callable[[str], object] = print,
    *,
    each: bool = False,
    cuts: int = 0,
) -> Counter[str]:
    """Trouble a lab for some seconds; how many steps of each kind. Raises `BrokenError`.

    A step that has begun is carried through, and one is at the least. With `each` the steps are the
    damages that there are, once each, and with `cuts` so many commands that are cut; when all are
    done it ends.
    """
    done: list[str] = []
    with lab_of(new_topology()) as lab, TemporaryDirectory() as folder:
        file = Path(folder, "lab.toml")
        file.write_text(f'vpc = "{lab.topology.vpc}"\nquarantine_s = 0\n')
        chaos = Chaos(lab, file, Random(seed))  # noqa: S311
        chaos.populate()
        end = monotonic() + seconds
        steps = chaos.each() if each else chaos.cuts(cuts) if cuts else iter(chaos.step, None)
        begun = monotonic()
        try:
            for step in steps:
                done.append(step)
                slowest = max(chaos.waits, key=lambda what: chaos.waits[what])
                waited = f"{chaos.waits[slowest]:.1f} s until {slowest}"
                say(f"{len(done):>4}  {monotonic() - begun:5.1f} s  {step}  ({waited})")
                begun = monotonic()
                if begun > end:
                    break
        except BrokenError as error:
            raise BrokenError(f"seed {seed}, step {len(done) + 1}: {error}") from error
    return chaos.steps


def main() -> None:
    """Read the command line of scripts/chaos, and exit 1 if something didn't hold."""
    parser = ArgumentParser(prog="scripts/chaos", description="Trouble a lab under traffic.")
    parser.add_argument("--for", dest="seconds", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--each", action="store_true", help="each damage to an object, once")
    parser.add_argument("--cuts", type=int, default=0, metavar="N", help="only N cuts of commands")
    given = parser.parse_args()
    try:
        steps = run(given.seconds, given.seed, each=given.each, cuts=given.cuts)
    except BrokenError as error:
        sys.exit(f"chaos: {error}")
    print(
        f"{steps.total()} steps, all mended: {', '.join(f'{n} of {k}' for k, n in steps.items())}"
    )


if __name__ == "__main__":
    main()
