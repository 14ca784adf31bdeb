"""Parameters that don't fit their model, as the cloud's error codes.

In the cloud's order, of all that is wrong: names, then what is missing, then types, then values.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.api.errors import ApiError, BadValueError, unknown_parameter
from gateway.api.fields import Request

_NAMES, _MISSING, _TYPES, _VALUES = range(4)
_OF_VALUES: Final = (
    "value_error",
    "enum",
    "too_long",
    "too_short",
    "greater_than_equal",
    "less_than_equal",
)
# Types in JSON's words, by what pydantic calls the fault.
_WORDS: Final = {
    "string_": "a string",
    "int_": "an integer",
    "float_": "a number",
    "bool_": "a boolean",
    "tuple_": "an array",
    "list_": "an array",
    "model_": "an object",
    "dict_": "an object",
}
_ORDER: Final = {
    "extra_forbidden": _NAMES,
    "missing": _MISSING,
    **dict.fromkeys(_OF_VALUES, _VALUES),
}
# Inside a parameter that is ignored, names and types are checked as if they were values.
_ORDER_OF_CODES: Final = {
    "UnknownParameter": _NAMES,
    "MissingParameter": _MISSING,
    "InvalidParameter": _TYPES,
}


def from_validation(error: ValidationError, model: type[Request]) -> ApiError:
    first = min(error.errors(), key=_order)
    name = ".".join(map(str, first["loc"]))
    match first["type"]:
        case "missing":
            return ApiError("MissingParameter", f"the parameter {name} is missing")
        case "extra_forbidden":
            *path, last = first["loc"]
            return unknown_parameter(name, str(last), _model_at(model, path).model_fields)
        case kind if kind in _OF_VALUES:
            return _bad_value(name, first)
        case kind:
            return ApiError("InvalidParameter", f"{name}: it must be {_word(kind)}")


def _order(found: ErrorDetails) -> int:
    order = _ORDER.get(found["type"], _TYPES)
    if order == _VALUES and isinstance(cause := found["ctx"].get("error"), BadValueError):
        return _ORDER_OF_CODES.get(cause.code, _VALUES)
    return order


def _bad_value(name: str, found: ErrorDetails) -> ApiError:
    cause = found["ctx"].get("error") or _reason(found["type"], found["ctx"])
    code = cause.code if isinstance(cause, BadValueError) else "InvalidParameterValue"
    return ApiError(code, f"{name}: {cause}" if name else str(cause))


def _reason(kind: str, limits: Mapping[str, Any]) -> str:
    match kind:
        case "enum":
            return f"use one of {limits['expected']}"
        case "too_long":
            return f"at most {limits['max_length']} can be given"
        case "too_short":
            return f"at least {limits['min_length']} must be given"
        case "less_than_equal":
            return f"it is at most {limits['le']}"
        case _:
            return f"it is at least {limits['ge']}"


def _word(kind: str) -> str:
    return next((word for start, word in _WORDS.items() if kind.startswith(start)), "of its type")


def _model_at(model: type[BaseModel], path: Iterable[int | str]) -> type[BaseModel]:
    """The model of the object there; numbers are places in lists, and every one is alike."""
    for step in path:
        if isinstance(step, str):
            (model,) = _models_in(model.model_fields[step].annotation)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
