"""Wraps every handler: the checks before it, and the one place that handles its errors.

The checks are in this order: the identity of the caller (401), the role (403), the size (413) and type (415) of the
body, and whether the input is what the route takes (400). The handler does everything else. `rendering` then decides
whether the response is 304.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from chalice.app import Response

from chalicelib import bootstrap, correlation, observability
from chalicelib.api.http import chalice_adapter, decoding, entity_tags
from chalicelib.api.http.cross_origin import cross_origin_headers
from chalicelib.api.http.errors import PAYLOAD_TOO_LARGE, problem_of
from chalicelib.api.http.problem_page import accepts_html, problem_page
from chalicelib.api.http.rendering import render, render_precondition_failed
from chalicelib.api.http.route_table import KIB, READING, SUFFICIENT, Call, Handler, Role, Route
from chalicelib.api.models.queries import Nothing
from chalicelib.domain.caller import Caller, caller_of
from chalicelib.domain.error_collector import ErrorCollector
from chalicelib.domain.errors import Forbidden, InvalidSignature, PreconditionFailed, TooLarge
from chalicelib.domain.identifiers import BATCH_PREFIX, INVOICE_PREFIX
from chalicelib.domain.identity import Identity, identity_of

_OURS = re.compile(f"(?:{INVOICE_PREFIX}|{BATCH_PREFIX})[a-z2-7]{{26}}")
_LOGGED = {"invoiceId": "invoice_id", "batchId": "batch_id"}
"""The ids in paths that log lines carry, by their names in log lines."""


def serve(route: Route, handler: Handler[Any], /, **path: str) -> Response:
    """Checks the request, calls the handler and returns its rendered reply. Writes one log line and one metric."""
    request_id, began = chalice_adapter.request_id(), time.perf_counter()
    caller = Caller()
    failure: Exception | None = None
    with correlation.about(request_id=request_id):
        try:
            address = chalice_adapter.source_address()
            caller = caller_of(None, address)
            incoming = chalice_adapter.incoming_request()
            identity = None if route.role is Role.PUBLIC else _identity_in(incoming.authorizer)
            if identity is not None:
                caller = caller_of(identity, address)
                correlation.note(organization_id=identity.organization_id)
                _require_role(route, identity)
            call = _call_from(route, incoming, identity, path)
            try:
                response = render(route, handler(call), incoming.headers)
            except PreconditionFailed as error:
                failure, response = error, render_precondition_failed(route, error, request_id)
        except Exception as error:  # noqa: BLE001 the boundary: after any error, the client gets a response of the error contract
            failure = error
            response = _error_response(route, error, request_id)
        if not isinstance(failure, InvalidSignature):  # only a metric records it
            seconds = time.perf_counter() - began
            observability.request_served(route.label, response.status_code, seconds, request_id, caller, failure)
    if route.role is not Role.PUBLIC:
        response.headers.update(cross_origin_headers(bootstrap.config(), chalice_adapter.origin_header()))
    return response


def _identity_in(authorizer: Mapping[str, object]) -> Identity:
    """Returns the identity of the caller.

    Raises:
        Unauthorized: the authorizer passed on no organization or no user.
    """
    roles = str(authorizer.get("roles", "")).split(" ")
    return identity_of(authorizer.get("organizationId"), authorizer.get("userId"), roles)


def _require_role(route: Route, identity: Identity) -> None:
    """Raises Forbidden if the route asks for a role that the caller lacks."""
    sufficient = SUFFICIENT.get(route.role)
    if sufficient is not None and not identity.roles & sufficient:
        raise Forbidden(
            "role_missing",
            f"This requires the role {' or '.join(sorted(sufficient))}.",
            next_step="Ask an admin of your organization to do it, or to give you the role.",
        )


def _call_from(
    route: Route, incoming: chalice_adapter.Incoming, identity: Identity | None, path: Mapping[str, str]
) -> Call[Any]:
    """Returns the request in the form that the handler takes. Size and type are checked first, the rest together.

    Raises:
        TooLarge, Unsupported, Malformed: the route does not accept the request.
    """
    headers, reads = incoming.headers, route.method in READING
    if len(incoming.body) > route.max_body:
        raise TooLarge(
            PAYLOAD_TOO_LARGE,
            f"The body is larger than {route.max_body // KIB} KiB.",
            next_step="Send less in one request.",
        )
    if route.has_body:
        repeated = "content-type" in incoming.repeated_headers
        decoding.check_json_type(headers.get("content-type"), repeated=repeated)
    errors = ErrorCollector()
    parsed_input: msgspec.Struct = Nothing()
    with errors:
        if route.has_body:
            parsed_input = decoding.body_as(route.takes, incoming.body)
        elif route.takes_query:
            parsed_input = decoding.query_as(route.takes, incoming.query)
    with errors:
        if incoming.query and not (route.takes_query or route.raw_body):
            decoding.query_as(Nothing, incoming.query)  # A parameter would have no effect, so it is refused.
    with errors:
        if incoming.body.strip() and not (route.has_body or route.raw_body):
            decoding.body_as(Nothing, incoming.body)  # An empty object asks for nothing, so it is accepted.
    with errors:
        ids = decoding.path_ids(path)
    key = None
    with errors:
        if route.requires_idempotency_key:
            key = decoding.required_idempotency_key(headers, incoming.repeated_headers)
        elif route.idempotency_key:
            key = decoding.idempotency_key(headers, incoming.repeated_headers)
    precondition = None
    with errors:
        if route.reply_of_stored is not None:
            precondition = entity_tags.precondition(headers, incoming.repeated_headers)
        elif not route.raw_body:
            entity_tags.refuse_condition(entity_tags.IF_MATCH, headers)
    with errors:
        if reads:
            entity_tags.check_if_none_match(headers, incoming.repeated_headers)
        elif not route.raw_body:
            entity_tags.refuse_condition(entity_tags.IF_NONE_MATCH, headers)
    errors.raise_first()
    # An id that is not one of ours is not logged, because a client may have made it up.
    logged_ids = {_LOGGED[name]: each for name, each in ids.items() if name in _LOGGED and _OURS.fullmatch(each)}
    correlation.note(**logged_ids)
    return Call(parsed_input, identity, ids, headers, incoming.body, key, precondition)


def _error_response(route: Route, error: Exception, request_id: str) -> Response:
    problem = problem_of(error)
    if route.page_on_error and accepts_html(chalice_adapter.accept_header()):
        return problem_page(problem, request_id, bootstrap.config().pom_settings_url)
    return chalice_adapter.problem_response(problem, request_id)
