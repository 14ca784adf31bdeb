"""What happened to the account: its settings, the requests it sent, the tags it gave."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountConfigured:
    """The settings of the account changed to these."""

    behaviour: str
    eips_max: int
    applications_max: int


@dataclass(frozen=True, slots=True)
class TokenAnswered:
    """A request with a client token was answered with these ids; `digest` identifies it."""

    kind: str
    token: str
    digest: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """An instance, an EIP or a bandwidth package got this tag."""

    resource_id: str
    key: str
    value: str


AccountEvent = AccountConfigured | TokenAnswered | Tagged
