"""Renders a handler's reply as a response: its body, its entity tag, and 304 or 412 where a condition decides."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from chalice.app import Response

from chalicelib.api.http import chalice_adapter, entity_tags
from chalicelib.api.http.errors import problem_of
from chalicelib.api.http.route_table import READING, VALIDATED, Reply, Route
from chalicelib.api.models.errors import StoredBody
from chalicelib.domain.errors import PreconditionFailed

OK = 200
NOT_MODIFIED = 304

_encode = msgspec.json.Encoder().encode


def render(route: Route, reply: Reply, headers: Mapping[str, str]) -> Response:
    """Returns the response to a request with these headers, or 304 without a body if the client has the response.

    A 304 has the media type of the body that it stands for. Otherwise API Gateway would declare it as JSON, and a
    browser might apply that type to the stored body.
    """
    body = _body(reply)
    if route.method not in VALIDATED or reply.status != OK:
        return chalice_adapter.response(reply.status, body.decode(), reply.content_type, reply.headers)
    etag = entity_tags.etag_of(body, reply.content_type, reply.edit_tag)
    more_headers = {**reply.headers, entity_tags.ETAG: etag}
    if route.method in READING:
        more_headers |= chalice_adapter.REVALIDATED
        if entity_tags.client_has(etag, headers):
            return chalice_adapter.response(NOT_MODIFIED, "", reply.content_type, more_headers)
    return chalice_adapter.response(reply.status, body.decode(), reply.content_type, more_headers)


def render_precondition_failed(route: Route, error: PreconditionFailed, request_id: str) -> Response:
    """Returns the error with the stored object and its ETag, so that the client can compare and decide."""
    problem = problem_of(error)
    if route.reply_of_stored is None or error.stored is None:
        body, etag = StoredBody(problem.error(request_id), None), {}
    else:
        stored = route.reply_of_stored(error.stored)
        body = StoredBody(problem.error(request_id), stored.body)
        etag = {entity_tags.ETAG: entity_tags.etag_of(_body(stored), stored.content_type, stored.edit_tag)}
    return chalice_adapter.response(problem.status, _encode(body).decode(), headers=etag)


def _body(reply: Reply) -> bytes:
    if reply.body is None:
        return b""
    return reply.body if isinstance(reply.body, bytes) else _encode(reply.body)
