"""An act of POM on a Stripe invoice that is stored before POM asks Stripe for it.

POM may crash after Stripe has done the act, or may receive no response. Then POM does not know the outcome until it
reads the invoice again. Stripe acts when it receives a request, and POM's request ends within a minute, with all its
retries. So if Stripe did the same thing within minutes after the act was stored, it was this act. At any other time,
somebody else asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.actions import Action
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import UserId
from chalicelib.domain.outside_payment import OutsidePayment

MARKED_PAID = "marked_paid"
VOIDED = "voided_by_pom"
GIVEN_UP = "payment_window_passed"

CLOCKS_DIFFER = 60
"""Seconds by which Stripe's clock may be behind POM's."""
ANSWERED_WITHIN = 300
"""Seconds within which Stripe does what POM asked for, or never does it."""


@dataclass(frozen=True, slots=True)
class IntendedAct:
    """An act that POM asks Stripe for. `kind` is the timeline's word, `at` is epoch seconds UTC.

    `paid_outside` is set for a payment by hand: the total amount paid outside Stripe, in minor units, once this
    payment covers all that remains.
    """

    kind: str
    at: int
    stripe_invoice_id: str
    actor: UserId | None = None
    reason: str | None = None
    payment: OutsidePayment | None = None
    paid_outside: int | None = None

    @property
    def action(self) -> Action:
        """Returns the timeline's action for the act once Stripe has done it."""
        return Action(self.at, self.kind, self.actor, self.reason, self.stripe_invoice_id)

    def repeats(self, other: Self) -> bool:
        """Returns True if the same user asks for the same act again."""
        payment = self.payment and replace(self.payment, recorded_at=other.at)
        return replace(self, at=other.at, payment=payment) == other

    def may_be_under_way(self, now: int) -> bool:
        """Returns True if Stripe may still be doing it."""
        return now <= self.at + ANSWERED_WITHIN

    def is_done_in(self, fact: InvoiceFact) -> bool:
        """Returns True if Stripe shows that it was done, for POM or for somebody else."""
        return _DONE_AT[self.kind](fact) is not None

    def is_confirmed_by(self, fact: InvoiceFact) -> bool:
        """Returns True if Stripe did it when POM asked. A payment by hand must have covered all that remained."""
        done_at = _DONE_AT[self.kind](fact) if self.kind in _DONE_AT else None
        if done_at is None or fact.id != self.stripe_invoice_id:
            return False
        if self.payment is not None and fact.amount_paid_off_stripe != self.paid_outside:
            return False
        return self.at - CLOCKS_DIFFER <= done_at <= self.at + ANSWERED_WITHIN


def _paid_at(fact: InvoiceFact) -> int | None:
    return fact.paid_at if fact.status == "paid" else None


def _voided_at(fact: InvoiceFact) -> int | None:
    """Returns when it was voided, or deleted while it was a draft. Only an event has the time of a draft's deletion.

    Before that event arrives, `as_of` is 0, because POM only found that the draft no longer exists.
    """
    return fact.as_of if fact.deleted else fact.voided_at


def _given_up_at(fact: InvoiceFact) -> int | None:
    return fact.marked_uncollectible_at


_DONE_AT: Mapping[str, Callable[[InvoiceFact], int | None]] = {
    MARKED_PAID: _paid_at,
    VOIDED: _voided_at,
    GIVEN_UP: _given_up_at,
}
