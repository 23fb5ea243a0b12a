"""The contract, as a document."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from chalicelib.api.http import chalice_door
from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import ROUTES, Call, Reply, Role
from chalicelib.api.models.queries import Nothing

router = Router(__name__, "Service")


@router.route("GET", "/openapi.json", Role.PUBLIC, takes=Nothing, answers={200: None})
def openapi(call: Call[Nothing]) -> Reply:
    """Answer this document.

    `servers` has the address under which it was asked for, so that its URL and a path make the address to call.
    """
    return Reply(_document(chalice_door.base_path() or "/"))


@lru_cache(maxsize=4)  # a stage and its domains
def _document(server_url: str) -> bytes:
    from chalicelib.api.openapi_document import document  # not loaded unless somebody asks

    return msgspec.json.encode(document(ROUTES, server_url))
