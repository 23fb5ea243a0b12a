"""The responses in the OpenAPI document: the successes of each route, and the error codes of each status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalicelib.api.examples import CSV_EXAMPLES, EXAMPLES, RESPONSES
from chalicelib.api.examples.errors import Details, details_of, details_of_status
from chalicelib.api.http.entity_tags import ETAG
from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.api.http.route_error_codes import error_codes_of
from chalicelib.api.http.route_table import READING, VALIDATED, Route
from chalicelib.api.models.errors import FirstError
from chalicelib.api.openapi_schemas import Json

REF = "#/components/schemas/{name}"
ERROR_CODE = "ErrorCode"
"""The schema of all error codes. `api.models.common.ErrorCode` refers to it."""
TAG_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015.mzxw6ytboi4dcmrtgq2tmnzyhe"
_ETAG_HEADER: Json = {
    "description": "The opaque tag of this response, for `If-None-Match`, and for `If-Match` where `PUT` takes it.",
    "schema": {"type": "string", "examples": [f'"{TAG_EXAMPLE}"']},
}
_NOT_MODIFIED = "Not Modified: the client has the current response, so there is no body."
_RETRY_AFTER = ("Retry-After", "The number of seconds to wait before the request is repeated.")
HEADERS_OF = {
    401: ("WWW-Authenticate", "Always `Bearer`."),
    429: _RETRY_AFTER,
    502: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
"""The header of an error response, by status, with the header's description."""

_NAMED_BY_RFC_7231 = {413: "Request Entity Too Large", 422: "Unprocessable Entity"}
"""The names before Python 3.13 of the statuses that Python 3.13 renamed after RFC 9110.

The document names a response by its status, and so do generated clients. The names must not depend on the Python
version that writes the document (https://docs.python.org/3/library/http.html).
"""

_SAME_EVERYWHERE = {
    status for status, codes in ERROR_CODES.items() if len(codes) == 1 and status != HTTPStatus.PRECONDITION_FAILED
}
"""The statuses whose error response is the same on every route, because they have one code and no stored object."""


def responses_of(route: Route) -> Json:
    """Returns the responses of a route by status: those of success, 304 where it can occur, and errors."""
    responses: Json = {}
    for status, model in route.responses.items():
        response = _success_response(route, status, model)
        if status == HTTPStatus.OK and route.method in VALIDATED:
            response["headers"] = {ETAG: _ETAG_HEADER, **response.get("headers", {})}
            if route.method in READING:
                responses["304"] = {"description": _NOT_MODIFIED, "headers": {ETAG: _ETAG_HEADER}}
        responses[str(status)] = response
    errors = {
        str(status): _error_response_of(route, status, codes) for status, codes in error_codes_of(route).items()
    }
    return {**responses, **errors}


def _success_response(route: Route, status: int, model: type | None) -> Json:
    response: Json = {"description": _phrase(status)}
    if model is not None:
        response["content"] = {"application/json": body_of(model, RESPONSES.get((route.name, status)))}
        if route.offers_csv:
            response |= _with_csv(response["content"], model)
        if route.offers_html and status == HTTPStatus.OK:
            response["content"]["text/html"] = {"schema": {"type": "string"}}
    elif status == HTTPStatus.FOUND:
        response["headers"] = {"Location": {"schema": {"type": "string"}}}
    else:
        response["content"] = {"application/json": {"schema": {"type": "object"}}}
    return response


def _error_response_of(route: Route, status: int, codes: Sequence[str]) -> Json:
    if status == HTTPStatus.PRECONDITION_FAILED:
        return _precondition_failed(route)
    if status in _SAME_EVERYWHERE:
        return {"$ref": f"#/components/responses/{_error_name(status)}"}
    return _error_response(status, codes, details_of(route, status, codes))


