"""The account: its settings, and what they permit."""

from dataclasses import dataclass
from enum import StrEnum

REASSIGNMENTS_MAX = 10  # ordinary public IPs in a day, for instances that an EIP leaves


class Behaviour(StrEnum):
    """What binding and unbinding do to ordinary public IPs; the cloud's texts disagree there.

    LEGACY is the older: binding an EIP releases the ordinary public IP, unbinding assigns a new
    one, and an EIP that is bound moves. STANDARD is today's: the user returns the ordinary public
    IP before and asks for a new one after, and unbinds an EIP before binding it elsewhere.
    """

    LEGACY = "LEGACY"
    STANDARD = "STANDARD"


@dataclass(frozen=True, slots=True)
class Account:
    """The settings of the account, and its quotas."""

    behaviour: Behaviour = Behaviour.LEGACY
    eips_max: int = 20
    applications_max: int = 40  # applications for EIPs, in a day
