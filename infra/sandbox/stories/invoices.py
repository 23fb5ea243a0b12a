"""What all stories share: customers, and invoices that can be paid."""

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
    """An invoice that was finalized."""

    customer: str
    """Stripe's id of the customer."""
    invoice: str
    intent: str
    """The payment intent by which it is paid."""
    total: int


@dataclass(frozen=True)
class CreatedCustomer:
    """A customer as POM has it, and Stripe's id of it."""

    customer: Customer
    id: str


def create_customer(session: Session) -> CreatedCustomer:
    """Creates a customer as the product does."""
    customer = session.orders.customer()
    return CreatedCustomer(
        customer, session.gateway.create_customer(session.account, customer, f"{session.run}-{customer.id}").id
    )


def second_customer(session: Session) -> CreatedCustomer:
    """Returns the customer whose balance changes and who is deleted; the first story that needs it makes it."""
    with session.step("another customer"):
        return session.once(create_customer)


def payer_address(session: Session) -> str:
    """Returns the e-mail address of the payer of this run, with capital letters."""
    return f"Ann.Sandbox-{session.run}@Example.com"


def payer(session: Session) -> str:
    """Makes the customer that most stories and promises bill, and returns its id. Use it by `session.once(payer)`."""
    customer = session.orders.customer(payer_address(session))
    return session.gateway.create_customer(session.account, customer, f"{session.run}-{customer.id}").id


def shared_payer(session: Session) -> str:
    """Returns the customer that most stories bill; the first of them makes it."""
    with session.step("the payer of this run"):
        return session.once(payer)


def draft_with_lines(session: Session, order: Invoice, customer: str) -> str:
    """Creates a draft and adds all its lines in one request, as the product does; returns Stripe's id of it."""
    key = f"{session.run}-{order.id}"
    draft = session.gateway.create_draft(session.account, order, customer, f"{key}-draft")
    session.gateway.add_lines(session.account, draft.id, lines_of(order.order), f"{key}-lines")
    return draft.id


def send_invoice(session: Session, *amounts: int, customer: str | None = None) -> SentInvoice:
    """Bills a customer, or a new one, as the product does: draft, all lines at once, send."""
    customer = customer or create_customer(session).id
    order = session.orders.invoice(*amounts)
    draft = draft_with_lines(session, order, customer)
    return sent_invoice_in(customer, session.gateway.send(session.account, draft, f"{session.run}-{order.id}-send"))


def issue_invoice(session: Session, *amounts: int, customer: str | None = None, **order: object) -> SentInvoice:
    """Bills a customer, or the run's payer, and finalizes without an e-mail. `order` has fields of the order."""
    customer = customer or shared_payer(session)
    return sent_invoice_in(customer, finalize_invoice(session, session.orders.invoice(*amounts, **order), customer))


def finalize_invoice(session: Session, order: Invoice, customer: str) -> Sequence[StripeFact]:
    """Creates a draft with its lines and finalizes it without an e-mail; returns the facts that Stripe answered."""
    draft = draft_with_lines(session, order, customer)
    return session.gateway.finalize(session.account, draft, f"{session.run}-{order.id}-finalize")


def invoice_in(facts: Sequence[StripeFact]) -> InvoiceFact:
    """Returns the first invoice among facts."""
    return next(fact for fact in facts if isinstance(fact, InvoiceFact))


def sent_invoice_in(customer: str, facts: Sequence[StripeFact]) -> SentInvoice:
    """Returns the finalized invoice among facts. Raises LookupError if nothing can pay it."""
    invoice = invoice_in(facts)
    intent = next(fact.payment_intent_id for fact in facts if isinstance(fact, InvoicePaymentFact))
    if intent is None:
        raise LookupError(f"The default payment of the invoice {invoice.id} has no payment intent.")
    return SentInvoice(customer, invoice.id, intent, invoice.total)
