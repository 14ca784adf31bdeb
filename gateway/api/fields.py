"""The kinds of fields that requests are declared with, and the base of all requests.

A request declares the parameters that the gateway does something with. A parameter that would
change what happens, in a way that can't be had here, is `Refused`; `only` takes the one value that
can be had. Every other parameter that the cloud knows is added from its shape, by `complete`: the
type is checked, the value is ignored. What the cloud doesn't know is an unknown parameter.
"""

import json
import re
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from gateway.api.errors import BadValueError

LIMIT_EXCEEDED: Final = "InvalidParameterValue.LimitExceeded"
AT_ONCE_MAX: Final = 100  # ids in a request, things in an answer

_TEXT: Final = object()  # the context in which every value arrives as text
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_INT64: Final = range(-(1 << 63), 1 << 63)  # what a number of the cloud's is, and a database keeps
_FLAGS: Final = {"true": True, "false": False}


def is_text(info: ValidationInfo) -> bool:
    """Whether all values of the request arrived as text."""
    return info.context is _TEXT


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


def _bounded(value: int) -> int:
    if value not in _INT64:
        raise BadValueError("InvalidParameter", "it must be an integer of 64 bits")
    return value


def _flag(value: Any, info: ValidationInfo) -> Any:
    if info.context is _TEXT and isinstance(value, str):
        return _FLAGS.get(value.lower(), value)
    return value


class Check:
    """A check of a value that is of the right type."""

    def check(self, value: Any) -> None:
        """Raise `BadValueError`, with a code and a text, if the value fails."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: Any) -> Any:
        self.check(value)
        return value


@dataclass(frozen=True, slots=True)
class Refusal(Check):
    """The mark of a parameter that can't be had here, whatever its value is."""

    code: str = "UnsupportedOperation"

    def check(self, value: Any) -> None:
        """Raise `BadValueError` with the code unless nothing is asked for."""
        if value not in ({}, []):
            raise BadValueError(self.code, "it can't be had here")


@dataclass(frozen=True, slots=True)
class Only(Check):
    """The one value that a field can have here."""

    value: object
    code: str = "InvalidParameterValue"

    def check(self, value: Any) -> None:
        if value != self.value:
            wanted = self.value if isinstance(self.value, str) else json.dumps(self.value)
            raise BadValueError(self.code, f"only {wanted} can be had here")


@dataclass(frozen=True, slots=True)
class Form(Check):
    """The form of an id, e.g. `ins-1a2b3c4d`, and the code for an id of another form."""

    prefix: str
    code: str

    def check(self, value: Any) -> None:
        if not re.fullmatch(rf"{self.prefix}-[0-9a-z]{{8}}", value):
            raise BadValueError(
                self.code,
                f"{value[:80]!r} is no id of the form {self.prefix}-xxxxxxxx: "
                "eight lower-case letters and digits follow",
            )


@dataclass(frozen=True, slots=True)
class Size(Check):
    """How many there may be in a list."""

    least: int
    most: int
    code: str = LIMIT_EXCEEDED  # for too many
    few_code: str = "InvalidParameterValue"

    def check(self, value: Sized) -> None:
        if len(value) < self.least:
            raise BadValueError(self.few_code, f"at least {self.least} must be given")
        if len(value) > self.most:
            raise BadValueError(self.code, f"at most {self.most} can be given")


@dataclass(frozen=True, slots=True)
class Between(Check):
    """The least and the greatest value that a number may have."""

    least: int
    most: int | None = None
    code: str = LIMIT_EXCEEDED  # for a greater one

    def check(self, value: Any) -> None:
        if value < self.least:
            raise BadValueError("InvalidParameterValue", f"it is at least {self.least}")
        if self.most is not None and value > self.most:
            raise BadValueError(self.code, f"it is at most {self.most}")


@dataclass(frozen=True, slots=True)
class Known(Check):
    """Of a few words, where the cloud has a code for another one."""

    words: type[StrEnum]
    code: str

    def check(self, value: Any) -> None:
        """Raise `BadValueError` for an unknown word; the type is checked afterwards."""
        if isinstance(value, str) and value not in set(self.words):
            raise BadValueError(self.code, f"use one of {', '.join(self.words)}")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._checked, handler(source))


def only(value: object, code: str = "InvalidParameterValue") -> Only:
    """The one value that a field can have here, and the code for another one."""
    return Only(value, code)


# JSON types are taken strictly, but whole numbers: the cloud's own examples send them as strings.
Whole = Annotated[int, Field(strict=True), BeforeValidator(_whole), AfterValidator(_bounded)]
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
Refused = Annotated[Any, Refusal()]
No = Annotated[Flag, only(False)]  # noqa: FBT003  the value itself


class Request(BaseModel):
    """The input of an action, or an object within it."""

    # What a model is made of is built once, when `complete` has added the rest of its fields.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, parameters: Any) -> Any:
        """Leave out what is as good as absent: null, and an object without a field."""
        if not isinstance(parameters, Mapping):
            return parameters
        return {
            name: value
            for name, value in parameters.items()
            if (value is not None and value != {}) or not cls._is_absent(name, value)
        }

    @classmethod
    def _is_absent(cls, name: str, value: Any) -> bool:
        field = cls.model_fields.get(name)
        if field is None or field.is_required():
            return False
        return value is None or _is_object(field.annotation)

    @classmethod
    def from_text(cls, parameters: Mapping[str, Any]) -> Self:
        """From parameters whose values are all text. Raises `ValidationError`."""
        return cls.model_validate(parameters, context=_TEXT)


def _is_object(annotation: Any) -> bool:
    """Whether values of this type are objects, not lists of objects."""
    kinds = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
    return any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds)


class Tag(Request):
    """A tag: a key, which a thing has once, and a value."""

    Key: str
    Value: str = ""


class Filter(Request):
    """Of all things those that have one of the values."""

    Name: str
    Values: tuple[str, ...]


FilterList = tuple[Filter, ...]


class Page(Request):
    """Which part of a list a request asks for."""

    either: ClassVar[tuple[str, ...]] = ()  # parameters of which one can be given
    either_code: ClassVar[str] = "InvalidParameter"

    Offset: Annotated[Whole, Between(0)] = 0
    Limit: Annotated[Whole, Between(1, AT_ONCE_MAX)] = 20

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if len([name for name in self.either if getattr(self, name)]) > 1:
            raise BadValueError(
                self.either_code, f"{' and '.join(self.either)} can't be given together"
            )
        return self
