"""Promises of payments by card, payments outside Stripe, and surpluses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import issue_to_payer
from infra.sandbox.promises.promise import CannotTry, Outcome, as_promise, outcome_of, setting_up
from infra.sandbox.promises.responses import (
    JSON,
    error_object,
    event_types,
    events_about,
    refusal_text,
    response_header,
    response_json,
)
from infra.sandbox.promises.sending import paid_at_finalization
from infra.sandbox.session import NotInTime, Session
from infra.sandbox.stories.balances import invoice_below_the_minimum
from infra.sandbox.stories.cards import pay_by_card
from infra.sandbox.stories.drafts import pay_outside
from infra.sandbox.stories.invoices import SentInvoice
from infra.sandbox.stories.payer import pay_part

FIELD = "docs/field.md"
DOUBLE = "infra/stripe_double/README.md"
BASIL = "2025-03-31"
TOTAL, SURPLUS = 4200, 600
"""The amount of an invoice, and the amount that is paid in excess (minor units)."""
BOOKING_SECONDS = 60
"""The most seconds to wait for a charge's balance transaction."""


@dataclass(frozen=True)
class PaidInvoice:
    """The invoice of the story `cards`: its first cards were declined, and its last card paid."""

    sent: SentInvoice
    decline: stripe.CardError | None
    charge: JSON
    """The charge that succeeded, as Stripe first listed it."""


def paid_invoice(session: Session) -> PaidInvoice:
    """Returns the invoice that a card paid. Call it as `session.once(paid_invoice)`. Raises CannotTry if no card
    paid.
    """
    with setting_up(session, "pay an invoice by card"):
        attempts = session.once(pay_by_card)
    charge = next((each for each in attempts.charges if each["status"] == "succeeded"), None)
    if charge is None:
        raise CannotTry(f"No charge of the invoice's intent succeeded, of {len(attempts.charges)}.")
    return PaidInvoice(attempts.sent, attempts.declines["insufficient funds"], charge)


def events_of_paid_invoice(session: Session) -> list[JSON]:
    """Returns the events of the paid invoice and its payment, after the booking. Call it with `session.once`."""
    sent = session.once(paid_invoice).sent
    with suppress(NotInTime):  # the promise `the fee comes later` reports it
        session.once(booked_charge)
    expected = ["invoice.paid", "invoice_payment.paid", "charge.updated"]
    return events_about(session, [sent.invoice, sent.intent], expected)


def booked_charge(session: Session) -> JSON:
    """Returns the charge with its balance transaction, after Stripe booked it. Call it as
    `session.once(booked_charge)`.
    """
    charge = session.once(paid_invoice).charge["id"]
    query = {"expand": ["balance_transaction"]}
    answer = session.until(
        lambda: session.v1.charges.retrieve(charge, query, session.on_account()),
        {"balance_transaction.object": "balance_transaction"},
        BOOKING_SECONDS,
    )
    return response_json(answer)


@as_promise(
    "a decline has a decline code",
    "A declined card is refused with card_declined and a decline code, and Stripe emits three events.",
    "docs/decisions/0030-subscribed-events.md",
    "Usually three events say that a card was declined",
)
def a_decline_has_a_decline_code(session: Session) -> Outcome:
    """POM takes the reason from the intent's event or from the charge's event."""
    error = session.once(paid_invoice).decline
    if not isinstance(error, stripe.CardError):
        return outcome_of(False, f"The first card was {refusal_text(error)}.")
    if session.confirms_invoices is False:
        raise CannotTry(
            f"Only the hosted page can try a card that is declined. By the API it was {refusal_text(error)}."
        )
    expected = ["charge.failed", "invoice.payment_failed", "payment_intent.payment_failed"]
    received = sorted(set(event_types(session.once(events_of_paid_invoice))) & set(expected))
    codes = (error_object(error).get("code"), error_object(error).get("decline_code"))
    observation = f"It was {refusal_text(error)}; of three events came {', '.join(received) or 'none'}."
    if codes != ("card_declined", "insufficient_funds") or not set(received) - {"invoice.payment_failed"}:
        return outcome_of(False, observation)
    return outcome_of(received == expected, observation, Verdict.HARMLESS)


