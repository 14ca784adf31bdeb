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
    """A resource got this tag, or another value for the key; the account has the tag now, too."""

    resource_id: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Untagged:
    """A resource lost its tag with this key; the account keeps the tag."""

    resource_id: str
    key: str


@dataclass(frozen=True, slots=True)
class TagCreated:
    """The account got a tag that no resource has yet."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class TagDeleted:
    """The account lost a tag, which no resource had."""

    key: str
    value: str


AccountEvent = AccountConfigured | TokenAnswered | Tagged | Untagged | TagCreated | TagDeleted
