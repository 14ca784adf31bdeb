"""The API over HTTP: the envelope around actions, as the cloud's API 3.0 has it.

This server listens on a Unix socket that only root can open, so a request needs no signature; the
requests that need one come by `signed`.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.action import Answer, Context
from gateway.api.bodies import BODY_MAX, Bodies
from gateway.api.client import WAITS_FOR
from gateway.api.envelope import packed, refusal
from gateway.api.errors import ApiError
from gateway.api.registry import ALL_ACTIONS, call

_log = logging.getLogger(__name__)


def application(context: Context) -> Starlette:
    """The API for the operator: the cloud's actions and the operator's own."""
    bodies = Bodies()

    async def answer(request: Request, request_id: str) -> Answer:
        with bodies.one() as body:
            parameters = json_object(await body.read(request, BODY_MAX))
            asked = replace(context, request_id=request_id)
            return await run_in_threadpool(
                call, asked, _name(request), parameters, among=ALL_ACTIONS
            )

    async def post(request: Request) -> Response:
        response = await enveloped(partial(answer, request))
        action = ALL_ACTIONS.get(_name(request))
        if action and action.declared.waits_for:
            response.headers[WAITS_FOR] = action.declared.waits_for
        return response

    return Starlette(routes=[Route("/", post, methods=["POST"])])


def _name(request: Request) -> str:
    return request.headers.get("x-tc-action", "")


async def enveloped(answering: Callable[[str], Awaitable[Answer]]) -> Response:
    """The answer, or why there is none, in the cloud's envelope; it is asked for by a new id."""
    request_id = str(uuid4())
    try:
        answer = await answering(request_id)
    except ApiError as error:
        return refusal(error, request_id)
    except ClientDisconnect:  # in the middle of the body: the answer is read by nobody
        return refusal(ApiError("InvalidParameter", "the body is not whole"), request_id)
    except Exception:  # noqa: BLE001  one bad request must not end the server
        _log.exception("a request failed")
        failure = ApiError("InternalError", "tgw control failed: see its log")
        return refusal(failure, request_id)
    return packed(answer, request_id)


def json_object(body: bytes) -> dict[str, Any]:
    """Parse the parameters in a body. Raises `ApiError` unless it is empty or a JSON object."""
    try:
        parameters = json.loads(body.decode() or "{}", parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ApiError("InvalidParameter", "the body is no UTF-8") from error
    except json.JSONDecodeError as error:
        raise ApiError("InvalidParameter", f"the body is no JSON: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(
            "InvalidParameter", "the body has a number that is too long, or too many levels"
        ) from error
    if not isinstance(parameters, dict):
        raise ApiError("InvalidParameter", "the body must be a JSON object")
    return parameters


def _no_constant(name: str) -> None:
    raise ApiError("InvalidParameter", f"the body is no JSON: {name} is no number")
