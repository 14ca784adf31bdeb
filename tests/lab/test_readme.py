"""The README's tour is true: every command in it is run, and its output compared."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support.labs import Lab, eventually, leftovers, new_topology

README = Path(__file__).parents[2] / "README.md"

# What is another in every run: ids, times, process ids, counts of packets.
VARYING = (
    (r"\b(ins|eip)-[a-z0-9]{8}\b", r"\1-ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\[\d+/\w+/\d{4} [\d:]+\]", "[TIME]"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"process \d+", "process PID"),
    (r"eth0@if\d+", "eth0@ifN"),
    (r"(203\.0\.113\.\d+)( +\d+){4}$", r"\1 COUNTS"),
    (r"translated +\d+", "translated COUNT"),
    (r"fast path: \d+ of \d+ packets, [0-9.]+ %", "fast path: SHARE"),
    (r"lab t\d+-\d+", "lab lab"),
)


@dataclass
class Said:
    """A command of the README, and what it says the command prints."""

    command: str
    output: list[str] = field(default_factory=list)


def tour() -> list[Said]:
    said: list[Said] = []
    for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("# "):
                said.append(Said(line[2:]))
            else:
                said[-1].output.append(line)
    return said


def without_proxies() -> dict[str, str]:
    """The environment, in which `tccli` calls a port of the loopback directly."""
    return {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}


def masked(line: str) -> str:
    for pattern, name in VARYING:
        line = re.sub(pattern, name, line)
    return " ".join(line.split())


def command_of(step: Said, shell: Path) -> list[str]:
    """The command in a shell that has what those before it left, with this `tgw` and `tccli`."""
    tgw = f"{shlex.quote(sys.executable)} -m gateway.cli.start"
    if step.command.endswith("&"):
        words = step.command.removesuffix("&").replace("tgw", f"exec {tgw}", 1)
        return ["bash", "-c", words]
    kept = shlex.quote(str(shell))
    # What bash makes of itself can't be set anew: sourcing says so on its own standard error.
    begin = f'source {kept} 2> /dev/null; tgw() {{ {tgw} "$@"; }}'
    return ["bash", "-c", f"{begin}; {step.command} && {{ declare -p; declare -f; }} > {kept}"]


def test_the_tour_is_true(tmp_path: Path) -> None:
    lab = Lab(new_topology())
    steps = tour()
    assert len(steps) > 10
    serving: list[subprocess.Popen[str]] = []
    log = tmp_path / "background.log"
    environment = without_proxies() | {
        "TGW_LAB": lab.name,
        "PYTHONUNBUFFERED": "1",
        "HOME": str(tmp_path),  # tccli keeps a folder there
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    shell = tmp_path / "shell"
    shell.touch()
    try:
        with log.open("w") as background:
            for step in steps:
                if step.command.endswith("&"):
                    # Its lines go to a file: in the README they come between the next command's.
                    serving.append(
                        subprocess.Popen(
                            command_of(step, shell),
                            cwd=tmp_path,
                            env=environment,
                            stdout=background,
                            stderr=subprocess.STDOUT,
                            text=True,
                        )
                    )
                    eventually(lambda: "Serving" in log.read_text())
                    log.write_text("")
                    continue
                done = subprocess.run(
                    command_of(step, shell),
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=True,
                    timeout=60,
                )
                output = log.read_text().lstrip("\0") + done.stdout
                log.write_text("")
                assert [masked(line) for line in output.splitlines()] == [
                    masked(line) for line in step.output
                ], step.command
    finally:
        lab.run("lab", "down")
        for process in serving:
            process.wait(10)
    assert leftovers(lab.name) == []
