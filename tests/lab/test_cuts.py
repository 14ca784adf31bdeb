"""A command that changes something is cut at any moment: the next one, at once, mends what is left.

How far the command came is a matter of chance. So is what the test begins with: whatever the cut
before has left.
"""

import random
import signal
import subprocess
import time

from support.blows import tells_a_traceback
from support.labs import TGW, Instance, Lab, eventually, lab_of, new_topology

SEED = 7
BUSY_S = 60.0  # a busy machine takes that long at the very most
CUTS = 4
MOMENTS_S = (0.0, 2.0)  # from before the first import until after the end
COMMANDS = (
    ("lab", "down", "--keep-state"),
    ("lab", "up"),
    ("dataplane", "restart"),
    ("instance", "reboot", "web"),
    ("credentials", "--new"),
)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


def cut(lab: Lab, words: tuple[str, ...], number: signal.Signals, after_s: float) -> str:
    """Start the command and cut it; what it has said on standard error."""
    with subprocess.Popen(
        [*TGW, *words, "--lab", lab.name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(after_s)  # not a wait for something: the moment of the cut is the test's input
        process.send_signal(number)
        return process.communicate(timeout=300)[1]


def test_what_a_cut_command_leaves_the_next_one_mends() -> None:
    rng = random.Random(SEED)  # noqa: S311
    with lab_of(new_topology()) as lab:
        instance = lab.instance("web")
        eventually(lambda: instance.show()["InstanceState"] == "RUNNING")
        for words in (("lab", "down", "--keep-state"), *rng.sample(COMMANDS, CUTS - 1)):
            number, after_s = rng.choice(SIGNALS), rng.uniform(*MOMENTS_S)
            case = f"{' '.join(words)}, {number.name} after {after_s:.3f} s"
            said = cut(lab, words, number, after_s)
            assert not tells_a_traceback(said), case
            done = lab.run("lab", "up")
            assert done.returncode == 0, f"{case}: {done.stderr}"
            packets_pass(lab, instance)


def packets_pass(lab: Lab, instance: Instance) -> None:
    eventually(lambda: instance.show()["InstanceState"] == "RUNNING", within_s=BUSY_S)
    public = instance.public
    eventually(lambda: lab.pings("internet", public), within_s=BUSY_S)
    eventually(lambda: lab.pings(instance.id, lab.topology.clients[0]), within_s=BUSY_S)