@as_promise(
    "a decline is not to be retried",
    "A declined payment has Stripe-Should-Retry false.",
    FIELD,
    "`Stripe-Should-Retry` is `true` on `lock_timeout`, and `false` on declines and refused states.",
)
def a_decline_is_not_to_be_retried(session: Session) -> Outcome:
    """If the header were `true`, the SDK would try the card again."""
    error = session.once(paid_invoice).decline
    if error is None:
        return outcome_of(False, "The first card was not declined.")
    advice = response_header(error, "stripe-should-retry")
    return outcome_of(advice == "false", f"Stripe-Should-Retry is {advice}.", Verdict.HARMLESS)


@as_promise(
    "a payment has its event",
    "A payment emits invoice_payment.paid, which names the invoice and the intent, even on old API versions.",
    FIELD,
    "It is also unknown whether accounts before 2025-03-31 get `invoice_payment.paid`",
)
def a_payment_has_its_event(session: Session) -> Outcome:
    """Without the event, POM misses a second payment until the next comparison. On an old account this is
    harmless.
    """
    sent, events = session.once(paid_invoice).sent, session.once(events_of_paid_invoice)
    version = next((each["api_version"] for each in events), None) or "unknown"
    invoice_payments = [each["data"]["object"] for each in events if each["type"] == "invoice_payment.paid"]
    if not invoice_payments:
        verdict = Verdict.HARMLESS if version < BASIL else Verdict.HARMFUL
        return outcome_of(False, f"It did not come; the account is on version {version}.", verdict)
    names = (invoice_payments[0].get("invoice"), (invoice_payments[0].get("payment") or {}).get("payment_intent"))
    return outcome_of(
        names == (sent.invoice, sent.intent), f"It came, on version {version}; it names {_both(names)}."
    )


def _both(names: tuple[Any, Any]) -> str:
    return " and ".join(
        name if value else f"no {name}" for name, value in zip(("invoice", "intent"), names, strict=True)
    )


@as_promise(
    "the fee comes later",
    "A charge has no balance transaction when it succeeds. charge.updated contains it seconds later.",
    FIELD,
    "A charge has no balance transaction when it succeeds; `charge.updated` has it",
)
def the_fee_comes_later(session: Session) -> Outcome:
    """POM learns a fee from an event. If the fee is known at once, `charge.succeeded` carries it."""
    paid = session.once(paid_invoice)
    at_first = paid.charge["balance_transaction"]
    session.once(booked_charge)
    sources = sorted(
        {
            each["type"]
            for each in session.once(events_of_paid_invoice)
            if each["data"]["object"]["id"] == paid.charge["id"] and each["data"]["object"]["balance_transaction"]
        }
    )
    article = "a" if at_first else "no"
    observation = f"The charge had {article} balance transaction at first; told by {', '.join(sources) or 'nothing'}."
    if not sources:
        return outcome_of(False, observation)
    return outcome_of(at_first is None and sources == ["charge.updated"], observation, Verdict.HARMLESS)


@as_promise(
    "an out-of-band payment cancels the intent",
    "Marking an invoice as paid out of band cancels its payment intent, and adds no payment to the invoice.",
    DOUBLE,
    "the payment intent is canceled, no `invoice.payment_succeeded`, no separate InvoicePayment",
)
def an_out_of_band_payment_cancels_the_intent(session: Session) -> Outcome:
    """POM shows the payment as cash because no payment through Stripe paid the invoice."""
    cash = session.once(pay_outside)
    sent, invoice = cash.sent, cash.answer
    received = event_types(
        events_about(session, [sent.invoice, sent.intent], ["invoice.paid", "payment_intent.canceled"])
    )
    payments = [each["status"] for each in invoice["payments"]["data"]]
    canceled, succeeded = "payment_intent.canceled" in received, "invoice.payment_succeeded" in received
    received = [each for each in received if each in ("payment_intent.canceled", "invoice.payment_succeeded")]
    observation = (
        f"The invoice is {invoice['status']}, the status of its payments is {', '.join(payments) or 'none'};"
        f" of the two events came {', '.join(received) or 'none'}."
    )
    if invoice["status"] != "paid" or _through_stripe(invoice):
        return outcome_of(False, observation)
    return outcome_of(payments == ["canceled"] and canceled and not succeeded, observation, Verdict.HARMLESS)


