"""Declares routes: one decorator registers a handler with Chalice and enters it in the route table."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from chalice.app import Blueprint

from chalicelib.api.authorizer import token_authorizer
from chalicelib.api.http.serving import serve
from chalicelib.api.http.table import MAX_BODY, MAX_WEBHOOK, ROUTES, Answers, Handler, Role, Route

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
        answers: Answers,
        refuses: Sequence[str] = (),
        idempotency_key: bool = False,
        requires_idempotency_key: bool = False,
        raw_body: bool = False,
        page_on_error: bool = False,
        answers_csv: bool = False,
        max_body: int = MAX_BODY,
    ) -> Callable[[Handler[T]], Handler[T]]:
        """Declare `method path`, under `/v1`.

        Args:
            answers: each success status with its model.
            refuses: codes of errors that only the use case decides; the others follow from the rest, see `refusals`.
            requires_idempotency_key: refuse a request without the key, because repeating it by accident costs money.
            raw_body: hand the bytes on; no media type is asked for, and a webhook's size is allowed.
            page_on_error: show errors as a page to a browser.
            answers_csv: the handler answers 200 as CSV, too, to whoever accepts it.
            max_body: bytes; a raw body may be as large as a webhook's.
        """

        def declare(handler: Handler[T]) -> Handler[T]:
            route = Route(
                method=method,
                path=PREFIX + path,
                role=role,
                takes=takes,
                answers=answers,
                refuses=refuses,
                name=handler.__name__,
                tag=self._tag,
                doc=handler.__doc__ or "",
                idempotency_key=idempotency_key,
                requires_idempotency_key=requires_idempotency_key,
                raw_body=raw_body,
                page_on_error=page_on_error,
                answers_csv=answers_csv,
                max_body=MAX_WEBHOOK if raw_body else max_body,
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
