"""What both ends of the API know."""


class ApiError(Exception):
    """An answer with an error code of the cloud's."""

    def __init__(self, code: str, message: str) -> None:
        """The code, e.g. `InvalidInstanceId.NotFound`, and one line for people."""
        super().__init__(message)
        self.code = code
        self.message = message


class BadValueError(ApiError, ValueError):
    """A parameter's value can't be taken, for which the cloud has a code of its own."""
