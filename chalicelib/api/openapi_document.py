"""The OpenAPI 3.1 document, generated from the route table and the models that decode requests.

Nothing is written twice: paths, roles and statuses come from the route table, schemas from msgspec, and errors from
`error_codes`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from chalicelib.api.http.decoding import IDEMPOTENCY_KEY, KEY_PATTERN, MAX_KEY
from chalicelib.api.http.entity_tags import IF_MATCH, IF_NONE_MATCH, TAGS_PATTERN
from chalicelib.api.http.route_table import READING, Role, Route
from chalicelib.api.models.customer_imports import ImportedCustomer
from chalicelib.api.models.errors import FirstError
from chalicelib.api.models.exact import schema_hook
from chalicelib.api.models.queries import Nothing
from chalicelib.api.models.system import VERSION
from chalicelib.api.openapi_responses import (
    ERROR_CODE,
    REF,
    TAG_EXAMPLE,
    body_of,
    error_code_schema,
    responses_of,
    shared_errors,
)
from chalicelib.api.openapi_schemas import Json, query_parameter, readable
from chalicelib.domain.identifiers import ID_PATTERN

_PATH_PARAMETER = re.compile(r"{(\w+)}")
_IDS = {
    "batchId": "The id of a batch of invoices.",
    "customerId": "POM's id of the customer.",
    "importId": "The id of an import of customers.",
    "invoiceId": "POM's id of the invoice.",
    "paymentId": "The `id` of a payment, as in the invoice's `payments` and in `GET /payments`.",
    "payoutId": "Stripe's id of the payout, as in `GET /payouts`.",
}
"""The description of each path parameter."""
TAGS = {
    "Attention": "The objects that need a person, in one list.",
    "Bulk billing": "Many services billed in one request.",
    "Changes": "The changes of an organization, for clients that poll.",
    "Connection": "The connection of an organization with its Stripe account.",
    "Customers": "The customers who are billed, in POM and in Stripe.",
    "Invoices": "Invoices, from the draft to the payment.",
    "Invoicing settings": "The settings of every new invoice of an organization.",
    "Payments": "Payments, refunds and disputes of all invoices, with their fees and deposits.",
    "Payouts": "Money between the Stripe balance and the company's bank account. What Stripe calls a payout, "
    "people call a deposit. A payout below zero is a debit of the bank account: Stripe takes the "
    "money that the balance lacks.",
    "Service": "The service itself.",
    "Stripe": "The endpoint for Stripe's events.",
}
"""The description of each tag."""
SECURITY_SCHEME = "accessToken"
DESCRIPTION = """\
Connects an organization of Pool Office Manager with its Stripe account.

An amount in a request is a decimal number or a string, with at most as many decimals as the currency has. An \
amount in a response is a string next to a `currency`. Times are RFC 3339 in UTC. Lists take `first` and `after` \
and return `pageInfo`. Unknown fields and parameters are refused. So are fields that an object has twice, and \
parameters and bodies on requests that take none.

Any caller with a valid access token of the organization may read. The role `billing` may manage customers and \
invoices. The role `admin` may do everything.

Errors have a stable `code`, a `message` and a `nextStep` for people, the `field` that is wrong, and the \
`requestId` to give to support. `details` lists all errors of the request, including the first one: 400 lists all \
faults of the request's shape, and a request of the right shape gets all rules that it breaks. There are at most 50 \
errors; `moreDetails` says whether there are more. The first error decides the status. Each response lists its \
codes, and the schema `ErrorCode` lists all of them. Responses of 429, 502 and 503 have `Retry-After`, and their \
request can be repeated safely. Where a route takes an `Idempotency-Key`, a repeated request with the same key \
creates nothing twice.

