"""Payments by card, payments outside Stripe, and surpluses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import stripe

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import issued
from infra.sandbox.promises.promise import CannotTry, Outcome, judged, promised, setting_up
from infra.sandbox.promises.responses import JSON, body, events_about, header, reason, told, types
from infra.sandbox.promises.sending import finalized_quietly
from infra.sandbox.session import NotInTime, Session
from infra.sandbox.stories.balances import invoice_below_the_minimum
from infra.sandbox.stories.cards import paid_by_card
from infra.sandbox.stories.drafts import paid_outside
from infra.sandbox.stories.invoices import Sent
from infra.sandbox.stories.payer import pay_part

FIELD = "docs/field.md"
DOUBLE = "infra/stripe_double/README.md"
BASIL = "2025-03-31"
TOTAL, SURPLUS = 4200, 600
"""Minor units of an invoice, and of what is paid too much."""
BOOKED_WITHIN = 60
"""Seconds that a charge's balance transaction is waited for."""


@dataclass(frozen=True)
class Paid:
    """An invoice of the stories whose first cards were declined and whose last card paid."""

    sent: Sent
    decline: stripe.CardError | None
    charge: JSON
    """The charge that succeeded, as it was first seen."""


def paid(session: Session) -> Paid:
    """Returns the invoice that a card paid. Use it by `session.once(paid)`. Raises CannotTry if no card can pay."""
    with setting_up(session, "pay an invoice by card"):
        made = session.once(paid_by_card)
    succeeded = next((each for each in made.charges if each["status"] == "succeeded"), None)
    if succeeded is None:
        raise CannotTry(f"No charge of the invoice's intent succeeded, of {len(made.charges)}.")
    return Paid(made.sent, made.declines["insufficient funds"], succeeded)


def events_of_paid(session: Session) -> list[JSON]:
    """Returns the events of that invoice and its payment, once it is booked. Use `session.once(events_of_paid)`."""
    made = session.once(paid).sent
    with suppress(NotInTime):  # which `the fee comes later` tells
        session.once(booked_charge)
    expected = ["invoice.paid", "invoice_payment.paid", "charge.updated"]
    return events_about(session, [made.invoice, made.intent], expected)


def booked_charge(session: Session) -> JSON:
    """Returns that charge once Stripe has booked it, with its balance transaction. Use it by `session.once(…)`."""
    charge = session.once(paid).charge["id"]
    query = {"expand": ["balance_transaction"]}
    answer = session.until(
        lambda: session.v1.charges.retrieve(charge, query, session.on_account()),
        {"balance_transaction.object": "balance_transaction"},
        BOOKED_WITHIN,
    )
    return body(answer)


@promised(
    "a decline says why",
    "A declined card is refused with card_declined and a decline code, and three events tell of it.",
    "docs/decisions/0030-events-asked-for.md",
    "Usually three events say that a card was declined",
)
def a_decline_says_why(session: Session) -> Outcome:
    """POM takes the reason from the event of the intent, or from that of the charge."""
    error = session.once(paid).decline
    if not isinstance(error, stripe.CardError):
        return judged(False, f"The first card was {told(error)}.")
    if session.confirms_invoices is False:
        raise CannotTry(f"Only the hosted page can try a card that is declined. By the API it was {told(error)}.")
    expected = ["charge.failed", "invoice.payment_failed", "payment_intent.payment_failed"]
    came = sorted(set(types(session.once(events_of_paid))) & set(expected))
    codes = (reason(error).get("code"), reason(error).get("decline_code"))
    seen = f"It was {told(error)}; of three events came {', '.join(came) or 'none'}."
    if codes != ("card_declined", "insufficient_funds") or not set(came) - {"invoice.payment_failed"}:
        return judged(False, seen)
    return judged(came == expected, seen, Verdict.HARMLESS)


@promised(
    "a decline is not to be retried",
    "A declined payment has Stripe-Should-Retry false.",
    FIELD,
    "`Stripe-Should-Retry` is `true` on `lock_timeout`, and `false` on declines and refused states.",
)
def a_decline_is_not_to_be_retried(session: Session) -> Outcome:
    """With `true` the SDK would try the card again."""
    error = session.once(paid).decline
    if error is None:
        return judged(False, "The first card was not declined.")
    advice = header(error, "stripe-should-retry")
    return judged(advice == "false", f"Stripe-Should-Retry is {advice}.", Verdict.HARMLESS)


@promised(
    "a payment has its event",
    "A payment makes invoice_payment.paid, which names the invoice and the intent, on old accounts too.",
    FIELD,
    "Nobody here has seen whether accounts before 2025-03-31 get `invoice_payment.paid`",
)
def a_payment_has_its_event(session: Session) -> Outcome:
    """Without it POM does not know a second payment until the next comparison, which an old account can bear."""
    made, events = session.once(paid).sent, session.once(events_of_paid)
    version = next((each["api_version"] for each in events), None) or "unknown"
    shown = [each["data"]["object"] for each in events if each["type"] == "invoice_payment.paid"]
    if not shown:
        worse = Verdict.HARMLESS if version < BASIL else Verdict.HARMFUL
        return judged(False, f"It did not come; the account is on version {version}.", worse)
    named = (shown[0].get("invoice"), (shown[0].get("payment") or {}).get("payment_intent"))
    return judged(named == (made.invoice, made.intent), f"It came, on version {version}; it names {_both(named)}.")


def _both(named: tuple[Any, Any]) -> str:
    return " and ".join(
        name if value else f"no {name}" for name, value in zip(("invoice", "intent"), named, strict=True)
    )


