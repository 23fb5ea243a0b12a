"""What several promises look at: a customer, drafts, and invoices that were sent as the product sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.adapters.stripe.drafts import lines_parameters
from chalicelib.domain.draft_edit import LineInStripe, lines_of
from chalicelib.domain.invoice import Invoice
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.promises.asking import JSON, body, events_about
from infra.sandbox.stories.invoices import Sent, draft_with_lines, open_invoice, payer

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
    asked_at: float
    """When it was asked to be sent (epoch seconds UTC)."""

    @property
    def intent(self) -> str:
        """Returns the id of the payment intent of the default payment."""
        return str(self.sent["payments"]["data"][0]["payment"]["payment_intent"])


def draft(lab: Laboratory, *amounts: int) -> str:
    """Makes a draft with a line for each amount, and returns its id."""
    order, customer = lab.orders.invoice(*amounts), lab.once(payer)
    if amounts:
        return draft_with_lines(lab, order, customer)
    return lab.gateway.create_draft(lab.account, order, customer, f"{lab.run}-{order.id}-draft").id


def issued(lab: Laboratory, *amounts: int, **order: object) -> Sent:
    """Bills the payer of this run, without an e-mail. `order` has fields of the order.

    Whatever changes the balance of that customer, and so the next invoice, comes after this.
    """
    return open_invoice(lab, *amounts, customer=lab.once(payer), **order)


def send(lab: Laboratory, invoice: str, key: str) -> JSON:
    """Sends an invoice with the request that the gateway makes, and returns the whole answer."""
    return body(lab.v1.invoices.send_invoice(invoice, {"expand": ["payments"]}, lab.on_account(key)))


def billed(lab: Laboratory) -> Billed:
    """Makes the invoice that most promises look at. Use it by `lab.once(billed)`."""
    order, who = lab.orders.invoice(FIRST, SECOND), lab.once(payer)
    lines, key = lines_of(order.order), f"{lab.run}-{order.id}"
    invoice = lab.gateway.create_draft(lab.account, order, who, f"{key}-draft").id
    added = lab.v1.invoices.add_lines(invoice, lines_parameters(lines), lab.on_account(f"{key}-lines"))
    first = next(each["id"] for each in body(added)["lines"]["data"] if each["amount"] == FIRST)
    lab.gateway.remove_lines(lab.account, invoice, [first], f"{key}-remove")
    lab.gateway.add_lines(lab.account, invoice, lines[:1], f"{key}-again")
    present = tuple(lab.gateway.draft_lines(lab.account, invoice))
    asked_at = lab.side.now()
    answer = send(lab, invoice, f"{key}-send")
    return Billed(order, who, invoice, body(added), present, answer, f"{key}-send", asked_at)


@dataclass(frozen=True)
class Told:
    """The events of an invoice, oldest first."""

    events: Sequence[JSON]
    seconds: float
    """How long after the invoice was asked to be sent they were all listed."""


def told_of_billed(lab: Laboratory) -> Told:
    """Returns the events of that invoice right after it was sent. Use it by `lab.once(told_of_billed)`."""
    made = lab.once(billed)
    events = events_about(lab, [made.invoice], ["invoice.sent"])
    return Told(events, lab.side.now() - made.asked_at)


def empty_draft(lab: Laboratory) -> str:
    """Makes a draft without lines, and returns its id. Use it by `lab.once(empty_draft)`."""
    return draft(lab)
