"""The customer's balance, and what is so small that nobody pays it (https://docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from chalicelib.domain.order import Deduction, DeductionKind
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import finalized, new_customer
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    with lab.step("a customer"):
        customer = new_customer(lab)
    with lab.step("an invoice of 0"):
        given = (Deduction(DeductionKind.CREDIT, "Visit that was missed", 2000),)
        finalized(lab, lab.orders.invoice(2000, deductions=given), customer)
    with lab.step("an invoice below the minimum"):
        finalized(lab, lab.orders.invoice(30), customer)
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
