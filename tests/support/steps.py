"""The background of a world, one step at a time, and what everybody may see between the steps."""

from typing import Any

from support.api import call
from support.world import World

from gateway.control.values import InstanceState

GONE = "gone"
# What may follow what, seen by somebody who misses nothing. LEGACY moves an EIP that is bound.
ADDRESS_LIFE = {
    None: {"CREATING", "BIND"},  # one that was an ordinary address comes bound
    "CREATING": {"UNBIND"},
    "UNBIND": {"BINDING", "OFFLINING"},
    "BINDING": {"BIND"},
    "BIND": {"UNBINDING", "BINDING"},
    "UNBINDING": {"UNBIND"},
    "OFFLINING": {GONE},
    GONE: set[str](),
}
INSTANCE_LIFE = {
    None: {"PENDING"},
    "PENDING": {"RUNNING", "LAUNCH_FAILED"},
    "RUNNING": {"STOPPING", "REBOOTING", "TERMINATING"},
    "STOPPING": {"STOPPED"},
    "STOPPED": {"STARTING", "TERMINATING"},
    "STARTING": {"RUNNING"},
    "REBOOTING": {"RUNNING"},
    "LAUNCH_FAILED": {"TERMINATING"},
    "TERMINATING": {GONE},
    GONE: set[str](),
}
BOUND = {"BINDING", "BIND"}


def reachable(life: dict[str | None, set[str]]) -> dict[str | None, set[str]]:
    """What may be seen next by somebody who looks now and then."""
    closure = {word: set(after) for word, after in life.items()}
    for _ in life:
        for after in closure.values():
            after.update(*(closure[word] for word in list(after)))
    return closure


class Watcher:
    """Somebody who describes everything again and again, and asserts that it could come so."""

    def __init__(
        self, addresses: dict[str | None, set[str]], instances: dict[str | None, set[str]]
    ) -> None:
        """`addresses` and `instances` say what may follow what."""
        self._lives = {"Address": addresses, "Instance": instances}
        self._seen: dict[str, str] = {}
        self.transitions: set[tuple[str | None, str]] = set()

    def take(self, kind: str, rows: list[dict[str, Any]]) -> None:
        """Take in all there is of a kind, `Address` or `Instance`."""
        word = {"Address": "AddressStatus", "Instance": "InstanceState"}[kind]
        now = {row[f"{kind}Id"]: str(row[word]) for row in rows}
        prefix = {"Address": "eip-", "Instance": "ins-"}[kind]
        before = {key for key in self._seen if key.startswith(prefix)}
        for key in now.keys() | before:
            self._follow(kind, key, now.get(key, GONE))
        if kind == "Address":
            for row in rows:
                assert bool(row["InstanceId"]) == (row["AddressStatus"] in BOUND), row

    def _follow(self, kind: str, key: str, after: str) -> None:
        before = self._seen.get(key)
        if before != after:
            assert after in self._lives[kind][before], f"{key}: {before} to {after}"
            self.transitions.add((before, after))
        self._seen[key] = after


def look(world: World, watcher: Watcher) -> None:
    """Describe everything."""
    watcher.take("Address", call(world, "DescribeAddresses", {})["AddressSet"])
    watcher.take("Instance", call(world, "DescribeInstances", {})["InstanceSet"])


def assert_nothing_waits(world: World) -> None:
    """The world has caught up with the log."""
    with world.control.state() as state:
        assert not any(one.is_behind(state) for one in world.control.publications)
        assert not world.control.busy()
        assert not world.control.doubtful
        assert not state.passing
        assert not world.control.progress.statuses
        assert not world.control.progress.states
        assert not world.control.progress.offlining
        assert not world.control.progress.given_back
        resting = (InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.LAUNCH_FAILED)
        assert all(instance.state in resting for instance in state.instances.values())
