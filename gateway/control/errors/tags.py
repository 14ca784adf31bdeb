"""Why something about tags is refused."""

from gateway.control.errors.base import DomainError


class TagKeyEmptyError(DomainError):
    """The key of a tag has not a single character."""


class TagKeyTooLongError(DomainError):
    """The key of a tag has too many characters."""


class TagKeyCharactersError(DomainError):
    """The key of a tag has characters that can't be printed, or spaces around it."""


class TagKeyReservedError(DomainError):
    """The key of a tag begins as only the cloud's own do."""


class TagValueTooLongError(DomainError):
    """The value of a tag has too many characters."""


class TagValueCharactersError(DomainError):
    """The value of a tag has characters that can't be printed."""


class DuplicateTagError(DomainError):
    """The same key is given twice for one resource."""


class TagQuotaError(DomainError):
    """The resource would have more tags than it may have."""


class TagKeyQuotaError(DomainError):
    """The account would have tags with more keys than it may have."""


class TagValueQuotaError(DomainError):
    """The account would have more values for one key than it may have."""


class TagExistsError(DomainError):
    """The account has the tag that was to be created."""


class UnknownTagError(DomainError):
    """The account has no tag with this key and value."""


class TagInUseError(DomainError):
    """A resource has the tag, so that it can't be deleted."""


class UnknownResourceError(DomainError):
    """Nothing that could have a tag has this id."""