def _precondition_failed(route: Route) -> Json:
    """Returns the response to a request whose If-Match failed: the error, and the stored object as GET returns it."""
    model = route.responses[HTTPStatus.OK]
    if model is None:
        raise ValueError(f"{route.label} returns the stored object, and has no model of it")
    stored = {
        "description": "The stored object, or null if there is none.",
        "anyOf": [{"$ref": REF.format(name=model.__name__)}, {"type": "null"}],
    }
    codes = ["precondition_failed"]
    response = _error_response(HTTPStatus.PRECONDITION_FAILED, codes, details_of_status(codes, codes))
    content = response["content"]["application/json"]
    schema = {
        **content["schema"],
        "properties": {**content["schema"]["properties"], "stored": stored},
        "required": [*content["schema"]["required"], "stored"],
    }
    content |= {"schema": schema, "example": {**content["example"], "stored": EXAMPLES[model]}}
    return {**response, "headers": {ETAG: _ETAG_HEADER}}


def _with_csv(content: Json, model: type) -> Json:
    """Returns a response with its CSV form, for clients that accept CSV."""
    table = {"schema": {"type": "string"}, "example": CSV_EXAMPLES[model]}
    link = {"description": 'CSV only: the address of the next page, with `rel="next"`.', "schema": {"type": "string"}}
    return {"content": {**content, "text/csv": table}, "headers": {"Link": link}}


def body_of(model: type, own_examples: Mapping[str, Any] | None = None) -> Json:
    """Returns the schema and an example of a body. `own_examples` are those of this response, if it has any."""
    content: Json = {"schema": {"$ref": REF.format(name=model.__name__)}}
    if own_examples is not None and len(own_examples) > 1:
        content["examples"] = {name: {"summary": name, "value": value} for name, value in own_examples.items()}
    elif own_examples is not None:
        [content["example"]] = own_examples.values()
    elif model in EXAMPLES:
        content["example"] = EXAMPLES[model]
    return content


def _error_name(status: int) -> str:
    return _phrase(status).title().replace(" ", "")


def _phrase(status: int) -> str:
    return _NAMED_BY_RFC_7231.get(status) or HTTPStatus(status).phrase


def shared_errors(routes: Sequence[Route]) -> Json:
    """Returns the error responses that are the same on every route, by the names that `responses_of` refers to."""
    statuses = {status for route in routes for status in error_codes_of(route)}
    codes_of = {status: list(ERROR_CODES[status]) for status in sorted(statuses & _SAME_EVERYWHERE)}
    return {
        _error_name(status): _error_response(status, codes, details_of_status(codes, codes))
        for status, codes in codes_of.items()
    }


def _error_response(status: int, codes: Sequence[str], details: Details) -> Json:
    """Returns an error response with these codes. `details` are the errors of its example."""
    code_list = "\n".join(f"- `{code}`: {ERROR_CODES[status][code]}" for code in codes)
    code: Json = {"type": "string", "enum": list(codes)}
    with_code = {"type": "object", "properties": {"code": code}, "required": ["code"]}
    error = {"allOf": [{"$ref": REF.format(name=FirstError.__name__)}, with_code]}
    schema = {"type": "object", "properties": {"error": error}, "required": ["error"]}
    response: Json = {
        "description": f"{_phrase(status)}. `error.code` is one of:\n\n{code_list}",
        "content": {"application/json": {"schema": schema, "example": _error_example(details)}},
        "x-error-codes": list(codes),
    }
    if status in HEADERS_OF:
        name, description = HEADERS_OF[status]
        response["headers"] = {name: {"description": description, "schema": {"type": "string"}}}
    return response


def _error_example(details: Details) -> Json:
    first_error = {name: details[0][name] for name in ("code", "message", "field", "nextStep")}
    request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    return {"error": {**first_error, "requestId": request_id, "details": list(details), "moreDetails": False}}


def error_code_schema() -> Json:
    """Returns the schema `ErrorCode`."""
    return {
        "type": "string",
        "enum": sorted({code for codes in ERROR_CODES.values() for code in codes}),
        "description": "Every error code. A code keeps its meaning. Codes may be added, so treat an unknown code "
        "as an error that its status and its texts explain.",
    }
