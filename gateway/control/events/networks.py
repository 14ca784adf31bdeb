"""The networks that addresses are taken from: always the first event of a log."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabConfigured:
    """The networks were set: the public pools, and the VPC with its reserved addresses."""

    pools: tuple[str, ...]  # networks of public addresses
    quarantine_s: float
    vpc: str
    reserved: tuple[str, ...]  # private addresses that no instance gets: the VPC's gateway


NetworkEvent = LabConfigured
