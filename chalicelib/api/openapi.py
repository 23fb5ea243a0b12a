"""The contract, as a document."""

from __future__ import annotations

from functools import cache

import msgspec

from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import ROUTES, Call, Reply, Role
from chalicelib.api.models.queries import Nothing

router = Router(__name__, "Service")


@router.route("GET", "/openapi.json", Role.PUBLIC, takes=Nothing, answers={200: None})
def openapi(call: Call[Nothing]) -> Reply:
    """Answer this document."""
    return Reply(_document())


@cache
def _document() -> bytes:
    from chalicelib.api.openapi_document import document  # not loaded unless somebody asks

    return msgspec.json.encode(document(ROUTES))