Every `GET` has an `ETag`. Send it as `If-None-Match` to get 304 without a body if nothing has changed; browsers do \
so automatically. Send it as `If-Match` with a `PUT` to get 412 with the stored object if somebody else has changed \
it since. A change by POM's own workers, such as `syncStatus`, is no conflict. Without `If-Match` the last writer \
wins.
"""


INFO = {
    "title": "POM-Stripe",
    "version": VERSION,
    "description": DESCRIPTION,
    "contact": {"name": "The POM-Stripe authors"},
    "license": {"name": "MIT", "identifier": "MIT"},
}


def document(routes: Sequence[Route], server_url: str = "/") -> Json:
    """Returns the document. `server_url` is the base path under which the API is served."""
    _, schemas = msgspec.json.schema_components(_models(routes), ref_template=REF, schema_hook=schema_hook)
    schemas = readable(schemas | {ERROR_CODE: error_code_schema()})
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
            "responses": shared_errors(routes),
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


def _models(routes: Sequence[Route]) -> list[type]:
    models: dict[type, None] = {FirstError: None, ImportedCustomer: None}
    for route in routes:
        models.update(dict.fromkeys(model for model in route.responses.values() if model is not None))
        models[route.takes] = None
    return list(models)


def _only_shared(schemas: Json, routes: Sequence[Route]) -> Json:
    """Returns the schemas without the models of query strings, which are written out as parameters."""
    queries = {route.takes.__name__ for route in routes if route.takes_query} | {Nothing.__name__}
    return {name: schema for name, schema in sorted(schemas.items()) if name not in queries}


def _operation(route: Route, schemas: Json) -> Json:
    summary, _, details = inspect.cleandoc(route.doc).partition("\n")
    operation: Json = {
        "operationId": _camel(route.name),
        "tags": [route.tag],
        "summary": summary.rstrip(".").replace("`", ""),  # plain text, unlike a description
        "description": _description(route, details),
        "parameters": _parameters(route, schemas),
        "responses": responses_of(route),
        "security": [] if route.role is Role.PUBLIC else [{SECURITY_SCHEME: []}],
        "x-role": str(route.role),
    }
    if route.has_body:
        operation["requestBody"] = {"required": True, "content": {"application/json": body_of(route.takes)}}
    elif route.raw_body:
        content = {"application/json": {"schema": {"type": "object", "description": "A Stripe event."}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _description(route: Route, details: str) -> str:
    needs = {
        Role.ADMIN: "Requires the role `admin`.",
        Role.BILLING: "Requires the role `billing` or `admin`.",
        Role.MEMBER: "Requires a token of the organization, with any role.",
        Role.PUBLIC: "Requires no token.",
    }
    return "\n\n".join(part for part in (details.strip(), needs[route.role]) if part)


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
    if route.takes_query and route.takes is not Nothing:
        schema = schemas[route.takes.__name__]
        required_names = schema.get("required", ())
        parameters += [
            query_parameter(name, each, required=name in required_names)
            for name, each in schema["properties"].items()
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
                "repeat a request that got no response.",
                "schema": key,
            }
        )
    parameters += _conditions(route)
    if route.raw_body:
        schema = {"type": "string", "examples": ["t=1795446365,v1=5257a869e7ec…"]}
        description = (
            "The time at which Stripe sent the event, in epoch seconds UTC, and Stripe's signatures of the event."
        )
        parameters.append(
            {
                "name": "Stripe-Signature",
                "in": "header",
                "required": True,
                "description": description,
                "schema": schema,
            }
        )
    return parameters


def _conditions(route: Route) -> list[Json]:
    """Returns the headers that make a request conditional on the version that the client has."""
    conditions = []
    if route.method in READING and HTTPStatus.OK in route.responses:
        conditions.append(
            (
                IF_NONE_MATCH,
                "The tags of responses that the client has. If one of them is current, the response is 304.",
            )
        )
    if route.reply_of_stored is not None:
        conditions.append(
            (
                IF_MATCH,
                "The tag of the response that was edited. If the object has changed since, the response is 412.",
            )
        )
    schema = {"type": "string", "pattern": TAGS_PATTERN, "examples": [f'"{TAG_EXAMPLE}"']}
    return [
        {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
        for name, description in conditions
    ]


def _camel(name: str) -> str:
    first, *following = name.split("_")
    return first + "".join(part.title() for part in following)
