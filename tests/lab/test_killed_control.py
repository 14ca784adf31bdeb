"""Control is killed again and again while clients call it: nothing they were answered is lost.

    TGW_SOAK_S=600 TGW_SEED=1 scripts/test tests/lab/test_killed_control.py -s --timeout 900

goes on for ten minutes, with the calls of seed 1.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from random import Random, SystemRandom
from threading import Event

from support.audit import Audit
from support.blows import kill
from support.clients import Remembering, at_rest, seen
from support.labs import TGW, Lab, eventually, lab_of, new_topology
from support.snapshot import expected_mappings

from gateway.control import events as ev
from gateway.control.compile import compile_table
from gateway.control.state import State
from gateway.exchange import generations
from gateway.lab.hosts import GATEWAY, INTERNET
from gateway.site import roles
from gateway.store.records import Record
from gateway.store.sqlite import SqliteReader

SOAK_S = float(os.environ.get("TGW_SOAK_S", "20"))
CLIENTS = 4
ACKNOWLEDGED_MIN = 200  # on the slowest of machines
POOL = "203.0.112.0/21"
KILLED_AFTER_S = (0.05, 1.5)
STARTING_S = (0.0, 1.0)


def test_whatever_was_acknowledged_survives_and_nothing_is_half_done() -> None:
    seed = os.environ.get("TGW_SEED") or str(SystemRandom().randrange(1 << 32))
    print(f"TGW_SEED={seed}")
    rng = Random(seed)  # noqa: S311
    clients = [Remembering(f"c{n}", Random(f"{seed}.{n}")) for n in range(CLIENTS)]  # noqa: S311
    outcomes: Counter[bool | None] = Counter()
    with lab_of(replace(new_topology(), pool=POOL)) as lab:
        lab.control.call("ConfigureAccount", EipsMax=1000, ApplicationsMax=1_000_000)
        end = time.monotonic() + SOAK_S
        while time.monotonic() < end:
            kept = killed_at_work(lab, clients, rng)
            if rng.random() < 0.2:
                kill_while_it_starts(lab, rng)
            lab.restart(roles.CONTROL)
            eventually(lambda: at_rest(lab.control), within_s=20)
            assert records(lab)[: len(kept)] == kept
            assert_all_agree(lab)
            everything = seen(lab.control)
            for client in clients:
                done = client.compare(everything)
                outcomes[done] += 1
                client.repeat(lab.control, done=bool(done))
    acknowledged = sum((client.acknowledged for client in clients), Counter[str]())
    refused = sum((client.refused for client in clients), Counter[str]())
    print(f"{acknowledged.total()} acknowledged {dict(acknowledged)}, refused {dict(refused)}")
    print(f"unanswered calls: {outcomes[True]} carried out, {outcomes[False]} not")
    assert acknowledged.total() > ACKNOWLEDGED_MIN


def killed_at_work(lab: Lab, clients: list[Remembering], rng: Random) -> list[Record]:
    """Let the clients call, and kill control at some moment; the log it leaves."""
    stop = Event()
    with ThreadPoolExecutor(len(clients)) as threads:
        working = [threads.submit(client.work, lab.control, stop) for client in clients]
        time.sleep(rng.uniform(*KILLED_AFTER_S))
        kill(lab, roles.CONTROL)
        stop.set()
        for done in working:
            done.result(timeout=60)
    return records(lab)


def kill_while_it_starts(lab: Lab, rng: Random) -> None:
    """Kill it at its work of the first second, too."""
    with subprocess.Popen(
        [*TGW, "control", "--lab", lab.name], stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(rng.uniform(*STARTING_S))
        process.send_signal(signal.SIGKILL)


def records(lab: Lab) -> list[Record]:
    """The log."""
    with closing(SqliteReader(lab.places.log)) as reader:
        return list(reader.read())


def assert_all_agree(lab: Lab) -> None:
    """The log follows the rules; what it adds up to is in force, and on the machine."""
    state, audit = State(), Audit()
    for record in records(lab):
        audit.take(record)
        state.evolve(ev.from_record(record), record.at)
    published = generations.load(lab.places.run)
    assert published == compile_table(state)
    assert len(published.mappings) == len(expected_mappings(state))
    assert generations.laggards(lab.places.run, state.sequence) == []
    assert set(lab.hosts.names()) == {INTERNET, GATEWAY, *state.instances}
