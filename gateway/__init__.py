"""tgw, a TGW-like 1:1 NAT gateway: what a script may import.

The names of `__all__` stay as they are from one release to the next; everything else in the package
may change. docs/scripting.md shows them at work: a capture through the rules, the table and the
counters of a running gateway, calls of its API.

The names are imported when they are first asked for, so `import gateway` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gateway.api.client import Client as Client
    from gateway.api.client import ControlUnreachableError as ControlUnreachableError
    from gateway.api.client import NotDoneError as NotDoneError
    from gateway.api.errors import ApiError as ApiError
    from gateway.engine.replay import ENGINES as ENGINES
    from gateway.engine.replay import Replayed as Replayed
    from gateway.engine.replay import replay as replay
    from gateway.exchange.generations import load as load_published
    from gateway.exchange.worker_page import Counts as Counts
    from gateway.exchange.worker_page import Traffic as Traffic
    from gateway.exchange.worker_page import counts as counts
    from gateway.nat.outcome import Direction as Direction
    from gateway.nat.outcome import Outcome as Outcome
    from gateway.nat.reasons import Reason as Reason
    from gateway.nat.table import BadTableError as BadTableError
    from gateway.nat.table import Mapping as Mapping
    from gateway.nat.table import Package as Package
    from gateway.nat.table import Table as Table
    from gateway.nat.table import build as build_table
    from gateway.nat.table_file import TableFileError as TableFileError
    from gateway.nat.table_file import load as load_table
    from gateway.packet.capture import read as read_capture
    from gateway.packet.frame import CaptureError as CaptureError
    from gateway.packet.frame import Frame as Frame
    from gateway.site.places import Places as Places

    __version__: str

__all__ = [
    "ENGINES",
    "ApiError",
    "BadTableError",
    "CaptureError",
    "Client",
    "ControlUnreachableError",
    "Counts",
    "Direction",
    "Frame",
    "Mapping",
    "NotDoneError",
    "Outcome",
    "Package",
    "Places",
    "Reason",
    "Replayed",
    "Table",
    "TableFileError",
    "Traffic",
    "build_table",
    "counts",
    "load_published",
    "load_table",
    "read_capture",
    "replay",
]

# Where each public name comes from: its module, and what it is called there.
_HOMES: Final = {
    # packets through the rules
    "replay": "gateway.engine.replay:replay",
    "ENGINES": "gateway.engine.replay:ENGINES",
    "Replayed": "gateway.engine.replay:Replayed",
    "Outcome": "gateway.nat.outcome:Outcome",
    "Reason": "gateway.nat.reasons:Reason",
    "Direction": "gateway.nat.outcome:Direction",
    "read_capture": "gateway.packet.capture:read",
    "Frame": "gateway.packet.frame:Frame",
    "CaptureError": "gateway.packet.frame:CaptureError",
    # tables
    "Table": "gateway.nat.table:Table",
    "Mapping": "gateway.nat.table:Mapping",
    "Package": "gateway.nat.table:Package",
    "build_table": "gateway.nat.table:build",
    "load_table": "gateway.nat.table_file:load",
    "TableFileError": "gateway.nat.table_file:TableFileError",
    "BadTableError": "gateway.nat.table:BadTableError",
    # a running gateway
    "Places": "gateway.site.places:Places",
    "load_published": "gateway.exchange.generations:load",
    "counts": "gateway.exchange.worker_page:counts",
    "Counts": "gateway.exchange.worker_page:Counts",
    "Traffic": "gateway.exchange.worker_page:Traffic",
    # its API
    "Client": "gateway.api.client:Client",
    "ApiError": "gateway.api.errors:ApiError",
    "NotDoneError": "gateway.api.client:NotDoneError",
    "ControlUnreachableError": "gateway.api.client:ControlUnreachableError",
}
_VERSION: Final = "gateway.runtime.version:VERSION"


def __getattr__(name: str) -> Any:
    """Import a name of `__all__`. Raises `AttributeError` for any other."""
    home = _VERSION if name == "__version__" else _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gateway' has no attribute {name!r}")
    module, _, original = home.partition(":")
    return getattr(import_module(module), original)


def __dir__() -> list[str]:
    """List the public names, also those that are not imported yet."""
    return sorted([*_HOMES, "__version__"])
