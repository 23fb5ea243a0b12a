"""The boundary around every handler: checks before it, one place for errors after it.

In this order: who calls (401), whether they may (403), how much is sent (413), of which type (415), and whether it
is what the route takes (400). Everything else is the handler's.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from chalicelib import bootstrap, correlation, observability
from chalicelib.api.http import chalice_door as gateway
from chalicelib.api.http import decoding
from chalicelib.api.http.errors import problem_of
from chalicelib.api.http.pages import problem_page, wants_page
from chalicelib.api.http.table import READING, SUFFICIENT, Call, Handler, Reply, Role, Route
from chalicelib.api.models.queries import Nothing
from chalicelib.domain.errors import Forbidden, IntegrationError, InvalidSignature, Malformed
from chalicelib.domain.every_error import attach, errors_of, raise_all
from chalicelib.domain.identifiers import BATCH_PREFIX, INVOICE_PREFIX
from chalicelib.domain.identity import Identity, identity_of

_encode = msgspec.json.Encoder().encode

_OURS = re.compile(f"(?:{INVOICE_PREFIX}|{BATCH_PREFIX})[a-z2-7]{{26}}")


def serve(route: Route, handler: Handler[Any], path: Mapping[str, str]) -> gateway.Outgoing:
    """Check the request, call the handler, render its answer; one log line and one metric."""
    request_id = gateway.request_id()
    with correlation.about(request_id=request_id):
        return _served(route, handler, path, request_id)


def _served(route: Route, handler: Handler[Any], path: Mapping[str, str], request_id: str) -> gateway.Outgoing:
    began = time.perf_counter()
    identity: Identity | None = None
    failure: Exception | None = None
    try:
        incoming = gateway.incoming()
        identity = _identified(route, incoming)
        correlation.note(organization_id=identity.organization_id if identity else None)
        outgoing = _rendered(handler(_checked(route, incoming, identity, path)))
    except Exception as error:  # noqa: BLE001 the boundary: whatever it is, the client gets our error contract
        failure = error
        outgoing = _refused(route, error, request_id)
    if not isinstance(failure, InvalidSignature):  # leaves no trace but its metric
        organization_id = identity.organization_id if identity else None
        seconds = time.perf_counter() - began
        observability.request_served(route.label, outgoing.status, seconds, request_id, organization_id, failure)
    return outgoing if route.role is Role.PUBLIC else _readable_by_the_front_end(outgoing)


def _readable_by_the_front_end(outgoing: gateway.Outgoing) -> gateway.Outgoing:
    """Pages of POM's own origin may read it; what they may send is settled by API Gateway's preflight."""
    front_end = urlsplit(bootstrap.config().pom_settings_url)
    cors = {
        "Access-Control-Allow-Origin": f"{front_end.scheme}://{front_end.netloc}",
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }
    return replace(outgoing, headers={**outgoing.headers, **cors})


def _identified(route: Route, incoming: gateway.Incoming) -> Identity | None:
    """Who calls, if the route asks for that; and whether they may."""
    if route.role is Role.PUBLIC:
        return None
    identity = _identity(incoming.authorizer)
    sufficient = SUFFICIENT.get(route.role)
    if sufficient is not None and not identity.roles & sufficient:
        raise Forbidden(
            "role_missing",
            f"This takes the role {' or '.join(sorted(sufficient))}.",
            next_step="Ask an admin of your organization to do it, or to give you the role.",
        )
    return identity


def _identity(authorizer: Mapping[str, object] | None) -> Identity:
    context = authorizer or {}
    roles = str(context.get("roles", "")).split(" ")
    return identity_of(context.get("organizationId"), context.get("userId"), roles)


def _checked(
    route: Route, incoming: gateway.Incoming, identity: Identity | None, path: Mapping[str, str]
) -> Call[Any]:
    decoding.check_size(incoming.body, route.max_body)
    if route.has_body:
        repeated = "content-type" in incoming.repeated_headers
        decoding.check_json_type(incoming.headers.get("content-type"), repeated=repeated)
    try:
        taken = _taken(route, incoming)
    except Malformed as error:
        attach(error, _errors_besides(route, incoming, path))
        raise
    raise_all(_errors_besides(route, incoming, path))
    ids = decoding.path_ids(path)
    correlation.note(invoice_id=_ours(ids.get("invoiceId")), batch_id=_ours(ids.get("batchId")))
    return Call(
        request_id=incoming.request_id,
        input=taken,
        identity=identity,
        path=ids,
        headers=incoming.headers,
        body=incoming.body,
        idempotency_key=decoding.idempotency_key(incoming.headers) if route.idempotency_key else None,
    )


def _taken(route: Route, incoming: gateway.Incoming) -> msgspec.Struct:
    if route.has_body:
        return decoding.body_as(route.takes, incoming.body)
    return decoding.query_as(route.takes, incoming.query) if route.method in READING else Nothing()


def _errors_besides(route: Route, incoming: gateway.Incoming, path: Mapping[str, str]) -> Iterator[IntegrationError]:
    """Yields what is wrong with the request besides what the route takes."""
    if not route.raw_body and route.method not in READING:
        yield from errors_of(decoding.require_no_query, incoming.query)
    if not route.raw_body and not route.has_body:
        yield from errors_of(decoding.require_no_body, incoming.body)
    yield from errors_of(decoding.path_ids, path)
    if route.idempotency_key:
        yield from errors_of(decoding.idempotency_key, incoming.headers, incoming.repeated_headers)


def _ours(given: str | None) -> str | None:
    """An id that looks like one we made; what somebody else made up is not to be logged."""
    return given if given and _OURS.fullmatch(given) else None


def _rendered(reply: Reply) -> gateway.Outgoing:
    body = reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else _encode(reply.body)
    return gateway.Outgoing(reply.status, body.decode(), headers=reply.headers)


def _refused(route: Route, error: Exception, request_id: str) -> gateway.Outgoing:
    problem = problem_of(error)
    if route.page_on_error and wants_page(gateway.accept()):
        return problem_page(problem, request_id, bootstrap.config().pom_settings_url)
    return gateway.problem_response(problem, request_id)
