"""The OpenAPI 3.1 document, made from the route table and the models that requests are decoded with.

Nothing here is written twice: paths, roles and statuses are the table's, schemas are msgspec's, errors are those
of `error_codes`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from chalicelib.api.examples import ANSWERS, CSV_EXAMPLES, EXAMPLES
from chalicelib.api.examples.common import error_detail
from chalicelib.api.examples.errors import ERROR_EXAMPLES
from chalicelib.api.http.decoding import IDEMPOTENCY_KEY, KEY_PATTERN, MAX_KEY
from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.api.http.errors import INTERNAL_ERROR, USUAL_NEXT_STEP
from chalicelib.api.http.refusals import codes_refused
from chalicelib.api.http.table import READING, VALIDATED, Role, Route
from chalicelib.api.http.validators import ETAG, IF_MATCH, IF_NONE_MATCH, TAGS_PATTERN
from chalicelib.api.models.customer_imports import ImportedCustomer
from chalicelib.api.models.errors import FirstError
from chalicelib.api.models.exact import schema_hook
from chalicelib.api.models.queries import Nothing
from chalicelib.api.models.system import VERSION
from chalicelib.api.openapi_schemas import query_parameter, readable
from chalicelib.domain.identifiers import ID_PATTERN

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
ERROR_CODE = "ErrorCode"
"""The schema of all error codes. `api.models.common.ErrorCode` refers to it."""
_PATH_PARAMETER = re.compile(r"{(\w+)}")
_IDS = {
    "batchId": "The id of a batch of invoices.",
    "customerId": "POM's id of the customer.",
    "importId": "The id of an import of customers.",
    "invoiceId": "POM's id of the invoice.",
    "paymentId": "The `id` of a payment, as in the invoice's `payments` and in `GET /payments`.",
    "payoutId": "Stripe's id of the payout, as in `GET /payouts`.",
}
"""What each path parameter is."""
TAGS = {
    "Attention": "What needs a person, in one list.",
    "Bulk billing": "Many services billed in one request.",
    "Connection": "The connection of an organization with its Stripe account.",
    "Customers": "The customers who are billed, in POM and in Stripe.",
    "Invoices": "Invoices, from the draft to the payment.",
    "Invoicing settings": "What applies to every new invoice of an organization.",
    "Payments": "Payments, refunds and disputes of all invoices, with their fees and deposits.",
    "Payouts": "Money between the Stripe balance and the company's bank account. What Stripe calls a payout, "
    "people call a deposit. A payout below zero is a debit of the bank account: Stripe takes the "
    "money that the balance lacks.",
    "Service": "The service itself.",
    "Stripe": "What Stripe sends.",
}
"""What the routes of each tag are about."""
TAG_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015.mzxw6ytboi4dcmrtgq2tmnzyhe"
_ETAG_HEADER: Json = {
    "description": "Names this answer, for `If-None-Match`, and for `If-Match` where `PUT` takes it. Opaque.",
    "schema": {"type": "string", "examples": [f'"{TAG_EXAMPLE}"']},
}
_NOT_MODIFIED = "Not Modified: the client has the current answer, so there is no body."
SECURITY_SCHEME = "accessToken"
_RETRY_AFTER = ("Retry-After", "The number of seconds to wait before the request is repeated.")
HEADERS_OF = {
    401: ("WWW-Authenticate", "Always `Bearer`."),
    429: _RETRY_AFTER,
    502: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
"""The header that an error answer has, by status, with its description."""

_SAME_EVERYWHERE = {
    status for status, codes in ERROR_CODES.items() if len(codes) == 1 and status != HTTPStatus.PRECONDITION_FAILED
}
"""The statuses whose error answer is the same on every route: they have one code, and show nothing of the route's."""

DESCRIPTION = """\
Connects an organization of Pool Office Manager with its Stripe account.

Money in requests is a decimal number or a string with at most as many decimals as the currency has; in answers \
it is a string beside a `currency`. Times are RFC 3339 in UTC. Lists take `first` and `after` and answer \
`pageInfo`. Unknown fields and parameters are refused, and so are fields that an object has twice, and parameters \
and bodies where none are taken.

Whoever has a valid access token of the organization may read; the role `billing` keeps customers and invoices; \
the role `admin` may do everything.

Errors have a stable `code`, a `message` and a `nextStep` for people, the `field` that is wrong, and the `requestId` \
to give to support. `details` has all errors of the request, the first one again among them: 400 tells all faults of \
its shape, and a request of the right shape hears of all rules that it breaks. There are at most 50; `moreDetails` \
says that there are more. The first error decides the status. Each answer lists its codes; all of them are in the \
schema `ErrorCode`. Answers of 429, 502 and 503 carry `Retry-After`; repeating such a request is safe. An \
`Idempotency-Key` makes repeating any create safe.

Every `GET` has an `ETag`. Send it as `If-None-Match`, and what has not changed is 304 without a body; browsers do \
so by themselves. Send it as `If-Match` with a `PUT`, and what somebody else has changed since is refused with 412, \
which shows what is stored. What POM's own workers change, such as `syncStatus`, is no conflict. Without `If-Match` \
the last writer wins.
"""


