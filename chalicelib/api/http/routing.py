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
        """Declare `method path`, under `/v1`.

        Args:
            responses: each success status with its model.
            refuses: codes of errors that only the use case decides; the others follow from the rest, see `refusals`.
            requires_idempotency_key: refuse a request without the key, because repeating it by accident costs money.
            raw_body: hand the bytes on; no media type is asked for, and a webhook's size is allowed.
            page_on_error: show errors as a page to a browser.
            offers_csv: the handler also returns 200 as CSV, to clients that accept CSV.
            details: what the contract says behind the handler's docstring, where a table of the code says it.
            offers_html: the handler also returns 200 as a page, to clients that accept HTML.
            max_body: bytes; a raw body may be as large as a webhook's.
            reply_of_stored: returns the stored thing as its GET does. The route takes If-Match and hands it on as
                `Call.precondition`; where it fails, the client is shown the stored thing with 412.
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
                content_types=[],  # the check is ours: `decoding.check_json_type`
            )(functools.update_wrapper(functools.partial(serve, route, handler), handler))
            return handler

        return declare
