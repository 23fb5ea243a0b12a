"""Promises of refunds and payouts: the codes of refusals, and the state of the invoice and the balance afterwards."""

from __future__ import annotations

from typing import Any

import stripe

from chalicelib.adapters.stripe.refund_refusals import MORE_THAN_IS_LEFT, REFUNDED_ALREADY
from chalicelib.domain.errors import StripeRefused
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.payments import amount_paid_contains_a_surplus, booked_charge, paid_invoice
from infra.sandbox.promises.promise import CannotTry, Outcome, as_promise, outcome_of, setting_up
from infra.sandbox.promises.responses import (
    JSON,
    error_object,
    event_types,
    events_about,
    refusal,
    refusal_text,
    response_json,
)
from infra.sandbox.session import Session
from infra.sandbox.stories.payouts import ManualPayout, pay_out
from infra.sandbox.stories.refunds import request_refunds

DOUBLE = "infra/stripe_double/README.md"
REFUSALS = "chalicelib/adapters/stripe/refund_refusals.py"
REFUND_AMOUNT = 1500
"""The amount of the first refund (minor units)."""
TOO_MUCH = 99_999_999
"""More than the balance of a test account (minor units)."""


def _refund(session: Session) -> JSON:
    sent = session.once(paid_invoice).sent
    parameters = {"amount": REFUND_AMOUNT, "payment_intent": sent.intent, "expand": ["balance_transaction"]}
    with setting_up(session, "refund a payment of a moment ago"):
        return response_json(session.v1.refunds.create(parameters, session.on_account(f"{session.run}-refund")))


@as_promise(
    "a refund that is too large has no code",
    "A refund of more than the remaining amount is refused without a code. The error names the parameter amount.",
    REFUSALS,
    "Two had no code in the responses that accounts have",
)
def a_refund_that_is_too_large_has_no_code(session: Session) -> Outcome:
    """With any other response, POM reports that Stripe refused, but not the reason."""
    return _refusal(session.once(request_refunds).too_much, None, MORE_THAN_IS_LEFT)


@as_promise(
    "a refund of what is refunded has a code",
    "A refund of a payment that was refunded in full is refused with charge_already_refunded.",
    REFUSALS,
    "charge_already_refunded",
)
def a_refund_of_what_is_refunded_has_a_code(session: Session) -> Outcome:
    """With any other response, POM reports that Stripe refused, but not the reason."""
    return _refusal(session.once(request_refunds).nothing_left, "charge_already_refunded", REFUNDED_ALREADY)


def _refusal(refused: StripeRefused | None, code: str | None, meaning: Any) -> Outcome:
    cause = refused.__cause__ if refused else None
    stripe_error = cause if isinstance(cause, stripe.StripeError) else None
    observation = f"It was {refusal_text(stripe_error)}."
    if refused is None or stripe_error is None or refused.code != meaning.code:
        return outcome_of(False, f"{observation} POM makes of it: {refused.code if refused else 'nothing special'}.")
    return outcome_of(error_object(stripe_error).get("code") == code, observation, Verdict.HARMLESS)


@as_promise(
    "a refunded invoice stays paid",
    "After a refund the invoice is still paid, with the same amount_paid.",
    "docs/decisions/0018-invoice-amounts.md",
    "An invoice is `refunded` only if refunds gave back all that was paid.",
)
def a_refunded_invoice_stays_paid(session: Session) -> Outcome:
    """POM itself derives the refunded amount."""
    session.once(_refund)
    sent = session.once(paid_invoice).sent
    invoice = response_json(session.v1.invoices.retrieve(sent.invoice, None, session.on_account()))
    observation = f"The invoice is {invoice['status']}, its amount_paid {invoice['amount_paid']} of {sent.total}."
    return outcome_of((invoice["status"], invoice["amount_paid"]) == ("paid", sent.total), observation)


