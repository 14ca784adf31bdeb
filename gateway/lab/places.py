"""Where a lab's things are: its directories and the names of its namespaces.

Every name carries the lab's, so labs live side by side. A lab's name has no dot, so the prefix of
one is never the prefix of another.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gateway.lab.topology import Topology, TopologyError
from gateway.net import namespace

RUN: Final = Path("/run/tgw")
STATE: Final = Path("/var/lib/tgw")
LAB_VARIABLE: Final = "TGW_LAB"  # the environment's choice of a lab
DEFAULT_LAB: Final = "lab"
INTERNET: Final = "internet"
GATEWAY: Final = "gateway"


@dataclass(frozen=True, slots=True)
class Places:
    """The places of the lab called `lab`."""

    lab: str

    @property
    def run(self) -> Path:
        """What lives as long as the lab is up: sockets, tables, counters, logs."""
        return RUN / self.lab

    @property
    def state(self) -> Path:
        """What outlives a reboot: the event log, the API's credentials."""
        return STATE / self.lab

    @property
    def log(self) -> Path:
        """The event log."""
        return self.state / "events.db"

    @property
    def book(self) -> Path:
        """The meter's: what public addresses carried."""
        return self.state / "meter.db"

    @property
    def socket(self) -> Path:
        """Where control listens."""
        return self.run / "control.sock"

    @property
    def credentials(self) -> Path:
        """The pairs of SecretId and SecretKey; only root can read it."""
        return self.state / "credentials.json"

    @property
    def role_secret(self) -> Path:
        """The secret that temporary credentials are derived from; only root can read it."""
        return self.state / "roles.key"

    @property
    def endpoint(self) -> Path:
        """Says where control listens for signed requests: a URL."""
        return self.run / "api"

    @property
    def prefix(self) -> str:
        """What the names of all its namespaces begin with."""
        return f"tgw.{self.lab}."

    def namespace(self, host: str) -> str:
        """The namespace of a host: `internet`, `gateway` or an instance's id."""
        return self.prefix + host

    def hosts(self) -> list[str]:
        """The hosts that are there now."""
        return [name.removeprefix(self.prefix) for name in namespace.names(self.prefix)]

    def save(self, topology: Topology) -> None:
        """Remember what the lab was built from."""
        self.run.mkdir(parents=True, exist_ok=True)
        fresh = self.run / "topology.json.new"
        fresh.write_text(json.dumps(asdict(topology)))
        fresh.replace(self.run / "topology.json")

    def saved(self, run: Path | None = None) -> Topology | None:
        """What the lab was built from; None if it isn't up. Raises `TopologyError`.

        `run` is where its `run` is now, if it is going.
        """
        file = (run or self.run) / "topology.json"
        try:
            return Topology.from_values(json.loads(file.read_text()))
        except FileNotFoundError:
            return None
        except TopologyError:
            raise
        except (ValueError, AttributeError) as error:
            raise TopologyError(f"{file} is damaged: 'tgw lab down' removes it") from error
