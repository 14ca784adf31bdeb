"""What requests are declared with: the kinds of their fields, and the base of them all.

Parsing and validation follow from these; a field that isn't here is an unknown parameter. What the
cloud's clients send as a matter of course, and what has no counterpart here, is `Ignored`. Of a
field that would change what happens only the value that changes nothing is taken.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

_TEXT: Final = object()  # the context in which every value arrives as text
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_FLAGS: Final = {"true": True, "false": False}


def _whole(value: Any, info: ValidationInfo) -> Any:
    if info.context is _TEXT and isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value


def _flag(value: Any, info: ValidationInfo) -> Any:
    if info.context is _TEXT and isinstance(value, str):
        return _FLAGS.get(value.lower(), value)
    return value


def _ignored(_value: Any, _handler: ValidatorFunctionWrapHandler) -> None:
    return None


def only(value: object) -> AfterValidator:
    """The one value that a field can have here."""

    def check(given: object) -> object:
        if given != value:
            raise ValueError(f"only {value} can be had here")
        return given

    return AfterValidator(check)


# JSON types are taken strictly: a number isn't a string.
Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole)]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
Ignored = Annotated[None, WrapValidator(_ignored)]
No = Annotated[Flag, only(False)]  # noqa: FBT003  the value itself


class Request(BaseModel):
    """An action's input."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def from_text(cls, parameters: Mapping[str, Any]) -> Self:
        """From parameters whose values are all text. Raises `ValidationError`."""
        return cls.model_validate(parameters, context=_TEXT)


class Page(Request):
    """Which part of a list is wanted; all of it unless there is a limit."""

    Offset: Whole = Field(default=0, ge=0)
    Limit: Whole | None = Field(default=None, ge=1, le=100)