def _through_stripe(invoice: JSON) -> int:
    """Returns the sum of the payments through Stripe (minor units)."""
    in_stripe = (
        each for each in invoice["payments"]["data"] if each["payment"]["type"] in ("payment_intent", "charge")
    )
    return sum(each["amount_paid"] or 0 for each in in_stripe if each["status"] == "paid")


@as_promise(
    "an invoice shows what was paid outside Stripe",
    "amount_paid_off_stripe is the amount that was paid outside Stripe. If it is absent, POM computes the amount.",
    "docs/decisions/0059-paid-outside.md",
    "Not every account's invoices have `amount_paid_off_stripe`",
)
def an_invoice_shows_what_was_paid_outside_stripe(session: Session) -> Outcome:
    """POM uses the field. If the field is missing, POM subtracts the payments through Stripe from amount_paid."""
    invoice = session.once(pay_outside).answer
    reported, remainder = invoice.get("amount_paid_off_stripe"), invoice["amount_paid"] - _through_stripe(invoice)
    first_part = (
        "The invoice has no amount_paid_off_stripe" if reported is None else f"amount_paid_off_stripe is {reported}"
    )
    observation = f"{first_part}; its payments through Stripe leave {remainder} of {invoice['amount_paid']}."
    return outcome_of(
        (remainder if reported is None else reported) == invoice["amount_paid"] == invoice["total"], observation
    )


@as_promise(
    "amount_paid contains a surplus",
    "If an invoice is overpaid, amount_paid includes the surplus, and amount_overpaid is the surplus.",
    "docs/decisions/0018-invoice-amounts.md",
    "No real account has shown yet whether Stripe's `amount_paid` contains a surplus.",
)
def amount_paid_contains_a_surplus(session: Session) -> Outcome:
    """POM subtracts the surplus from `amount_paid` to get the amount that paid the invoice."""
    invoice = session.once(overpaid_invoice)
    total, received, over = invoice["total"], invoice["amount_paid"], invoice["amount_overpaid"]
    if not over:
        raise CannotTry(f"Stripe says that nothing is overpaid; amount_paid is {received} of {total}.")
    observation = f"amount_paid is {received} and amount_overpaid {over}, of a total of {total}."
    return outcome_of((received, over) == (total + SURPLUS, SURPLUS), observation)


def overpaid_invoice(session: Session) -> JSON:
    """Pays more than an invoice's total, and returns the invoice. Call it as `session.once(overpaid_invoice)`.

    The money is available at once. Raises CannotTry if Stripe refuses the payment.
    """
    sent = issue_to_payer(session, TOTAL)
    with setting_up(session, "pay more than an invoice asks for"):
        pay_part(session, sent, TOTAL + SURPLUS, "pm_card_bypassPending")
    return response_json(session.v1.invoices.retrieve(sent.invoice, None, session.on_account()))


@as_promise(
    "less than the minimum is paid at finalization",
    "An invoice below the minimum amount of its currency has the status paid when it is finalized.",
    FIELD,
    "Stripe does not charge less than the minimum of a currency",
)
def less_than_the_minimum_is_paid(session: Session) -> Outcome:
    """The sum moves to the customer's balance. POM refuses to create such invoices, and explains those made in
    Stripe.
    """
    return paid_at_finalization(session.once(invoice_below_the_minimum))


PAYMENTS = (
    a_decline_has_a_decline_code,
    a_decline_is_not_to_be_retried,
    a_payment_has_its_event,
    the_fee_comes_later,
    an_out_of_band_payment_cancels_the_intent,
    an_invoice_shows_what_was_paid_outside_stripe,
    less_than_the_minimum_is_paid,
)
