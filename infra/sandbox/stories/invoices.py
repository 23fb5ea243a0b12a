"""Customers and invoices that the stories share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.customer import Customer
from chalicelib.domain.draft_edit import lines_of
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import InvoicePaymentFact
from infra.sandbox.session import Session


@dataclass(frozen=True)
class SentInvoice:
    """A finalized invoice."""

    customer: str
    """Stripe's id of the customer."""
    invoice: str
    intent: str
    """The payment intent of the invoice's default payment."""
    total: int


@dataclass(frozen=True)
class CreatedCustomer:
    """A customer as POM has it, with Stripe's id."""

    customer: Customer
    id: str


def create_customer(session: Session) -> CreatedCustomer:
    """Creates a customer with the product's gateway."""
    customer = session.orders.customer()
    return CreatedCustomer(
        customer, session.gateway.create_customer(session.account, customer, f"{session.run}-{customer.id}").id
    )


def second_customer(session: Session) -> CreatedCustomer:
    """Returns the customer whose balance changes and who is deleted. The first story that needs it creates it."""
    with session.step("another customer"):
        return session.once(create_customer)


def payer_address(session: Session) -> str:
    """Returns the e-mail address of the run's payer, with capital letters."""
    return f"Ann.Sandbox-{session.run}@Example.com"


def payer(session: Session) -> str:
    """Creates the run's payer, whom most stories and promises bill. Returns its id. Call it as
    `session.once(payer)`.
    """
    customer = session.orders.customer(payer_address(session))
    return session.gateway.create_customer(session.account, customer, f"{session.run}-{customer.id}").id


def shared_payer(session: Session) -> str:
    """Returns the id of the run's payer. The first story that needs it creates it."""
    with session.step("the payer of this run"):
        return session.once(payer)


def draft_with_lines(session: Session, order: Invoice, customer: str) -> str:
    """Creates a draft and adds all its lines in one request, as the product does. Returns the draft's id in
    Stripe.
    """
    key = f"{session.run}-{order.id}"
    draft = session.gateway.create_draft(session.account, order, customer, f"{key}-draft")
    session.gateway.add_lines(session.account, draft.id, lines_of(order.order), f"{key}-lines")
    return draft.id


def send_invoice(session: Session, *amounts: int, customer: str | None = None) -> SentInvoice:
    """Bills this customer, or a new one, as the product does: creates a draft, adds all lines at once, and sends
    it.
    """
    customer = customer or create_customer(session).id
    order = session.orders.invoice(*amounts)
    draft = draft_with_lines(session, order, customer)
    return sent_invoice_in(customer, session.gateway.send(session.account, draft, f"{session.run}-{order.id}-send"))


def issue_invoice(session: Session, *amounts: int, customer: str | None = None, **order: object) -> SentInvoice:
    """Bills this customer, or the run's payer, without an e-mail. `order` holds fields of the order."""
    customer = customer or shared_payer(session)
    return sent_invoice_in(customer, finalize_invoice(session, session.orders.invoice(*amounts, **order), customer))


def finalize_invoice(session: Session, order: Invoice, customer: str) -> Sequence[StripeFact]:
    """Creates a draft with its lines and finalizes it without an e-mail. Returns the facts in Stripe's response."""
    draft = draft_with_lines(session, order, customer)
    return session.gateway.finalize(session.account, draft, f"{session.run}-{order.id}-finalize")


def invoice_in(facts: Sequence[StripeFact]) -> InvoiceFact:
    """Returns the first invoice among facts."""
    return next(fact for fact in facts if isinstance(fact, InvoiceFact))


def sent_invoice_in(customer: str, facts: Sequence[StripeFact]) -> SentInvoice:
    """Returns the finalized invoice among facts. Raises LookupError if it has no payment intent."""
    invoice = invoice_in(facts)
    intent = next(fact.payment_intent_id for fact in facts if isinstance(fact, InvoicePaymentFact))
    if intent is None:
        raise LookupError(f"The default payment of the invoice {invoice.id} has no payment intent.")
    return SentInvoice(customer, invoice.id, intent, invoice.total)
