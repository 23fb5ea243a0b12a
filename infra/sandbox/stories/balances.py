"""The customer's balance, and what is so small that nobody pays it (https://docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.order import Deduction, DeductionKind
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import another_of, finalized, invoice_in
from infra.sandbox.stories.story import Story


def invoice_of_zero(lab: Laboratory) -> InvoiceFact:
    """Finalizes an invoice whose total is zero. Use it by `lab.once(invoice_of_zero)`."""
    customer = another_of(lab).id
    with lab.step("an invoice of 0"):
        given = (Deduction(DeductionKind.CREDIT, "Visit that was missed", 2000),)
        return invoice_in(finalized(lab, lab.orders.invoice(2000, deductions=given), customer))


def invoice_below_the_minimum(lab: Laboratory) -> InvoiceFact:
    """Finalizes an invoice that is smaller than Stripe charges. Use it by `lab.once(invoice_below_the_minimum)`."""
    customer = another_of(lab).id
    with lab.step("an invoice below the minimum"):
        return invoice_in(finalized(lab, lab.orders.invoice(30), customer))


def _play(lab: Laboratory) -> None:
    customer = another_of(lab).id
    lab.once(invoice_of_zero)
    lab.once(invoice_below_the_minimum)
    with lab.step("a credit"):
        credit = {"amount": -5030, "currency": "usd", "metadata": lab.marks}
        lab.v1.customers.balance_transactions.create(customer, credit, lab.on_account())
    with lab.step("an invoice that the credit pays"):
        finalized(lab, lab.orders.invoice(2000), customer)
    with lab.step("an invoice that the credit pays in part"):
        finalized(lab, lab.orders.invoice(5000), customer)


BALANCES = Story(
    "balance", "Invoices of 0, below the minimum, paid by the customer's credit, and paid by it in part.", _play
)
