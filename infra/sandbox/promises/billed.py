"""What several promises look at: a customer, drafts, and invoices that were sent as the product sends them."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.stripe.drafts import lines_parameters
from chalicelib.domain.draft_edit import LineInStripe, lines_of
from chalicelib.domain.invoice import Invoice
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.promises.asking import JSON, body, events_about
from infra.sandbox.stories.billing import Sent

FIRST, SECOND = 7500, 2500
"""Minor units of the two lines of the invoice that most promises look at."""


@dataclass(frozen=True)
class Billed:
    """An invoice whose first line was removed and added again before it was sent."""

    order: Invoice
    customer: str
    invoice: str
    draft: JSON
    """Stripe's answer when it had its lines."""
    lines: tuple[LineInStripe, ...]
    """In Stripe's order, after the edit."""
    sent: JSON
    """Stripe's answer to the request to send it."""
    key: str
    """The idempotency key of that request."""

    @property
    def intent(self) -> str:
        """Returns the id of the payment intent of the default payment."""
        return str(self.sent["payments"]["data"][0]["payment"]["payment_intent"])


def customer(lab: Laboratory) -> str:
    """Makes a customer as the product does, and returns its id."""
    made = lab.gateway.create_customer(lab.account, lab.orders.customer(), f"{lab.run}-{lab.orders.number()}")
    return made.id


def draft(lab: Laboratory, *amounts: int, **order: object) -> str:
    """Makes a draft for the customer that promises share, with a line for each amount, and returns its id."""
    made = lab.orders.invoice(*amounts, **order)
    key = f"{lab.run}-{made.id}"
    stripe_id = lab.gateway.create_draft(lab.account, made, lab.once(customer), f"{key}-draft").id
    if amounts:
        lab.gateway.add_lines(lab.account, stripe_id, lines_of(made.order), f"{key}-lines")
    return stripe_id


def sent(lab: Laboratory, *amounts: int, **order: object) -> Sent:
    """Bills the customer that promises share, as the product does."""
    stripe_id = draft(lab, *amounts, **order)
    return _sent(send(lab, stripe_id, f"{lab.run}-{stripe_id}-send"))


def send(lab: Laboratory, invoice: str, key: str) -> JSON:
    """Sends an invoice with the request that the gateway makes, and returns the whole answer."""
    return body(lab.v1.invoices.send_invoice(invoice, {"expand": ["payments"]}, lab.on_account(key)))


def _sent(invoice: JSON) -> Sent:
    intent = invoice["payments"]["data"][0]["payment"]["payment_intent"]
    return Sent(str(invoice["customer"]), str(invoice["id"]), str(intent), int(invoice["total"]))


def billed(lab: Laboratory) -> Billed:
    """Makes the invoice that most promises look at. Use it by `lab.once(billed)`."""
    order, who = lab.orders.invoice(FIRST, SECOND), lab.once(customer)
    lines, key = lines_of(order.order), f"{lab.run}-{order.id}"
    invoice = lab.gateway.create_draft(lab.account, order, who, f"{key}-draft").id
    added = lab.v1.invoices.add_lines(invoice, lines_parameters(lines), lab.on_account(f"{key}-lines"))
    first = next(each["id"] for each in body(added)["lines"]["data"] if each["amount"] == FIRST)
    lab.gateway.remove_lines(lab.account, invoice, [first], f"{key}-remove")
    lab.gateway.add_lines(lab.account, invoice, lines[:1], f"{key}-again")
    present = tuple(lab.gateway.draft_lines(lab.account, invoice))
    return Billed(order, who, invoice, body(added), present, send(lab, invoice, f"{key}-send"), f"{key}-send")


def events_of_billed(lab: Laboratory) -> list[JSON]:
    """Returns the events of that invoice right after it was sent. Use it by `lab.once(events_of_billed)`."""
    return events_about(lab, [lab.once(billed).invoice], ["invoice.sent"])


def empty_draft(lab: Laboratory) -> str:
    """Makes a draft without lines, and returns its id. Use it by `lab.once(empty_draft)`."""
    return draft(lab)
