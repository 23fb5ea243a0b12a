"""Invoices and drafts that several promises share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.adapters.stripe.drafts import lines_parameters
from chalicelib.domain.draft_edit import LineInStripe, lines_of
from chalicelib.domain.invoice import Invoice
from infra.sandbox.promises.responses import JSON, events_about, response_json
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice, draft_with_lines, issue_invoice, payer

FIRST_AMOUNT, SECOND_AMOUNT = 7500, 2500
"""The amounts of the two lines of the shared invoice (minor units)."""


@dataclass(frozen=True)
class BilledInvoice:
    """An invoice whose first line was removed and added again before it was sent."""

    order: Invoice
    customer: str
    invoice: str
    draft: JSON
    """Stripe's JSON of the draft with its lines."""
    lines: tuple[LineInStripe, ...]
    """The lines in Stripe's order, after the edit."""
    sent: JSON
    """Stripe's response to the request to send the invoice."""
    key: str
    """The idempotency key of the request to send."""
    send_requested_at: float
    """When the invoice was sent (epoch seconds UTC)."""

    @property
    def intent(self) -> str:
        """Returns the id of the payment intent of the default payment."""
        return str(self.sent["payments"]["data"][0]["payment"]["payment_intent"])


def make_draft(session: Session, *amounts: int) -> str:
    """Creates a draft with one line for each amount, and returns its id."""
    order, customer = session.orders.invoice(*amounts), session.once(payer)
    if amounts:
        return draft_with_lines(session, order, customer)
    return session.gateway.create_draft(session.account, order, customer, f"{session.run}-{order.id}-draft").id


def issue_to_payer(session: Session, *amounts: int, **order: object) -> SentInvoice:
    """Bills the run's payer without an e-mail. `order` holds fields of the order.

    Promises that change the payer's balance must run later, because the balance changes the next invoice.
    """
    return issue_invoice(session, *amounts, customer=session.once(payer), **order)


def send(session: Session, invoice: str, key: str) -> JSON:
    """Sends an invoice with the gateway's request, and returns Stripe's JSON."""
    return response_json(session.v1.invoices.send_invoice(invoice, {"expand": ["payments"]}, session.on_account(key)))


def billed_invoice(session: Session) -> BilledInvoice:
    """Sends the invoice that most promises read. Call it as `session.once(billed_invoice)`."""
    order, customer = session.orders.invoice(FIRST_AMOUNT, SECOND_AMOUNT), session.once(payer)
    lines, key = lines_of(order.order), f"{session.run}-{order.id}"
    invoice = session.gateway.create_draft(session.account, order, customer, f"{key}-draft").id
    with_lines = session.v1.invoices.add_lines(invoice, lines_parameters(lines), session.on_account(f"{key}-lines"))
    first = next(each["id"] for each in response_json(with_lines)["lines"]["data"] if each["amount"] == FIRST_AMOUNT)
    session.gateway.remove_lines(session.account, invoice, [first], f"{key}-remove")
    session.gateway.add_lines(session.account, invoice, lines[:1], f"{key}-again")
    present = tuple(session.gateway.draft_lines(session.account, invoice))
    send_requested_at = session.target.now()
    answer = send(session, invoice, f"{key}-send")
    return BilledInvoice(
        order, customer, invoice, response_json(with_lines), present, answer, f"{key}-send", send_requested_at
    )


@dataclass(frozen=True)
class ListedEvents:
    """The events of an invoice, oldest first."""

    events: Sequence[JSON]
    seconds: float
    """Seconds from the request to send until all events were listed."""


def events_of_billed_invoice(session: Session) -> ListedEvents:
    """Returns the events right after the shared invoice was sent. Call it as
    `session.once(events_of_billed_invoice)`.
    """
    invoice = session.once(billed_invoice)
    events = events_about(session, [invoice.invoice], ["invoice.sent"])
    return ListedEvents(events, session.target.now() - invoice.send_requested_at)


def empty_draft(session: Session) -> str:
    """Creates a draft without lines, and returns its id. Call it as `session.once(empty_draft)`."""
    return make_draft(session)
