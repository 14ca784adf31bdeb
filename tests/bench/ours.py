"""Our data plane as a program: what the bench starts, and all that it knows of the engines.

`python ours.py DIRECTORY ENGINE QUEUES UPLINK ADDRESS POOL` carries packets in its namespace until
it is ended.
"""

import sys
from pathlib import Path
from typing import Final

from gateway.dataplane import record, service
from gateway.dataplane.record import Settings
from gateway.engine import rules
from gateway.nat.mark import LOWEST_BITS
from gateway.steering.kernel import point
from gateway.steering.ruleset import Steering

FIRST_ENGINE: Final = "netfilterqueue"
COMPILED_ENGINE: Final = "batch"


def steering_for(uplink: str, address: str, pool: str, queues: range = range(1)) -> Steering:
    """The production rules; the peers that are compared know no mask, and read the whole mark."""
    return Steering(uplink, address, (pool,), queues=queues, bits=LOWEST_BITS)


def lacking(engine: str) -> str:
    """Why this engine can't be measured; nothing if it can."""
    if engine == COMPILED_ENGINE:
        try:
            rules.compiled()
        except ImportError as error:
            return f"not compiled here: {error}"
    return ""


def is_in_service(directory: Path, process: int) -> bool:
    """Whether that process has put its workers behind the queues."""
    return record.load(directory).supervisor == process


def main() -> None:
    """Run the data plane; a signal ends it."""
    directory, engine, queues, uplink, address, pool = sys.argv[1:]
    service.run(
        Path(directory),
        Settings(engine=engine, queues=int(queues)),
        lambda numbers: point(steering_for(uplink, address, pool, numbers)),
        bits=LOWEST_BITS,
    )


if __name__ == "__main__":
    main()