INFO = {
    "title": "POM-Stripe",
    "version": VERSION,
    "description": DESCRIPTION,
    "contact": {"name": "The POM-Stripe authors"},
    "license": {"name": "MIT", "identifier": "MIT"},
}


def document(routes: Sequence[Route], server_url: str = "/") -> Json:
    """Returns the whole document. `server_url` is the base path of the API where the document is served."""
    _, schemas = msgspec.json.schema_components(_models(routes), ref_template=_REF, schema_hook=schema_hook)
    schemas = readable(schemas | {ERROR_CODE: _error_code_schema()})
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": server_url}],
        "tags": [{"name": name, "description": TAGS[name]} for name in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": _only_shared(schemas, routes),
            "responses": _shared_errors(routes),
            "securitySchemes": {
                SECURITY_SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "POM's RS256 access token: `Authorization: Bearer …`.",
                }
            },
        },
    }


def _error_code_schema() -> Json:
    return {
        "type": "string",
        "enum": sorted(code for codes in ERROR_CODES.values() for code in codes),
        "description": "Every error code. A code keeps its meaning; codes may be added, so take one that is not "
        "among these for an error that only its status and its texts explain.",
    }


def _models(routes: Sequence[Route]) -> list[type]:
    wanted: dict[type, None] = {FirstError: None, ImportedCustomer: None}
    for route in routes:
        wanted.update(dict.fromkeys(model for model in route.answers.values() if model is not None))
        wanted[route.takes] = None
    return list(wanted)


def _only_shared(schemas: Json, routes: Sequence[Route]) -> Json:
    """Without the models of query strings, which are written out as parameters."""
    queries = {route.takes.__name__ for route in routes if route.method in READING} | {Nothing.__name__}
    return {name: schema for name, schema in sorted(schemas.items()) if name not in queries}


def _operation(route: Route, schemas: Json) -> Json:
    summary, _, more = inspect.cleandoc(route.doc).partition("\n")
    operation: Json = {
        "operationId": _camel(route.name),
        "tags": [route.tag],
        "summary": summary.rstrip(".").replace("`", ""),  # plain text, unlike a description
        "description": _description(route, more),
        "parameters": _parameters(route, schemas),
        "responses": _responses(route),
        "security": [] if route.role is Role.PUBLIC else [{SECURITY_SCHEME: []}],
        "x-role": str(route.role),
    }
    if route.has_body:
        operation["requestBody"] = {"required": True, "content": {"application/json": _content(route.takes)}}
    elif route.raw_body:
        content = {"application/json": {"schema": {"type": "object", "description": "A Stripe event."}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _description(route: Route, more: str) -> str:
    needs = {
        Role.ADMIN: "Takes the role `admin`.",
        Role.BILLING: "Takes the role `billing` or `admin`.",
        Role.MEMBER: "Takes a token of the organization, with any role.",
        Role.PUBLIC: "Takes no token.",
    }
    return "\n\n".join(part for part in (more.strip(), needs[route.role]) if part)


def _parameters(route: Route, schemas: Json) -> list[Json]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IDS[name],
            "schema": {"type": "string", "pattern": ID_PATTERN},
        }
        for name in _PATH_PARAMETER.findall(route.path)
    ]
    if route.method in READING:
        schema = schemas[route.takes.__name__]
        required = schema.get("required", ())
        parameters += [
            query_parameter(name, each, required=name in required) for name, each in schema["properties"].items()
        ]
    if route.idempotency_key:
        key = {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY,
            "pattern": KEY_PATTERN,
            "examples": ["5b1f9a52-8f0e-4c05-9d6e-1f4e"],
        }
        parameters.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": route.requires_idempotency_key,
                "description": "A random text such as a UUID: a new one for each new request, and the same one to "
                "repeat a request that got no answer.",
                "schema": key,
            }
        )
    parameters += _conditions(route)
    if route.raw_body:
        schema = {"type": "string", "examples": ["t=1795446365,v1=5257a869e7ec…"]}
        described = "When Stripe sent the event, in epoch seconds UTC, and its signatures of it."
        parameters.append(
            {
                "name": "Stripe-Signature",
                "in": "header",
                "required": True,
                "description": described,
                "schema": schema,
            }
        )
    return parameters


