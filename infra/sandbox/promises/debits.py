"""Promises of bank debits: what Stripe refuses for an invoice with a debit under way."""

from __future__ import annotations

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import issue_to_payer
from infra.sandbox.promises.promise import Outcome, as_promise, outcome_of, setting_up
from infra.sandbox.promises.responses import error_object, refusal, refusal_text
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice
from infra.sandbox.stories.payer import debit

DOUBLE = "infra/stripe_double/README.md"
BY_HAND = "docs/decisions/0022-changed-drafts-and-manual-payments.md"


def _invoice_with_debit(session: Session) -> SentInvoice:
    with setting_up(session, "pay an invoice by bank debit"):
        invoice = issue_to_payer(session, 3100, payment_methods=("us_bank_account",))
        debit(session, invoice, "pm_usBankAccount_processing")
    return invoice


@as_promise(
    "a processing debit forbids voiding",
    "Voiding an invoice while a bank debit is processing is refused with payment_intent_unexpected_state.",
    BY_HAND,
    "The double refuses to void such an invoice, as Stripe is assumed to.",
)
def a_processing_debit_forbids_voiding(session: Session) -> Outcome:
    """A difference is harmless, because POM itself refuses to void an invoice with a payment under way."""
    invoice = session.once(_invoice_with_debit)
    return _refused_state(
        refusal(lambda: session.v1.invoices.void_invoice(invoice.invoice, None, session.on_account()))
    )


@as_promise(
    "a processing debit forbids out-of-band payment",
    "Marking an invoice as paid out of band while a bank debit is processing is refused.",
    DOUBLE,
    "voiding, or cash, while a bank debit is processing",
)
def a_processing_debit_forbids_out_of_band_payment(session: Session) -> Outcome:
    """A difference is harmless, because POM itself refuses cash for an invoice with a payment under way."""
    invoice, outside = session.once(_invoice_with_debit), {"paid_out_of_band": True}
    return _refused_state(refusal(lambda: session.v1.invoices.pay(invoice.invoice, outside, session.on_account())))


def _refused_state(error: stripe.StripeError | None) -> Outcome:
    as_double = error is not None and error_object(error).get("code") == "payment_intent_unexpected_state"
    return outcome_of(as_double, f"It was {refusal_text(error)}.", Verdict.HARMLESS)


@as_promise(
    "a processing debit allows marking as uncollectible",
    "An invoice can be marked as uncollectible while a bank debit is processing.",
    BY_HAND,
    "whether Stripe lets an invoice be marked as uncollectible while a payment is under way.",
)
def a_processing_debit_allows_marking_as_uncollectible(session: Session) -> Outcome:
    """A refusal is harmless, because POM never makes this request."""
    invoice = session.once(_invoice_with_debit)
    error = refusal(lambda: session.v1.invoices.mark_uncollectible(invoice.invoice, None, session.on_account()))
    return outcome_of(error is None, f"It was {refusal_text(error)}.", Verdict.HARMLESS)


DEBITS = (
    a_processing_debit_forbids_voiding,
    a_processing_debit_forbids_out_of_band_payment,
    a_processing_debit_allows_marking_as_uncollectible,
)
