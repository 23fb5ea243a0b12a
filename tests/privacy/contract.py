"""The text fields of the API, and which of them are about a customer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.privacy.person import PHONE, address, word

CONTRACT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())

_PROFILE = {
    "firstName": word("firstname"),
    "lastName": word("lastname"),
    "companyName": word("companyname"),
    "email": address("maildomain"),
    "phone": PHONE,
    "address.street": word("street"),
    "address.street2": word("second"),
    "address.city": word("city"),
    "address.state": word("state"),
    "address.zipCode": word("zip"),
    "address.country": word("country"),
}
_INVOICE = {
    "memo": word("memo"),
    "footer": word("footer"),
    "lineItems[].description": word("line"),
    "deductions[].description": word("deduction"),
}
THE_PERSONS: dict[str, dict[str, str]] = {
    "PUT /v1/customers/{customerId}": _PROFILE,
    "POST /v1/customer-imports": {f"customers[].{name}": text for name, text in _PROFILE.items()},
    "POST /v1/invoices": _INVOICE,
    "PUT /v1/invoices/{invoiceId}": _INVOICE,
    "POST /v1/invoice-batches": {
        "memo": word("memo"),
        "footer": word("footer"),
        "services[].description": word("line"),
    },
    "POST /v1/invoices/{invoiceId}/mark-paid": {"reference": word("reference")},
    "GET /v1/customers": {"email": address("maildomain"), "name": word("query")},
}
"""The texts about a customer in each request, by their place, with the text that is written there."""

NOT_ABOUT_ANYBODY = {
    "amount": "an amount",
    "quantity": "a quantity",
    "unitPrice": "an amount",
    "tax": "an amount",
    "currency": "a code",
    "id": "POM's opaque id of a customer",
    "customerId": "POM's opaque id of a customer",
    "serviceId": "POM's opaque id of a service",
    "stripeCustomerId": "Stripe's id",
    "stripeInvoiceId": "Stripe's id",
    "paymentTerms": "the name of payment terms, which the company has in common for its customers",
    "state": "a secret of OAuth",
    "code": "a secret of OAuth",
    "error": "a word of OAuth",
    "after": "a cursor",
    "number": "Stripe's number of an invoice",
    "method": "Stripe's word for a way to pay",
    "from": "a day",
    "to": "a day",
    "createdFrom": "a day",
    "createdTo": "a day",
    "dueFrom": "a day",
    "dueTo": "a day",
    "updatedFrom": "a day",
    "updatedTo": "a day",
    "dueDate": "a day",
    "serviceDate": "a day",
    "paidOn": "a day",
}
"""Texts that are about no person, by their name, with their meaning."""

OF_THE_COMPANY = {"PUT /v1/settings/invoicing"}
"""Requests whose texts are the company's own, and on the invoices of all of its customers."""


def texts_taken() -> Iterator[tuple[str, str]]:
    """Yields the request and the place of each text that the contract takes, in its body or its query."""
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            label = f"{method.upper()} {path}"
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from ((label, place) for place in _texts(content["schema"], ""))
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    yield from ((label, place) for place in _texts(parameter["schema"], parameter["name"]))


def _texts(schema: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _texts(alternative, place)
    for name, inner in schema.get("properties", {}).items():
        yield from _texts(inner, f"{place}.{name}".lstrip("."))
    if "items" in schema:
        yield from _texts(schema["items"], f"{place}[]")
    if schema.get("type") == "string" and "enum" not in schema:
        yield place


def label_of(method: str, path: str) -> str:
    """Returns the contract's name of a request that was made."""
    bare = "/v1" + path.partition("?")[0]
    for template_path in CONTRACT["paths"]:
        if (
            re.fullmatch(re.sub(r"{\w+}", "[^/]+", template_path), bare)
            and method.lower() in CONTRACT["paths"][template_path]
        ):
            return f"{method} {template_path}"
    return f"{method} {bare}"
