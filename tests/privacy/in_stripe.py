"""Stripe's data about the person: texts in every field of its objects that can hold one.

The double leaves most of these empty. Here they are filled in on the object itself, before anybody is shown it, in an
answer of the API or in an event. A name of a field is Stripe's (https://docs.stripe.com/api).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from infra.stripe_double.state import render
from infra.stripe_double.state.ledger import Ledger, public
from tests.privacy.person import EXPIRES, LAST4, address, found_in, word

Json = dict[str, Any]

STREET = {
    "line1": word("stripestreet"), "line2": word("stripesecond"), "city": word("stripecity"),
    "state": word("stripestate"), "postal_code": word("stripezip"), "country": "US",
}  # fmt: skip
BILLING = {"name": word("billing"), "email": address("billing"), "phone": word("billing"), "address": STREET}
SHIPPING = {"name": word("shipping"), "phone": word("shipping"), "address": {**STREET, "line1": word("shipping")}}
CUSTOM_FIELDS = [{"name": word("fieldname"), "value": word("fieldvalue")}]
EDITED = {
    "name": word("stripename"), "phone": word("stripephone"), "description": word("description"),
    "address": STREET, "shipping": SHIPPING, "metadata": {"note": word("metadata")},
}  # fmt: skip
"""The texts that a user enters in Stripe's dashboard about the customer."""


class StripeObjectsOfPerson:
    """Writes the person into the objects of an account that are hers."""

    def __init__(self, ledger: Callable[[], Ledger]) -> None:
        self._ledger = ledger
        self._customers = set[str]()

    def write(self, obj: Json) -> None:
        """Fills in the fields of an object of the person's. An object of somebody else's stays as it is."""
        kind = str(obj.get("object"))
        if kind in _FIELDS and self._is_hers(obj):
            for path, text in _FIELDS[kind].items():
                _fill(obj, path, text)
            if kind == "invoice":
                for line in self._ledger().lines.get(obj["id"], ()):
                    if not found_in(line["description"] or ""):
                        line["description"] = f"{line['description']} {word('dashboard')}"

    def _is_hers(self, obj: Json) -> bool:
        ledger = self._ledger()
        if obj["object"] == "customer":
            if found_in(f"{obj.get('email')} {obj.get('name')}"):
                self._customers.add(obj["id"])
            return obj["id"] in self._customers
        if obj.get("customer") is not None:
            customer = ledger.find("customer", obj["customer"])
            return self._is_hers(customer) if customer else obj["customer"] in self._customers
        for name, kind in (("charge", "charge"), ("payment_intent", "payment_intent"), ("invoice", "invoice")):
            if (of := ledger.find(kind, obj.get(name))) is not None:
                return self._is_hers(of)
        source = str(obj.get("source"))
        kinds = {"ch": "charge", "py": "charge", "re": "refund", "pyr": "refund", "du": "dispute"}
        of = ledger.find(kinds.get(source.partition("_")[0], ""), source)
        return of is not None and self._is_hers(of)


def _fill(obj: Json, path: str, value: Any) -> None:
    """Sets a field that is there, or whose object is there. A text at an address of Stripe's is added to it."""
    *way, last = path.split(".")
    for name in way:
        obj = obj.get(name) or {}
    if last not in obj:
        return
    if last == "metadata":
        obj[last] = {**obj[last], **value}
    elif last in _ADDRESSES:
        if obj[last] and value not in obj[last]:
            obj[last] = f"{obj[last]}?{value}"
    elif last not in _ONLY_IF_TOLD or obj[last]:
        obj[last] = value


_ADDRESSES = {"receipt_url", "hosted_invoice_url", "invoice_pdf"}
_ONLY_IF_TOLD = {"failure_message", "message"}
"""Stripe says these of payments that failed."""

_METADATA = {"metadata": {"note": word("metadata")}}
_CARD = "payment_method_details.card"
_FIELDS: dict[str, Json] = {
    "customer": {
        "description": word("description"), "shipping": SHIPPING, **_METADATA,
        "invoice_settings.custom_fields": CUSTOM_FIELDS,
    },
    "invoice": {
        "custom_fields": CUSTOM_FIELDS, "customer_shipping": SHIPPING, "statement_descriptor": word("descriptor"),
        "hosted_invoice_url": word("page"), "invoice_pdf": word("page"), **_METADATA,
    },
    "payment_intent": {
        "description": word("description"), "receipt_email": address("receiptmail"), "shipping": SHIPPING,
        "statement_descriptor": word("descriptor"), "statement_descriptor_suffix": word("descriptor"), **_METADATA,
        "last_payment_error.message": word("failure"),
    },
    "charge": {
        "description": word("description"), "receipt_email": address("receiptmail"), "shipping": SHIPPING,
        "billing_details": BILLING, "statement_descriptor": word("descriptor"),
        "calculated_statement_descriptor": word("descriptor"), "failure_message": word("failure"),
        "outcome.seller_message": word("failure"), "receipt_url": word("receipt"), **_METADATA,
        f"{_CARD}.brand": word("brand"), f"{_CARD}.last4": LAST4, f"{_CARD}.exp_year": EXPIRES[0],
        f"{_CARD}.exp_month": EXPIRES[1], "payment_method_details.us_bank_account.bank_name": word("bank"),
        "payment_method_details.us_bank_account.last4": LAST4,
    },
    "payment_method": {
        "billing_details": BILLING, **_METADATA, "card.brand": word("brand"), "card.last4": LAST4,
        "us_bank_account.bank_name": word("bank"), "us_bank_account.last4": LAST4,
    },
    "refund": {"description": word("refund"), "instructions_email": address("refund"), **_METADATA},
    "dispute": {
        "evidence.customer_name": word("evidence"), "evidence.customer_email_address": address("evidence"),
        "evidence.billing_address": word("evidence"), "evidence.uncategorized_text": word("evidence"), **_METADATA,
    },
    "credit_note": {"memo": word("note"), "customer_balance_transaction.description": word("note"), **_METADATA},
    "balance_transaction": {"description": word("booking")},
}  # fmt: skip


@contextmanager
def person_in_stripe(known: StripeObjectsOfPerson) -> Iterator[None]:
    """Makes Stripe return the person's texts in every response within this block."""

    def shown(obj: Json) -> Json:
        known.write(obj)
        return public(obj)

    with patch.object(render, "public", shown):
        yield
