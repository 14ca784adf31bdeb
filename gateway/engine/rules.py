"""The rules, as Python interprets them and as they are compiled: one source, two ways to run it."""

from importlib import import_module
from typing import Any, Final, NamedTuple

from gateway import sources
from gateway.engine.gate import Gate
from gateway.nat.flows import Flows
from gateway.nat.flows_memory import flows_memory
from gateway.nat.policer import BUCKETS, Policer
from gateway.nat.table import Table
from gateway.nat.tally import Tally
from gateway.nat.translate import Translator
from gateway.nat.view import TableView


class Rules(NamedTuple):
    """The classes that the rules consist of. Interpreted and compiled ones can't be mixed."""

    table_view: type[TableView]
    policer: type[Policer]
    translator: type[Translator]
    tally: type[Tally]
    gate: type[Gate]
    flows: type[Flows]

    def for_table(self, table: Table) -> Translator:
        """A translator for one table, with full buckets that it shares with no other."""
        addresses = bytearray(table.slots * BUCKETS * 8)
        packages = bytearray(table.package_numbers * BUCKETS * 8)
        policer = self.policer(memoryview(addresses), memoryview(packages))
        return self.translator(self.table_view(table.memory), policer, self.flows(flows_of(table)))


def flows_of(table: Table) -> memoryview:
    """Memory for flows of its own, for who replays packets; none if no instance is filtered."""
    return memoryview(flows_memory(REPLAYED_BITS) if table.members else b"")


REPLAYED_BITS: Final = 10  # buckets of flows
INTERPRETED: Final = Rules(TableView, Policer, Translator, Tally, Gate, Flows)


def compiled() -> Rules:
    """The compiled rules. Raises `ImportError` if they weren't built, or from other sources."""
    module = compiled_module()
    return Rules(
        module.TableView,
        module.Policer,
        module.Translator,
        module.Tally,
        module.Gate,
        module.Flows,
    )


def compiled_module() -> Any:
    """`gateway.compiled`, if it was built from these sources. Raises `ImportError`."""
    module = import_module("gateway.compiled")
    if sources.digest() != module.SOURCES:
        raise ImportError("gateway.compiled was built from other sources: run scripts/setup")
    return module
