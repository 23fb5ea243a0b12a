"""Edits of requests, responses, objects and events, from which the simulated changes of Stripe are built."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from infra.sandbox.changes.change import Handle, Wrap
from infra.stripe_double.http.messages import Request, Response

JSON = dict[str, Any]


def responses(edit: Callable[[Request, Response], Response], method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that edits each response to a matching request. `path` is a pattern of the complete path."""

    def wrap(handle: Handle) -> Handle:
        def handle_changed(request: Request) -> Response:
            response = handle(request)
            return edit(request, response) if _fits(request, method, path) else response

        return handle_changed

    return wrap


def requests(edit: Callable[[Request], Request], method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that edits each matching request."""

    def wrap(handle: Handle) -> Handle:
        return lambda request: handle(edit(request) if _fits(request, method, path) else request)

    return wrap


def bodies(edit: Callable[[JSON], JSON | None], method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that edits each JSON body. `edit` changes the body in place or returns another."""

    def edit_response(_: Request, response: Response) -> Response:
        body = json.loads(response.body)
        return replace(response, body=json.dumps(edit(body) or body).encode())

    return responses(edit_response, method, path)


def objects(kind: str, edit: Callable[[JSON], object], method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that edits each object of a kind in a response, except in events."""

    def edit_body(body: JSON) -> None:
        for each in _objects(body):
            if each.get("object") == kind:
                edit(each)

    return bodies(edit_body, method, path)


def events(edit: Callable[[list[JSON]], list[JSON]]) -> Wrap:
    """Returns a wrapper that edits each page of events. `edit` gets the events, newest first."""

    def edit_body(body: JSON) -> None:
        if "data" in body:
            body["data"] = edit(body["data"])

    return bodies(edit_body, "GET", "/v1/events")


def each_event(type_: str, edit: Callable[[JSON], object]) -> Wrap:
    """Returns a wrapper that edits each event whose type matches the pattern."""

    def edit_page(page: list[JSON]) -> list[JSON]:
        for event in page:
            if re.fullmatch(type_, event["type"]):
                edit(event)
        return page

    return events(edit_page)


def headers(edit: Callable[[dict[str, str]], object], method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that edits the headers of each response in place."""

    def edit_response(_: Request, response: Response) -> Response:
        edit(response.headers)
        return response

    return responses(edit_response, method, path)


def errors(edit: Callable[[JSON], object], code: str = "") -> Wrap:
    """Returns a wrapper that edits each error, or each error with this code."""

    def edit_body(body: JSON) -> None:
        error = body.get("error")
        if isinstance(error, dict) and code in ("", error.get("code")):
            edit(error)

    return bodies(edit_body)


def status(becomes: int, was: int, method: str = "", path: str = "") -> Wrap:
    """Returns a wrapper that replaces one HTTP status by another."""
    return responses(lambda _, response: replace(response, status=becomes) if response.status == was else response,
                   method, path)  # fmt: skip


def without(request: Request, header: str) -> Request:
    """Returns the request without a header."""
    return replace(request, headers={name: value for name, value in request.headers.items() if name != header})


def drop(path: str) -> Callable[[JSON], object]:
    """Returns an edit that removes a field, named by a dotted path."""
    return lambda each: [hash_.pop(last, None) for hash_, last in _at(each, path)]


def put(path: str, value: Any) -> Callable[[JSON], object]:
    """Returns an edit that sets a field, if the object that contains the field exists."""
    return lambda each: [hash_.update({last: value}) for hash_, last in _at(each, path)]


def turn(path: str, convert: Callable[[Any], Any]) -> Callable[[JSON], object]:
    """Returns an edit that converts the value of a field, unless it is null."""
    return lambda each: [
        hash_.update({last: convert(hash_[last])}) for hash_, last in _at(each, path) if hash_.get(last) is not None
    ]


def rename(path: str, was: str, becomes: str) -> Callable[[JSON], object]:
    """Returns an edit that replaces one value of a field by another."""
    return turn(path, lambda value: becomes if value == was else value)


def _at(each: JSON, path: str) -> Iterator[tuple[JSON, str]]:
    *steps, last = path.split(".")
    hashes: list[Any] = [each]
    for step in steps:
        hashes = [inner for hash_ in hashes for inner in ([*hash_] if step == "*" else [hash_.get(step)]) if inner]
    return ((hash_, last) for hash_ in hashes)


def _objects(body: Any) -> Iterator[JSON]:
    if isinstance(body, dict):
        yield body
        if body.get("object") != "event":
            for value in body.values():
                yield from _objects(value)
    elif isinstance(body, list):
        for value in body:
            yield from _objects(value)


def _fits(request: Request, method: str, path: str) -> bool:
    return method in ("", request.method) and (not path or re.fullmatch(path, request.path) is not None)
