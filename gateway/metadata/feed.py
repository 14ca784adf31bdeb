"""What control tells the metadata service: a folder with a file for each instance.

A file is named like the instance's private address and replaced whole, so a reader finds the old
facts or the new ones. Control writes and the service reads, and nothing goes the other way: a
service that was taken over can ask control for nothing, and one that is alone goes on. The
folder is root's, and of the service's group: nobody else reads user data and credentials in it.
"""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.control.values import RoleCredentials
from gateway.metadata.facts import Facts, Place
from gateway.runtime.files import replace_text

FOLDER_MODE: Final = 0o750
GENERATION: Final = "generation"


class _Owner(NamedTuple):
    stamp: tuple[int, int]  # of the file that said so
    instance_id: str | None


class Feed:
    """The facts of all instances, in the files of one folder."""

    def __init__(self, folder: Path) -> None:
        """The folder may be there or come later; a reader finds nothing until then."""
        self._folder = folder
        self._owners: dict[str, _Owner] = {}  # by address, as they were found last

    def open(self, group: int) -> None:
        """Make the folder, for this process to write and the group to read. Raises `OSError`."""
        self._folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        os.chown(self._folder, -1, group)
        self._folder.chmod(FOLDER_MODE)  # whatever the umask was

    def get(self, address: str) -> Facts | None:
        """The facts of the instance at a private address; None if there are none to be read."""
        if not _is_address(address):
            return None
        try:
            return _facts(json.loads((self._folder / address).read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def owner(self, address: str) -> str | None:
        """Whose facts are at a private address: the instance's id, None if nobody's."""
        try:
            file = (self._folder / address).stat()
        except OSError:
            self._owners.pop(address, None)
            return None
        stamp = (file.st_ino, file.st_mtime_ns)
        if address not in self._owners or self._owners[address].stamp != stamp:
            found = self.get(address)
            self._owners[address] = _Owner(stamp, found.instance_id if found else None)
        return self._owners[address].instance_id

    def put(self, facts: Facts) -> None:
        """Replace the facts of the instance at their private address. Raises `OSError`."""
        values = asdict(facts) | {"user_data": base64.b64encode(facts.user_data).decode()}
        file, text = self._folder / facts.local_ipv4, json.dumps(values)
        with suppress(OSError, ValueError):
            if file.read_text() == text:
                return  # a start of control finds most of them so
        replace_text(file, text)

    def drop(self, address: str) -> None:
        """Remove the facts of the instance at this address, if there are any. Raises `OSError`."""
        (self._folder / address).unlink(missing_ok=True)

    def addresses(self) -> Iterator[str]:
        """The private addresses of which there are facts. Raises `OSError`."""
        return (file.name for file in self._folder.iterdir() if _is_address(file.name))

    @property
    def generation(self) -> int:
        """The generation whose facts are all here; 0 if that isn't known."""
        try:
            return int((self._folder / GENERATION).read_text())
        except (OSError, ValueError):
            return 0

    @generation.setter
    def generation(self, generation: int) -> None:
        replace_text(self._folder / GENERATION, f"{generation}\n")


def _is_address(name: str) -> bool:
    try:
        return str(IPv4Address(name)) == name
    except AddressValueError:
        return False


def _facts(values: dict[str, Any]) -> Facts:
    kept = values["credentials"]
    made = {
        "place": Place(**values["place"]),
        "user_data": base64.b64decode(values["user_data"]),
        "credentials": RoleCredentials(**kept) if kept else None,
    }
    return Facts(**(values | made))
