"""Parameters that don't fit their model, as the cloud's error codes.

In the cloud's order, of all that is wrong: names, then what is missing, then types, then values.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.api.requests.fields import Request
from gateway.api.wire import ApiError, BadValueError

_NAMES, _MISSING, _TYPES, _VALUES = range(4)
_OF_VALUES: Final = (
    "value_error",
    "enum",
    "too_long",
    "too_short",
    "greater_than_equal",
    "less_than_equal",
)
_ORDER: Final = {
    "extra_forbidden": _NAMES,
    "missing": _MISSING,
    **dict.fromkeys(_OF_VALUES, _VALUES),
}


def from_validation(error: ValidationError, model: type[Request]) -> ApiError:
    """The cloud's code for what pydantic found."""
    first = min(error.errors(), key=lambda one: _ORDER.get(one["type"], _TYPES))
    name = ".".join(map(str, first["loc"]))
    match first["type"]:
        case "missing":
            return ApiError("MissingParameter", f"the parameter {name} is missing")
        case "extra_forbidden":
            return _unknown(name[:80], str(first["loc"][-1]), _model_at(model, first["loc"][:-1]))
        case kind if kind in _OF_VALUES:
            return _bad_value(name, first)
        case _:
            return ApiError("InvalidParameter", f"{name}: {first['msg']}")


def _bad_value(name: str, found: ErrorDetails) -> ApiError:
    cause = found["ctx"].get("error", found["msg"])
    code = cause.code if isinstance(cause, BadValueError) else "InvalidParameterValue"
    return ApiError(code, f"{name}: {cause}" if name else str(cause))


def _unknown(name: str, last: str, model: type[BaseModel]) -> ApiError:
    near = get_close_matches(last, model.model_fields, n=1, cutoff=0.75)
    if near:
        return ApiError(
            "UnknownParameter.WithGuess",
            f"the parameter {name} is not recognized: did you mean {near[0]}?",
        )
    return ApiError("UnknownParameter", f"the parameter {name} is not recognized")


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel]:
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
