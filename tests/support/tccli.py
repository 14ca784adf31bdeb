"""`tccli`, called many times: one process reads its modules once, and a child answers each call.

A process of its own for each call costs a second of a processor, most of it to read modules and
to make parsers for the 267 services that the cloud has.

`tccli.py` reads a call a line, as JSON, and prints the exit status of each. What a call prints is
in the two files that the call names.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICES = ("cvm", "monitor", "sts", "tag", "vpc")


@dataclass(frozen=True)
class Tccli:
    """The cloud's command-line client, with one account, endpoint and home directory."""

    process: "subprocess.Popen[str]"
    home: Path
    endpoint: str
    environment: dict[str, str]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """The exit status of a call, and what it printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        printed = [self.home / name for name in ("stdout", "stderr")]
        arguments = [*words, "--endpoint", self.endpoint]
        call = [arguments, self.environment, [str(path) for path in printed]]
        self.process.stdin.write(f"{json.dumps(call)}\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, status, *(path.read_text() for path in printed)
        )

    def ask(self, *words: str) -> Any:
        """The answer to a call that must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done
        return json.loads(done.stdout)


@contextmanager
def tccli(endpoint: str, secret_id: str, secret_key: str, region: str) -> Iterator[Tccli]:
    """A client that calls an endpoint with a pair of keys, until the block ends."""
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        environment = {
            "HOME": home,
            "TENCENTCLOUD_SECRET_ID": secret_id,
            "TENCENTCLOUD_SECRET_KEY": secret_key,
            "TENCENTCLOUD_REGION": region,
        }
        try:
            yield Tccli(process, Path(home), endpoint, environment)
        finally:
            process.kill()


def _serve() -> None:
    from importlib import import_module

    import tccli.main  # type: ignore[import-untyped]
    from tccli.services import SERVICE_VERSIONS  # type: ignore[import-untyped]

    for service in SERVICE_VERSIONS.keys() - SERVICES:
        del SERVICE_VERSIONS[service]
    for service in SERVICES:
        import_module(f"tccli.services.{service}")
    for line in sys.stdin:
        arguments, environment, printed = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(environment)
            sys.argv = ["tccli", *arguments]
            for number, path in enumerate(printed, start=1):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            sys.exit(tccli.main.main())
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    sys.path.pop(0)  # else this file is what `import tccli` finds
    _serve()
