"""What every refusal is, and the refusals that belong to no single resource."""


class ControlError(Exception):
    """An error of control: its text is one line, with the fault and what to do."""


class DomainError(ControlError):
    """The command is refused, and nothing has changed."""


class AdapterError(ControlError):
    """The kernel, the log or a worker failed; the command may have been recorded."""


class InvalidValueError(DomainError):
    """A value has a wrong form, or isn't possible here."""


class RangeError(DomainError):
    """A number is below or above its range."""


class CombinationError(DomainError):
    """Two values of one command contradict each other."""


class NameTooLongError(DomainError):
    """The name of an EIP or package is too long."""


class UnknownTaskError(DomainError):
    """The log has no event with the number of the task."""
