"""Examples of Stripe's facts about one invoice over 75.00, sent at NOW, for tests of the values derived from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.domain import actions
from chalicelib.domain.actions import Action
from chalicelib.domain.changes import ChangeType
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.identifiers import UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.payment_facts import (
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.saga import Step
from chalicelib.domain.snapshots import Snapshots
from tests.contracts.examples import NOW, invoice

DAY = 86400
OFFICE = UserId("user_office")
ANN = "ann@example.test"
OPEN = InvoiceFact(
    "in_1", NOW, "open", 7500, 0, 7500, "usd",
    number="A-0001", due_at=NOW + 30 * DAY, finalized_at=NOW, customer_email=ANN, amount_due=7500,
    starting_balance=0, ending_balance=0,
)  # fmt: skip
DRAFT_FACT = replace(OPEN, status="draft", finalized_at=None, number=None)
PAID = replace(OPEN, as_of=NOW + DAY, status="paid", amount_paid=7500, amount_remaining=0, paid_at=NOW + DAY)
PAYMENT = InvoicePaymentFact("inpay_1", NOW + DAY, "paid", "in_1", 7500, "usd", "pi_1")
VISA = ChargeFact(
    "ch_1", NOW + DAY, "succeeded", 7500, "usd", NOW + DAY, "pi_1",
    method="card", brand="visa", last4="4242", expires="2029-04", receipt_url="https://receipt",
)  # fmt: skip
BROKE = PaymentFailure(FailureReason.INSUFFICIENT_FUNDS)
DECLINED = replace(
    VISA, id="ch_0", as_of=NOW + DAY - 20, status="failed", created=NOW + DAY - 20, failure=BROKE, last4="9995",
    receipt_url=None,
)  # fmt: skip
INTENT = PaymentIntentFact("pi_1", NOW + DAY, "succeeded", 7500, "usd", "ch_1")
UNDER_WAY = replace(INTENT, status="processing", seen={"processing": NOW + DAY})
DEBIT = ChargeFact(
    "py_1", NOW + DAY, "pending", 7500, "usd", NOW + DAY, "pi_1",
    method="us_bank_account", brand="STRIPE TEST BANK", last4="6789",
)  # fmt: skip
ARRIVED = replace(DEBIT, as_of=NOW + 5 * DAY, status="succeeded", seen={"succeeded": NOW + 5 * DAY})
BOUNCED = replace(DEBIT, as_of=NOW + 5 * DAY, status="failed", failure=BROKE, seen={"failed": NOW + 5 * DAY})
REFUND = RefundFact(
    "re_1", NOW + 3 * DAY, "succeeded", 2500, "usd", NOW + 3 * DAY, "pi_1", "ch_1", reason="requested_by_customer",
    seen={"succeeded": NOW + 3 * DAY},
)  # fmt: skip
DISPUTE = DisputeFact(
    "du_1", NOW + 4 * DAY, "needs_response", 7500, "usd", "fraudulent", NOW + 14 * DAY, "pi_1", "ch_1",
    created=NOW + 4 * DAY,
)  # fmt: skip
NOTE = CreditNoteFact(
    "cn_1", NOW + DAY, "issued", 1500, "usd", "in_1", "order_change", pre_payment_amount=1500, created=NOW + DAY
)
SENT = (Action(NOW, actions.CREATED, OFFICE), Action(NOW, actions.SENT_BY_POM, OFFICE, stripe_id="in_1"))


def snapshots_of(*facts: Any) -> Snapshots:
    snapshots = Snapshots()
    for fact in facts:
        snapshots = snapshots.merge(fact)
    return snapshots


def invoice_with(*facts: Any, acts: tuple[Action, ...] = SENT, **changes: Any) -> Invoice:
    """Returns an invoice with these facts from Stripe."""
    snapshots = snapshots_of(*facts)
    blank = invoice()
    fields: dict[str, Any] = {
        "facts": snapshots,
        "saga": replace(blank.saga, step=Step.DONE, resume_at=None),
        "actions": acts,
        "sent_at": NOW if any(act.kind == actions.SENT_BY_POM for act in acts) else None,
        "stripe_invoice_id": snapshots.invoice.id if snapshots.invoice else None,
    }
    return replace(blank, **{**fields, **changes})


def published_change(
    before: Invoice | None, after: Invoice | None
) -> tuple[tuple[ChangeType, ...], str | None, str | None]:
    """Returns the published types of a change, and the status before and after."""
    difference = invoice_difference(before, after)
    return difference.types, difference.previous_status, difference.status


def draft(step: Step = Step.REVIEW, *, send: bool = False) -> Invoice:
    """Returns a draft whose saga is at this step."""
    resting = invoice_with(DRAFT_FACT, acts=())
    return replace(resting, saga=replace(resting.saga, step=step, send=send))


def next_version(invoice: Invoice, **changes: Any) -> Invoice:
    """Returns the next version of the invoice, with these fields."""
    return replace(invoice, version=invoice.version + 1, **changes)
