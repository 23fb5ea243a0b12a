"""The customer's balance, and invoices too small to be paid (https://docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.order import Deduction, DeductionKind
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import finalize_invoice, invoice_in, second_customer
from infra.sandbox.stories.story import Story


def invoice_of_zero(session: Session) -> InvoiceFact:
    """Finalizes an invoice whose total is zero. Call it as `session.once(invoice_of_zero)`."""
    customer = second_customer(session).id
    with session.step("an invoice of 0"):
        deductions = (Deduction(DeductionKind.CREDIT, "Visit that was missed", 2000),)
        return invoice_in(finalize_invoice(session, session.orders.invoice(2000, deductions=deductions), customer))


def invoice_below_the_minimum(session: Session) -> InvoiceFact:
    """Finalizes an invoice below Stripe's minimum charge. Call it as `session.once(invoice_below_the_minimum)`."""
    customer = second_customer(session).id
    with session.step("an invoice below the minimum"):
        return invoice_in(finalize_invoice(session, session.orders.invoice(30), customer))


def _play(session: Session) -> None:
    customer = second_customer(session).id
    session.once(invoice_of_zero)
    session.once(invoice_below_the_minimum)
    with session.step("a credit"):
        credit = {"amount": -5030, "currency": "usd", "metadata": session.marks}
        session.v1.customers.balance_transactions.create(customer, credit, session.on_account())
    with session.step("an invoice that the credit pays"):
        finalize_invoice(session, session.orders.invoice(2000), customer)
    with session.step("an invoice that the credit pays in part"):
        finalize_invoice(session, session.orders.invoice(5000), customer)


BALANCES = Story(
    "balance", "Invoices of 0, below the minimum, paid by the customer's credit, and paid by it in part.", _play
)
