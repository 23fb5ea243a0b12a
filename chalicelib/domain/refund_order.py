"""A refund that somebody orders in POM. It is stored before Stripe is asked for it.

The order's id is in the refund's metadata. So POM finds the refund again, whoever tells of it: Stripe's answer, an
event, or a look at the payment's refunds after an answer got lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.identifiers import OrganizationId, UserId, digest
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.saga import LEASE

REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
"""Why a payment is refunded, in Stripe's words (https://docs.stripe.com/api/refunds/create)."""

FIRST_WAIT, LONGEST_WAIT = 30, 3600
"""Seconds until POM looks after an order whose outcome is not known: each time twice as many."""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Who ordered which refund at `at` (epoch seconds UTC). `amount` is minor units.

    `id` follows from the caller's idempotency key, so a repeated request meets the order. `nonce` makes Stripe's
    idempotency key, which is another one if the order is made again after a refusal. Stripe keeps a key for 24 hours
    (https://docs.stripe.com/api/idempotent_requests), so POM looks for the refund before it asks again.
    """

    id: str
    payment_id: str
    amount: int
    reason: str | None
    actor: UserId
    at: int
    nonce: str
    refund_id: str | None = None
    """Stripe's id of the refund. None while nobody knows whether Stripe has made it."""
    resume_at: int | None = None
    """When POM looks after an order whose outcome is not known (epoch seconds UTC)."""
    all_that_is_left: bool = False
    """True if the request named no amount."""
    attempts: int = 0
    """How often Stripe was asked and gave no usable answer."""
    refused: str | None = None
    """The code of the refusal, if the refund was refused after the request for it had been answered."""
    key_is_spent: bool = False
    """True if Stripe failed in a way that it repeats whenever it is asked with the present key."""

    @property
    def key(self) -> str:
        """Returns the idempotency key for Stripe."""
        return f"pom-refund-{self.nonce}"

    @property
    def open(self) -> bool:
        """Returns True while nobody knows whether Stripe has made the refund."""
        return self.refund_id is None and self.refused is None

    def awaits(self, payment_id: str) -> bool:
        """Returns True if it is a refund of this payment and nobody knows whether Stripe has made it."""
        return self.open and self.payment_id == payment_id

    def is_due(self, now: int) -> bool:
        """Returns True if POM should look after the order, and nobody is at work on it."""
        return self.resume_at is not None and self.resume_at <= now

    def with_new_key(self, nonce: str) -> Self:
        return replace(self, nonce=nonce, key_is_spent=False)

    def refused_with(self, code: str) -> Self:
        """Returns the order after it was refused. It stays, so that the same key never orders the refund again."""
        return replace(self, refused=code, resume_at=None)

    def leased(self, now: int) -> Self:
        """Returns the order with whoever is at work on it. After `LEASE` seconds somebody else may take it up."""
        return replace(self, resume_at=now + LEASE)

    def postponed(self, now: int, *, stored_by_stripe: bool) -> Self:
        """Returns the order after Stripe gave no usable answer. POM looks after it later, at most an hour later."""
        wait = min(FIRST_WAIT * 2 ** min(self.attempts, 10), LONGEST_WAIT)
        return replace(
            self,
            attempts=self.attempts + 1,
            resume_at=now + wait,
            key_is_spent=self.key_is_spent or stored_by_stripe,
        )

    def is_made_by(self, refund: RefundFact) -> bool:
        """Returns True if Stripe shows that it made this refund for this order."""
        return refund.order_id == self.id and self.payment_id in (refund.payment_intent_id, refund.charge_id)


Orders = tuple[RefundOrder, ...]


def refund_order_id(organization_id: OrganizationId, payment_id: str, idempotency_key: str) -> str:
    """Returns the id of the order that a request with this key makes for this payment."""
    return "rfd_" + digest("refund", organization_id, payment_id, idempotency_key)


def with_order(orders: Orders, order: RefundOrder) -> Orders:
    """Returns the orders with `order`, in the place of the one that has its id."""
    if all(each.id != order.id for each in orders):
        return (*orders, order)
    return tuple(order if each.id == order.id else each for each in orders)


def with_outcomes(orders: Orders, refunds: Iterable[RefundFact]) -> Orders:
    """Returns the orders. One whose refund is among `refunds` has its id and needs nothing more."""
    made = [refund for refund in refunds if refund.order_id is not None]
    if not made:
        return orders
    return tuple(_with_outcome(order, made) if order.open else order for order in orders)


def _with_outcome(order: RefundOrder, made: list[RefundFact]) -> RefundOrder:
    refund_id = next((refund.id for refund in made if order.is_made_by(refund)), None)
    return order if refund_id is None else replace(order, refund_id=refund_id, resume_at=None)
