"""The contract as documents: OpenAPI for the API, and AsyncAPI for the events on the bus."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from chalicelib.api.http import chalice_adapter
from chalicelib.api.http.route_table import ROUTES, Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.queries import Nothing

router = Router(__name__, "Service")


@router.route("GET", "/openapi.json", Role.PUBLIC, takes=Nothing, responses={200: None})
def openapi(call: Call[Nothing]) -> Reply:
    """Retrieve this document.

    `servers` has the base path under which the document was requested. The base path and an operation's path make up
    the URL to call.
    """
    return Reply(_document(chalice_adapter.base_path() or "/"))


@router.route("GET", "/asyncapi.json", Role.PUBLIC, takes=Nothing, responses={200: None})
def asyncapi(call: Call[Nothing]) -> Reply:
    """Retrieve the AsyncAPI 3 document of the events on the bus."""
    return Reply(_events())


@lru_cache(maxsize=1)
def _events() -> bytes:
    from chalicelib.api.asyncapi_document import document  # imported only for this request

    return msgspec.json.encode(document())


@lru_cache(maxsize=4)  # a stage and its domains
def _document(server_url: str) -> bytes:
    from chalicelib.api.openapi_document import document  # imported only for this request

    return msgspec.json.encode(document(ROUTES, server_url))
