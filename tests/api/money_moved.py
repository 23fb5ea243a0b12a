"""Creates paid and refunded invoices, and reads the API's list of payments as JSON and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind
from tests.api.client import ApiClient, Response
from tests.world import World

CSV = {"Accept": "text/csv"}


def paid_invoice(world: World, service: str = "svc_1", method: str = "pm_card_visa") -> tuple[Any, str]:
    """Returns a new invoice of 75.00 that was paid a minute ago, and the id of its payment."""
    invoice = world.invoice(service)
    intent = world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), method)["payment_intent"]
    world.deliver()
    world.advance(60)
    return world.now(invoice), str(intent)


def refund_payment(world: World, account: str, intent: str, amount: int) -> str:
    options: Any = {"stripe_account": account}
    refund = world.client.v1.refunds.create({"payment_intent": intent, "amount": amount}, options)
    world.deliver()
    world.advance(60)
    return str(refund.id)


def payment_rows(api: ApiClient, query: str = "") -> list[Any]:
    response = api.get(f"/payments?{query}")
    assert response.status == 200, response.text
    return list(response.json["data"])


def csv_rows(response: Response) -> Sequence[dict[str, str]]:
    """Returns the rows of a CSV response as dictionaries by column name."""
    assert (response.status, response.headers["content-type"].partition(";")[0]) == (200, "text/csv"), response.text
    return list(csv.DictReader(StringIO(response.text), strict=True))


def movement(**changes: Any) -> Movement:
    fields: dict[str, Any] = {
        "id": "pi_1",
        "kind": MovementKind.PAYMENT,
        "status": "succeeded",
        "at": 1_800_000_000,
        "amount": 7500,
        "currency": "usd",
        "invoice_id": InvoiceId("inv_1"),
        "customer_id": CustomerId("cust_1"),
    }
    return Movement(**{**fields, **changes})
