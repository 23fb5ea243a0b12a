"""What several promises look at: a customer, drafts, and invoices that were sent as the product sends them."""

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
"""Minor units of the two lines of the invoice that most promises look at."""


@dataclass(frozen=True)
class BilledInvoice:
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
    send_requested_at: float
    """When it was asked to be sent (epoch seconds UTC)."""

    @property
    def intent(self) -> str:
        """Returns the id of the payment intent of the default payment."""
        return str(self.sent["payments"]["data"][0]["payment"]["payment_intent"])


def make_draft(session: Session, *amounts: int) -> str:
    """Makes a draft with a line for each amount, and returns its id."""
    order, customer = session.orders.invoice(*amounts), session.once(payer)
    if amounts:
        return draft_with_lines(session, order, customer)
    return session.gateway.create_draft(session.account, order, customer, f"{session.run}-{order.id}-draft").id


def issue_to_payer(session: Session, *amounts: int, **order: object) -> SentInvoice:
    """Bills the payer of this run, without an e-mail. `order` has fields of the order.

    Whatever changes the balance of that customer, and so the next invoice, comes after this.
    """
    return issue_invoice(session, *amounts, customer=session.once(payer), **order)


def send(session: Session, invoice: str, key: str) -> JSON:
    """Sends an invoice with the request that the gateway makes, and returns the whole answer."""
    return response_json(session.v1.invoices.send_invoice(invoice, {"expand": ["payments"]}, session.on_account(key)))


def billed_invoice(session: Session) -> BilledInvoice:
    """Makes the invoice that most promises look at. Use it by `session.once(billed)`."""
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
    """How long after the invoice was asked to be sent they were all listed."""


def events_of_billed_invoice(session: Session) -> ListedEvents:
    """Returns the events of that invoice right after it was sent. Use it by `session.once(told_of_billed)`."""
    invoice = session.once(billed_invoice)
    events = events_about(session, [invoice.invoice], ["invoice.sent"])
    return ListedEvents(events, session.target.now() - invoice.send_requested_at)


def empty_draft(session: Session) -> str:
    """Makes a draft without lines, and returns its id. Use it by `session.once(empty_draft)`."""
    return make_draft(session)
