"""What Stripe lets nobody do to an invoice while a bank debit is under way."""

from __future__ import annotations

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import issued
from infra.sandbox.promises.promise import Outcome, judged, promised, setting_up
from infra.sandbox.promises.responses import reason, refusal, told
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import Sent
from infra.sandbox.stories.payer import debit

DOUBLE = "infra/stripe_double/README.md"
BY_HAND = "docs/decisions/0022-drafts-and-money-by-hand.md"


def _debited(session: Session) -> Sent:
    with setting_up(session, "pay an invoice by bank debit"):
        made = issued(session, 3100, payment_methods=("us_bank_account",))
        debit(session, made, "pm_usBankAccount_processing")
    return made


@promised(
    "a debit under way forbids voiding",
    "Voiding an invoice while a bank debit is under way is refused with payment_intent_unexpected_state.",
    BY_HAND,
    "Stripe's refusal to void such an invoice is what the double does",
)
def a_debit_under_way_forbids_voiding(session: Session) -> Outcome:
    """POM refuses by itself what it knows to be under way."""
    made = session.once(_debited)
    return _refused_state(refusal(lambda: session.v1.invoices.void_invoice(made.invoice, None, session.on_account())))


@promised(
    "a debit under way forbids cash",
    "Marking an invoice as paid out of band while a bank debit is under way is refused.",
    DOUBLE,
    "voiding, or cash, while a bank debit is processing",
)
def a_debit_under_way_forbids_cash(session: Session) -> Outcome:
    """POM refuses by itself what it knows to be under way."""
    made, outside = session.once(_debited), {"paid_out_of_band": True}
    return _refused_state(refusal(lambda: session.v1.invoices.pay(made.invoice, outside, session.on_account())))


def _refused_state(error: stripe.StripeError | None) -> Outcome:
    as_played = error is not None and reason(error).get("code") == "payment_intent_unexpected_state"
    return judged(as_played, f"It was {told(error)}.", Verdict.HARMLESS)


@promised(
    "a debit under way lets an invoice be given up",
    "An invoice can be marked as uncollectible while a bank debit is under way.",
    BY_HAND,
    "Nobody here has seen whether Stripe lets an invoice be marked as uncollectible while a payment is under way.",
)
def a_debit_under_way_lets_an_invoice_be_given_up(session: Session) -> Outcome:
    """POM does not ask for it, so a refusal is no harm."""
    made = session.once(_debited)
    error = refusal(lambda: session.v1.invoices.mark_uncollectible(made.invoice, None, session.on_account()))
    return judged(error is None, f"It was {told(error)}.", Verdict.HARMLESS)


DEBITS = (
    a_debit_under_way_forbids_voiding,
    a_debit_under_way_forbids_cash,
    a_debit_under_way_lets_an_invoice_be_given_up,
)
