"""The parameters that the cloud knows and the gateway doesn't use: checked, then ignored.

They are taken from the shapes, so a request declares only what the gateway does something with.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationInfo, create_model
from pydantic_core import CoreSchema, core_schema

from gateway.api.errors import BadValueError, unknown_parameter
from gateway.api.fields import is_text
from gateway.api.shapes import SCALARS, Field, Service

_Model = TypeVar("_Model", bound=BaseModel)

_JSON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "float": (float, int),
}
_WORDS: Final[Mapping[str, str]] = {
    "string": "a string",
    "integer": "an integer",
    "boolean": "a boolean",
    "float": "a number",
}
_NUMBERS: Final = ("integer", "float")
_TEXTS: Final[Mapping[str, re.Pattern[str]]] = {
    "string": re.compile(r"(?s:.*)"),
    "integer": re.compile(r"-?[0-9]{1,18}"),
    "boolean": re.compile(r"(?i:true|false)"),
    "float": re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?"),
}


def complete(service: Service, shape: str) -> Callable[[type[_Model]], type[_Model]]:
    """Give a model every field of the shape that it doesn't declare."""

    def completed(model: type[_Model]) -> type[_Model]:
        fields: dict[str, Any] = {
            name: (Annotated[None, Unused(service, field)], None)
            for name, field in service.fields(shape).items()
            if name not in model.model_fields
        }
        whole = create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **fields,
        )
        whole.model_rebuild()
        return whole

    return completed


@dataclass(frozen=True, slots=True)
class Unused:
    """The mark of a parameter whose value is ignored, once its type has been checked."""

    service: Service
    field: Field

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._check)

    def _check(self, value: Any, info: ValidationInfo) -> None:
        if not _is_absent(self.field, value):
            _check_field(self.service, self.field, value, "", as_text=is_text(info))


def _is_absent(field: Field, value: Any) -> bool:
    """Whether the value of an optional field is as good as none, as in a declared field."""
    return value is None or (value == {} and not field.is_list and field.kind not in SCALARS)


def _check_field(service: Service, field: Field, value: Any, path: str, *, as_text: bool) -> None:
    if not field.is_list:
        _check_kind(service, field.kind, value, path, as_text=as_text)
        return
    if not isinstance(value, list):
        raise BadValueError("InvalidParameter", f"{path or 'it'} must be an array")
    for place, one in enumerate(value):
        _check_kind(service, field.kind, one, _below(path, place), as_text=as_text)


def _check_kind(service: Service, kind: str, value: Any, path: str, *, as_text: bool) -> None:
    if kind in _JSON_TYPES:
        if not _has_type(kind, value, as_text=as_text):
            raise BadValueError("InvalidParameter", f"{path or 'it'} must be {_WORDS[kind]}")
        return
    if not isinstance(value, dict):
        raise BadValueError("InvalidParameter", f"{path or 'it'} must be an object")
    fields = service.fields(kind)
    for name in value:
        if name not in fields:
            raise unknown_parameter(_below(path, name), name, fields)
    for name, field in fields.items():
        if name in value and (field.required or not _is_absent(field, value[name])):
            _check_field(service, field, value[name], _below(path, name), as_text=as_text)
        elif field.required:
            raise BadValueError("MissingParameter", f"{_below(path, name)} is missing")


def _has_type(kind: str, value: Any, *, as_text: bool) -> bool:
    if as_text or (kind in _NUMBERS and isinstance(value, str)):
        return isinstance(value, str) and _TEXTS[kind].fullmatch(value) is not None
    return type(value) in _JSON_TYPES[kind]  # not isinstance: a boolean is an integer, too


def _below(path: str, step: object) -> str:
    return f"{path}.{step}" if path else str(step)