@as_promise(
    "a refund has its events",
    "A refund emits refund.created and charge.refunded, on accounts of every API version.",
    "docs/decisions/0030-subscribed-events.md",
    "no real account has shown yet whether Stripe now sends `refund.*` for them",
)
def a_refund_has_its_events(session: Session) -> Outcome:
    """One of the two events is enough: POM reads the refunds of a charge whose refunded amount exceeds the stored
    one.
    """
    refund, charge = session.once(_refund)["id"], session.once(paid_invoice).charge["id"]
    events = events_about(session, [refund, charge], ["charge.refunded"])
    version = events[0]["api_version"] if events else "unknown"
    received = sorted({"refund.created", "charge.refunded"} & set(event_types(events)))
    observation = f"On version {version} came {', '.join(received) or 'neither'}."
    return outcome_of(len(received) == 2, observation, Verdict.HARMLESS if received else Verdict.HARMFUL)


@as_promise(
    "a refund is available with its payment",
    "A refund of a payment that is not available yet becomes available on the same day as the payment.",
    DOUBLE,
    "its money leaves the balance when the payment's is available, so that both are in one payout",
)
def a_refund_is_available_with_its_payment(session: Session) -> Outcome:
    """If the days differed, the two would be in two payouts. POM shows each line as Stripe lists it."""
    charge, refund = (
        session.once(booked_charge)["balance_transaction"],
        session.once(_refund)["balance_transaction"],
    )
    if not refund:
        return outcome_of(False, "The refund has no balance transaction yet.", Verdict.HARMLESS)
    days = (refund["available_on"] - charge["available_on"]) / 86_400
    return outcome_of(days == 0, f"The refund is available {days:g} days after the payment.", Verdict.HARMLESS)


@as_promise(
    "a manual payout is not reconciled",
    "A manual payout has automatic false, and its reconciliation_status is not_applicable.",
    DOUBLE,
    "Manual, instant and reversing payouts have no lines (`not_applicable`)",
)
def a_manual_payout_is_not_reconciled(session: Session) -> Outcome:
    """POM requests no lines if either field says so."""
    payout = _payout_by_hand(session).payout
    automatic, status = payout["automatic"], payout["reconciliation_status"]
    observation = f"automatic is {automatic}, reconciliation_status is {status}."
    is_recognized = not automatic or status == "not_applicable"
    return outcome_of(
        (automatic, status) == (False, "not_applicable"),
        observation,
        Verdict.HARMLESS if is_recognized else Verdict.HARMFUL,
    )


def _payout_by_hand(session: Session) -> ManualPayout:
    with setting_up(session, "pay out by the API"):
        return session.once(pay_out)


@as_promise(
    "a manual payout has no lines",
    "Listing the lines of a manual payout is refused without a code.",
    "docs/field.md",
    "Balance transaction history can only be filtered on automatic transfers, not manual.",
)
def a_manual_payout_has_no_lines(session: Session) -> Outcome:
    """POM would treat a refusal with a code as a failure, and the job would fail again and again."""
    error = _payout_by_hand(session).lines.get("error")
    if error is None:
        return outcome_of(False, "Stripe listed lines.", Verdict.HARMLESS)
    details = ", ".join(f"{name} {error[name]}" for name in ("type", "code", "param") if error.get(name))
    return outcome_of(error.get("code") is None, f"It was refused with {details}.")


@as_promise(
    "a payout above the balance is refused",
    "A payout of more than is available is refused with balance_insufficient.",
    DOUBLE,
    "a payout of more than is available",
)
def a_payout_above_the_balance_is_refused(session: Session) -> Outcome:
    """A difference is harmless, because POM never pays out."""
    parameters = {"amount": TOO_MUCH, "currency": "usd", "metadata": session.marks}
    error = refusal(lambda: session.v1.payouts.create(parameters, session.on_account()))
    if error is not None and error.http_status == 404:
        raise CannotTry(f"Payouts by the API were {refusal_text(error)}.")
    as_double = error is not None and error_object(error).get("code") == "balance_insufficient"
    return outcome_of(as_double, f"It was {refusal_text(error)}.", Verdict.HARMLESS)


REFUNDS = (
    a_refund_that_is_too_large_has_no_code,
    a_refund_of_what_is_refunded_has_a_code,
    a_refunded_invoice_stays_paid,
    a_refund_has_its_events,
    a_refund_is_available_with_its_payment,
    amount_paid_contains_a_surplus,  # leaves a credit to the payer, so the invoices of the stories come first
    a_manual_payout_has_no_lines,
    a_manual_payout_is_not_reconciled,
    a_payout_above_the_balance_is_refused,
)
