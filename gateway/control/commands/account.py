"""What the operator can ask for the account."""

from dataclasses import dataclass

from gateway.control.values.account import Behaviour


@dataclass(frozen=True, slots=True)
class ConfigureAccount:
    """Change the settings of the account where they aren't None; for the operator."""

    behaviour: Behaviour | None = None
    eips_max: int | None = None
    applications_max: int | None = None


AccountCommand = ConfigureAccount
