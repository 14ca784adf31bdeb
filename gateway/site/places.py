"""Where the files of a site are. Each site has two directories of its own: sites live side by side.

What a boot empties is under `RUN`, what stays is under `STATE`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUN: Final = Path("/run/tgw")
STATE: Final = Path("/var/lib/tgw")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,19}")  # what a site may be called
TOPOLOGY: Final = "topology.json"  # the file of what it was built from, in both directories


@dataclass(frozen=True, slots=True)
class Places:
    """The places of the site whose name is `name`."""

    name: str

    @property
    def run(self) -> Path:
        """What lives as long as the site is up: sockets, tables, counters, logs."""
        return RUN / self.name

    @property
    def is_up(self) -> bool:
        """Whether the site was built and not removed since."""
        return (self.run / TOPOLOGY).exists()

    @property
    def state(self) -> Path:
        """What outlives a reboot: the event log, the API's credentials."""
        return STATE / self.name

    @property
    def log(self) -> Path:
        """The database that holds the log of events."""
        return self.state / "events.db"

    @property
    def snapshot(self) -> Path:
        """The file of what the events added up to a while ago."""
        return self.state / "events.snapshot"

    @property
    def book(self) -> Path:
        """The meter's database: what public addresses have carried."""
        return self.state / "meter.db"

    @property
    def socket(self) -> Path:
        """The socket on which control listens for the command."""
        return self.run / "control.sock"

    @property
    def signed_socket(self) -> Path:
        """The socket on which control takes the signed requests of programs in instances."""
        return self.run / "signed.sock"

    @property
    def api_socket(self) -> Path:
        """The socket on which control takes the signed requests of programs on this machine."""
        return self.run / "api.sock"

    @property
    def facts(self) -> Path:
        """The folder of what the metadata service may know: a file for each instance."""
        return self.run / "facts"

    @property
    def credentials(self) -> Path:
        """The pairs of SecretId and SecretKey; only root can read the file."""
        return self.state / "credentials.json"

    @property
    def role_secret(self) -> Path:
        """The secret that temporary credentials are derived from; only root can read the file."""
        return self.state / "roles.key"

    @property
    def endpoint(self) -> Path:
        """The file that says where signed requests are taken: it holds a URL."""
        return self.run / "api"
