"""Declares routes: one decorator registers a handler with Chalice and enters it in the route table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from chalice.app import Blueprint

from chalicelib.api.authorizer import token_authorizer
from chalicelib.api.http.route_table import MAX_BODY, MAX_WEBHOOK, ROUTES, Handler, Reply, ResponseModels, Role, Route
from chalicelib.api.http.serving import serve

PREFIX = "/v1"

T = TypeVar("T", bound=msgspec.Struct)


class Router:
    """Declares the routes of one resource."""

    def __init__(self, import_name: str, tag: str) -> None:
        self.blueprint = Blueprint(import_name)
        self._tag = tag

    def route(
        self,
        method: str,
        path: str,
        role: Role,
        *,
        takes: type[T],
        responses: ResponseModels,
        refuses: Sequence[str] = (),
        idempotency_key: bool = False,
        requires_idempotency_key: bool = False,
        raw_body: bool = False,
        page_on_error: bool = False,
        offers_csv: bool = False,
        offers_html: bool = False,
        max_body: int = MAX_BODY,
        details: str = "",
        reply_of_stored: Callable[[Any], Reply] | None = None,
    ) -> Callable[[Handler[T]], Handler[T]]:
        """Declares `method path`, under `/v1`.

        Args:
            responses: each success status with its model.
            refuses: codes of errors that only the use case decides; `route_error_codes` derives the others.
            requires_idempotency_key: refuse a request without the key, because repeating it by accident costs money.
            raw_body: pass on the bytes; no media type is required, and a webhook's size is allowed.
            page_on_error: show errors as a page to a browser.
            offers_csv: the handler also returns 200 as CSV, to clients that accept CSV.
            details: a text that the contract appends to the handler's docstring, if a table in the code provides it.
            offers_html: the handler also returns 200 as a page, to clients that accept HTML.
            max_body: the largest body in bytes; a raw body may be as large as a webhook's.
            reply_of_stored: returns the stored object as its GET does. The route takes If-Match and passes it on as
                `Call.precondition`. If the precondition fails, the client gets 412 with the stored object.
        """

        def declare(handler: Handler[T]) -> Handler[T]:
            route = Route(
                method=method,
                path=PREFIX + path,
                role=role,
                takes=takes,
                responses=responses,
                refuses=refuses,
                name=handler.__name__,
                tag=self._tag,
                doc="\n\n".join(part for part in (inspect.cleandoc(handler.__doc__ or ""), details) if part),
                idempotency_key=idempotency_key,
                requires_idempotency_key=requires_idempotency_key,
                raw_body=raw_body,
                page_on_error=page_on_error,
                offers_csv=offers_csv,
                offers_html=offers_html,
                max_body=MAX_WEBHOOK if raw_body else max_body,
                reply_of_stored=reply_of_stored,
            )
            ROUTES.append(route)
            self.blueprint.route(
                route.path,
                methods=[method],
                authorizer=None if role is Role.PUBLIC else token_authorizer,
                content_types=[],  # `decoding.check_json_type` checks the type instead
            )(functools.update_wrapper(functools.partial(serve, route, handler), handler))
            return handler

        return declare
