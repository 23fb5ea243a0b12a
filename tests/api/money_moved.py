"""Money that moved, and how the tests of the list of payments read what the API tells of it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from typing import Any

from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind
from tests.api.client import Answer, ApiClient
from tests.world import World

CSV = {"Accept": "text/csv"}


def paid(world: World, service: str = "svc_1", method: str = "pm_card_visa") -> tuple[Any, str]:
    """Returns a new invoice of 75.00 that was paid a minute ago, and the id of its payment."""
    invoice = world.invoice(service)
    intent = world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), method)["payment_intent"]
    world.deliver()
    world.advance(60)
    return world.now(invoice), str(intent)


def refunds(world: World, account: str, intent: str, amount: int) -> str:
    options: Any = {"stripe_account": account}
    made = world.client.v1.refunds.create({"payment_intent": intent, "amount": amount}, options)
    world.deliver()
    world.advance(60)
    return str(made.id)


def listed(api: ApiClient, query: str = "") -> list[Any]:
    answer = api.get(f"/payments?{query}")
    assert answer.status == 200, answer.text
    return list(answer.json["data"])


def table(answer: Answer) -> Sequence[dict[str, str]]:
    """The rows of an answer that is CSV, by the names of their columns."""
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/csv"), answer.text
    return list(csv.DictReader(StringIO(answer.text), strict=True))


def movement(**changes: Any) -> Movement:
    given: dict[str, Any] = {
        "id": "pi_1",
        "kind": MovementKind.PAYMENT,
        "status": "succeeded",
        "at": 1_800_000_000,
        "amount": 7500,
        "currency": "usd",
        "invoice_id": InvoiceId("inv_1"),
        "customer_id": CustomerId("cust_1"),
    }
    return Movement(**{**given, **changes})