@promised(
    "the fee comes later",
    "A charge has no balance transaction when it succeeds; charge.updated brings it within seconds.",
    FIELD,
    "A charge has no balance transaction when it succeeds; `charge.updated` brings it",
)
def the_fee_comes_later(session: Session) -> Outcome:
    """Only an event says that the fee is known. If it is known at once, `charge.succeeded` says so."""
    made = session.once(paid)
    at_first = made.charge["balance_transaction"]
    session.once(booked_charge)
    of_charge = sorted(
        {
            each["type"]
            for each in session.once(events_of_paid)
            if each["data"]["object"]["id"] == made.charge["id"] and each["data"]["object"]["balance_transaction"]
        }
    )
    had = "a" if at_first else "no"
    seen = f"The charge had {had} balance transaction at first; told by {', '.join(of_charge) or 'nothing'}."
    if not of_charge:
        return judged(False, seen)
    return judged(at_first is None and of_charge == ["charge.updated"], seen, Verdict.HARMLESS)


@promised(
    "cash ends the intent",
    "A payment out of band makes the invoice paid, cancels its intent, and is no payment of the invoice.",
    DOUBLE,
    "the payment intent is canceled, no `invoice.payment_succeeded`, no InvoicePayment of its own",
)
def cash_ends_the_intent(session: Session) -> Outcome:
    """POM shows cash as cash because no payment through Stripe paid it."""
    cash = session.once(paid_outside)
    made, answer = cash.sent, cash.answer
    came = types(events_about(session, [made.invoice, made.intent], ["invoice.paid", "payment_intent.canceled"]))
    payments = [each["status"] for each in answer["payments"]["data"]]
    canceled, succeeded = "payment_intent.canceled" in came, "invoice.payment_succeeded" in came
    came = [each for each in came if each in ("payment_intent.canceled", "invoice.payment_succeeded")]
    seen = (
        f"The invoice is {answer['status']}, the status of its payments is {', '.join(payments) or 'none'};"
        f" of the two events came {', '.join(came) or 'none'}."
    )
    if answer["status"] != "paid" or _through_stripe(answer):
        return judged(False, seen)
    return judged(payments == ["canceled"] and canceled and not succeeded, seen, Verdict.HARMLESS)


def _through_stripe(invoice: JSON) -> int:
    """Returns what payments through Stripe brought, in minor units."""
    in_stripe = (
        each for each in invoice["payments"]["data"] if each["payment"]["type"] in ("payment_intent", "charge")
    )
    return sum(each["amount_paid"] or 0 for each in in_stripe if each["status"] == "paid")


@promised(
    "what was paid outside can be known",
    "An invoice says in amount_paid_off_stripe what was paid outside, or leaves it out and its payments show it.",
    "docs/decisions/0059-paid-outside.md",
    "Not every account's invoices have `amount_paid_off_stripe`",
)
def what_was_paid_outside_can_be_known(session: Session) -> Outcome:
    """POM takes what the field says. If there is none, it takes what the payments leave of amount_paid."""
    answer = session.once(paid_outside).answer
    said, left = answer.get("amount_paid_off_stripe"), answer["amount_paid"] - _through_stripe(answer)
    says = "The invoice has no amount_paid_off_stripe" if said is None else f"amount_paid_off_stripe is {said}"
    seen = f"{says}; its payments through Stripe leave {left} of {answer['amount_paid']}."
    return judged((left if said is None else said) == answer["amount_paid"] == answer["total"], seen)


@promised(
    "amount_paid contains a surplus",
    "If more is paid than was asked for, amount_paid contains the surplus, and amount_overpaid is the surplus.",
    "docs/decisions/0018-terms-of-money.md",
    "Nobody here has seen whether Stripe's `amount_paid` contains a surplus.",
)
def amount_paid_contains_a_surplus(session: Session) -> Outcome:
    """POM takes the surplus off `amount_paid` to say what paid the invoice."""
    made = session.once(overpaid)
    total, received, over = made["total"], made["amount_paid"], made["amount_overpaid"]
    if not over:
        raise CannotTry(f"Stripe says that nothing is overpaid; amount_paid is {received} of {total}.")
    seen = f"amount_paid is {received} and amount_overpaid {over}, of a total of {total}."
    return judged((received, over) == (total + SURPLUS, SURPLUS), seen)


def overpaid(session: Session) -> JSON:
    """Pays more than an invoice asks for, and returns the invoice. Use it by `session.once(overpaid)`.

    The money is available at once. Raises CannotTry if Stripe takes no such payment.
    """
    made = issued(session, TOTAL)
    with setting_up(session, "pay more than an invoice asks for"):
        pay_part(session, made, TOTAL + SURPLUS, "pm_card_bypassPending")
    return body(session.v1.invoices.retrieve(made.invoice, None, session.on_account()))


@promised(
    "less than the minimum is paid at finalization",
    "An invoice below the smallest amount of its currency is called paid when it is finalized.",
    FIELD,
    "Stripe does not charge less than the minimum of a currency",
)
def less_than_the_minimum_is_paid(session: Session) -> Outcome:
    """The sum moves to the customer's balance. POM refuses such invoices, and explains those made in Stripe."""
    return finalized_quietly(session.once(invoice_below_the_minimum))


PAYMENTS = (
    a_decline_says_why,
    a_decline_is_not_to_be_retried,
    a_payment_has_its_event,
    the_fee_comes_later,
    cash_ends_the_intent,
    what_was_paid_outside_can_be_known,
    less_than_the_minimum_is_paid,
)
