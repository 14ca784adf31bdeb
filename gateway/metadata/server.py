"""The metadata service over HTTP: an ASGI application that knows its callers by their address.

The address is the connection's, never a header's. That it is the caller's own is the lab's to
ensure: the socket is in the gateway's namespace, and its kernel accepts a source address only from
the link of the instance that has it.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.metadata.facts import Facts, answer

FactsOf = Callable[[str], Facts | None]


def application(facts_of: FactsOf) -> Starlette:
    """The service; `facts_of` gives the facts of the instance at a private address."""

    async def get(request: Request) -> Response:
        facts = facts_of(request.client.host) if request.client else None
        body = answer(facts, request.scope["path"]) if facts else None
        if body is None:
            return PlainTextResponse("404 Not Found", status_code=404)
        if isinstance(body, bytes):  # the user's own data, of any kind
            return Response(body, media_type="application/octet-stream")
        return PlainTextResponse(body)

    return Starlette(routes=[Route("/{path:path}", get, methods=["GET"])])
