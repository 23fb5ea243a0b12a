"""Changes of lists, searches, expansions and deleted objects."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from infra.sandbox.changes.change import Change, ExpectedFinding, Handle
from infra.sandbox.changes.edits import JSON, bodies, requests
from infra.sandbox.findings import Part, Verdict
from infra.stripe_double.http.messages import Request, Response, as_json

_HARMFUL = Verdict.HARMFUL


def _shape_finding(story: str, text: str) -> ExpectedFinding:
    return ExpectedFinding(Part.SHAPES, story, _HARMFUL, text)


def _promise_finding(promise: str, text: str, verdict: Verdict = _HARMFUL) -> ExpectedFinding:
    return ExpectedFinding(Part.PROMISES, promise, verdict, text)


def _list_without_case(handle: Handle) -> Handle:
    """Makes the list by e-mail ignore capitals."""

    def handle_changed(request: Request) -> Response:
        query = dict(parse_qsl(request.query))
        if request.method != "GET" or request.path != "/v1/customers" or "email" not in query:
            return handle(request)
        email = query.pop("email").lower()
        all_customers: JSON = json.loads(handle(replace(request, query=urlencode({**query, "limit": 100}))).body)
        matching = [each for each in all_customers["data"] if (each["email"] or "").lower() == email]
        body = {**all_customers, "data": matching, "has_more": False}
        return replace(handle(request), body=json.dumps(body).encode())

    return handle_changed


def _search_with_case(handle: Handle) -> Handle:
    """Makes the search regard capitals."""

    def handle_changed(request: Request) -> Response:
        response = handle(request)
        if request.path == "/v1/customers/search" and response.status == 200:
            search_query = dict(parse_qsl(request.query))["query"]
            body: JSON = json.loads(response.body)
            body["data"] = [each for each in body["data"] if f"'{each['email']}'" in search_query]
            response = replace(response, body=json.dumps(body).encode())
        return response

    return handle_changed


def _oldest_first(handle: Handle) -> Handle:
    def handle_changed(request: Request) -> Response:
        query = dict(parse_qsl(request.query))
        response = handle(request)
        body: JSON = json.loads(response.body)
        if request.method != "GET" or body.get("object") != "list":
            return response
        after, limit = query.pop("starting_after", ""), int(query.pop("limit", "10"))
        all_entries: JSON = json.loads(handle(replace(request, query=urlencode({**query, "limit": 100}))).body)
        entries = all_entries["data"][::-1]
        following = entries[[each.get("id") for each in entries].index(after) + 1 if after else 0 :]
        body.update(data=following[:limit], has_more=len(following) > limit)
        return replace(response, body=json.dumps(body).encode())

    return handle_changed


def _never_more(body: JSON) -> None:
    if body.get("object") == "list":
        body["has_more"] = False


def _without_expansion(request: Request) -> Request:
    def without_expand(text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        return urlencode([(name, value) for name, value in pairs if not name.startswith("expand")])

    return replace(request, query=without_expand(request.query), body=without_expand(request.body.decode()).encode())


def _hide_deleted(handle: Handle) -> Handle:
    def handle_changed(request: Request) -> Response:
        response = handle(request)
        if request.method == "GET" and json.loads(response.body).get("deleted"):
            error = {"message": "No such object", "type": "invalid_request_error", "code": "resource_missing"}
            return as_json(404, {"error": {**error, "param": "id"}}, Date=response.headers["Date"])
        return response

    return handle_changed


LISTS = (
    Change(
        "a list by e-mail that ignores capitals",
        "`email` finds addresses in other capitals, too.",
        _promise_finding("the list of customers is case-sensitive", "1 in small letters", Verdict.HARMLESS),
        _list_without_case,
    ),
    Change(
        "a search that regards capitals",
        "A search finds an address only as it is written.",
        _promise_finding("the search of customers ignores case", "not in small letters"),
        _search_with_case,
    ),
    Change(
        "lists oldest first",
        "A list begins with its oldest entry.",
        _promise_finding("lists are newest first", "in another order"),
        _oldest_first,
    ),
    Change(
        "a list that never has more",
        "`has_more` is false on a page that is not the last.",
        _shape_finding("reads", "other value: list.has_more"),
        bodies(_never_more, "GET"),
        after=("billing", "drafts", "refunds"),
    ),
    Change(
        "nothing is expanded",
        "`expand` is ignored.",
        _shape_finding("billing", "missing: invoice.payments"),
        requests(_without_expansion),
    ),
    Change(
        "a deleted customer is gone",
        "A deleted customer is a 404.",
        _shape_finding("customers", "404"),
        _hide_deleted,
    ),
)
