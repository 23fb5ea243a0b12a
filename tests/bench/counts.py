"""Requests to DynamoDB and calls of Stripe, counted through the real stores over the embedded DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.invoicing.invoice_lists import list_invoices
from tests.backends import STORES, aws_with_resources, requests_to_dynamodb, table_backend
from tests.bench.figures import Figure, at_most
from tests.world import ORGANIZATION, World


def measure() -> list[Figure]:
    """Counts the requests and calls, and returns the figures."""
    with aws_with_resources():
        stores, world = table_backend(), World()
        for name in STORES:
            setattr(world.ports, name, getattr(stores, name))
        account = world.connect()
        return list(_counted(world, account))


def _counted(world: World, account: str) -> list[Figure]:
    counts: list[Figure] = []

    def count(name: str, do: Callable[[], Any], dynamodb: int | None, stripe: int) -> Any:
        world.double.api.log.reset()
        with requests_to_dynamodb() as requests:
            answer = do()
        calls = sum(world.stripe_calls().values())
        if dynamodb is not None:
            counts.append(
                at_most(
                    f"{name}: requests to DynamoDB", len(requests), dynamodb, "", _listed(requests), is_count=True
                )
            )
        how = ", ".join(world.stripe_calls()) or "none"
        counts.append(at_most(f"{name}: calls of Stripe", calls, stripe, "", how, is_count=True))
        return answer

    world.customer("cust_1")
    invoice = count("create and send, new customer", lambda: world.invoice("svc_1", idempotency_key="key"), None, 6)
    world.customer("cust_2", email="two@example.test")
    many = [f"svc_many_{n}" for n in range(250)]
    count("create and send, new customer, 250 lines", lambda: world.invoice(*many, customer_id="cust_2"), None, 6)
    count("create and send, known customer", lambda: world.invoice("svc_2"), 9, 3)
    count("replayed create", lambda: world.invoice("svc_1", idempotency_key="key"), 1, 0)
    count("page of invoices", lambda: list_invoices(ORGANIZATION, InvoiceFilter(), 25, None, world.ports), 2, 0)
    world.deliver()
    world.double.pay(account, invoice.stripe_invoice_id, "pm_card_visa")
    events = {event["type"]: event["id"] for event in world.double.events(account)}
    world.double.set_delivery(paused=True)
    world.double.deliverer.queue.clear()
    world.double.set_delivery(paused=False)
    for name, kind, limit in (
        ("webhook of an invoice", "invoice.paid", 2),
        ("webhook of a payment", "payment_intent.succeeded", 3),
        ("duplicate webhook of an invoice", "invoice.paid", 3),
        ("duplicate webhook of a payment", "payment_intent.succeeded", 4),
    ):
        world.double.resend(account, events[kind])
        count(name, world.deliver, limit, 0)
    return counts


def _listed(requests: list[str]) -> str:
    return ", ".join(f"{requests.count(name)} {name}" for name in dict.fromkeys(requests)) or "none"