def _conditions(route: Route) -> list[Json]:
    """Returns the headers with which a request depends on what the client has seen."""
    conditions = []
    if route.method in READING and HTTPStatus.OK in route.answers:
        conditions.append((IF_NONE_MATCH, "Tags of answers that the client has. If one of them is current: 304."))
    if route.shows is not None:
        conditions.append((IF_MATCH, "The tag of the answer that was edited. If somebody has changed it since: 412."))
    schema = {"type": "string", "pattern": TAGS_PATTERN, "examples": [f'"{TAG_EXAMPLE}"']}
    return [
        {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
        for name, description in conditions
    ]


def _responses(route: Route) -> Json:
    responses: Json = {}
    for status, model in route.answers.items():
        response: Json = {"description": HTTPStatus(status).phrase}
        if model is not None:
            response["content"] = {"application/json": _content(model, ANSWERS.get((route.name, status)))}
            if route.answers_csv:
                response |= _also_csv(response["content"], model)
            if route.answers_html and status == HTTPStatus.OK:
                response["content"]["text/html"] = {"schema": {"type": "string"}}
        elif status == HTTPStatus.FOUND:
            response["headers"] = {"Location": {"schema": {"type": "string"}}}
        else:
            response["content"] = {"application/json": {"schema": {"type": "object"}}}
        if status == HTTPStatus.OK and route.method in VALIDATED:
            response["headers"] = {ETAG: _ETAG_HEADER, **response.get("headers", {})}
            if route.method in READING:
                responses["304"] = {"description": _NOT_MODIFIED, "headers": {ETAG: _ETAG_HEADER}}
        responses[str(status)] = response
    for status, codes in codes_refused(route).items():
        if status == HTTPStatus.PRECONDITION_FAILED:
            responses[str(status)] = _not_as_seen(route)
            continue
        reference = {"$ref": f"#/components/responses/{_error_name(status)}"}
        same = status in _SAME_EVERYWHERE
        responses[str(status)] = reference if same else _error_response(status, codes, route.refuses)
    return responses


def _not_as_seen(route: Route) -> Json:
    """Returns the answer to a request whose If-Match failed: the error, and what is stored, as GET shows it."""
    model = route.answers[HTTPStatus.OK]
    assert model is not None  # what can be replaced can be shown
    stored = {
        "description": "The thing as it is stored; null if there is no such thing.",
        "anyOf": [{"$ref": _REF.format(name=model.__name__)}, {"type": "null"}],
    }
    response = _error_response(HTTPStatus.PRECONDITION_FAILED, ["precondition_failed"], ())
    content = response["content"]["application/json"]
    schema = {
        **content["schema"],
        "properties": {**content["schema"]["properties"], "stored": stored},
        "required": [*content["schema"]["required"], "stored"],
    }
    content |= {"schema": schema, "example": {**content["example"], "stored": EXAMPLES[model]}}
    return {**response, "headers": {ETAG: _ETAG_HEADER}}


def _also_csv(content: Json, model: type) -> Json:
    """Returns what an answer has that is CSV for whoever accepts it."""
    table = {"schema": {"type": "string"}, "example": CSV_EXAMPLES[model]}
    link = {"description": 'CSV only: the address of the next page, with `rel="next"`.', "schema": {"type": "string"}}
    return {"content": {**content, "text/csv": table}, "headers": {"Link": link}}


def _content(model: type, answers: Mapping[str, Any] | None = None) -> Json:
    """Returns the schema and an example of a body. `answers` has the examples of this answer, if it has its own."""
    content: Json = {"schema": {"$ref": _REF.format(name=model.__name__)}}
    if answers is not None and len(answers) > 1:
        content["examples"] = {name: {"summary": name, "value": value} for name, value in answers.items()}
    elif answers is not None:
        [content["example"]] = answers.values()
    elif model in EXAMPLES:
        content["example"] = EXAMPLES[model]
    return content


def _error_name(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")


def _shared_errors(routes: Sequence[Route]) -> Json:
    """Returns the error answers that are the same wherever they occur."""
    refused = {status for route in routes for status in codes_refused(route)} & _SAME_EVERYWHERE
    return {
        _error_name(status): _error_response(status, codes, codes)
        for status, codes in ((status, list(ERROR_CODES[status])) for status in sorted(refused))
    }


def _error_response(status: int, codes: Sequence[str], declared: Sequence[str]) -> Json:
    """Returns an error answer with these codes. Its example has one that the route declares, if there is one."""
    listed = "\n".join(f"- `{code}`: {ERROR_CODES[status][code]}" for code in codes)
    code: Json = {"type": "string", "enum": list(codes)}
    with_code = {"type": "object", "properties": {"code": code}, "required": ["code"]}
    error = {"allOf": [{"$ref": _REF.format(name=FirstError.__name__)}, with_code]}
    schema = {"type": "object", "properties": {"error": error}, "required": ["error"]}
    response: Json = {
        "description": f"{HTTPStatus(status).phrase}. `error.code` is one of:\n\n{listed}",
        "content": {"application/json": {"schema": schema, "example": _error_example(status, codes, declared)}},
        "x-error-codes": list(codes),
    }
    if status in HEADERS_OF:
        name, described = HEADERS_OF[status]
        response["headers"] = {name: {"description": described, "schema": {"type": "string"}}}
    return response


def _error_example(status: int, codes: Sequence[str], declared: Sequence[str]) -> Json:
    details = ERROR_EXAMPLES.get(status, ())
    if not details or not {each["code"] for each in details} <= set(codes):
        code = next((each for each in declared if each in codes), codes[0])
        next_step = USUAL_NEXT_STEP.get(status, INTERNAL_ERROR.next_step)
        details = [error_detail(code, ERROR_CODES[status][code], next_step)]
    repeated = {name: details[0][name] for name in ("code", "message", "field", "nextStep")}
    request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    return {"error": {**repeated, "requestId": request_id, "details": list(details), "moreDetails": False}}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
