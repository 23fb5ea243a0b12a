"""A refund that a user orders in POM. It is stored before POM asks Stripe for it.

The order's id is in the refund's metadata. So POM recognizes the refund in Stripe's response, in an event, and in the
payment's list of refunds if the response was lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.identifiers import OWN_KEY, OrganizationId, UserId, digest
from chalicelib.domain.payment_facts import RefundFact
from chalicelib.domain.saga import LEASE

REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
"""Why a payment is refunded, in Stripe's words (https://docs.stripe.com/api/refunds/create)."""

FIRST_WAIT, LONGEST_WAIT = 30, 3600
"""Seconds until POM resumes an order whose outcome is not known. The first wait doubles each time, up to the longest.
"""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A refund that `actor` ordered at `at` (epoch seconds UTC). `amount` is minor units.

    `id` is derived from the caller's idempotency key, so a repeated request finds the order. Stripe's idempotency key
    is made from `nonce`; it is a different one if the refund is ordered again after a refusal. Stripe keeps a key for
    24 hours (https://docs.stripe.com/api/idempotent_requests), so POM looks for the refund before it asks again.
    """

    id: str
    payment_id: str
    amount: int
    reason: str | None
    actor: UserId
    at: int
    nonce: str
    refund_id: str | None = None
    """Stripe's id of the refund. None while POM does not know whether Stripe has made it."""
    resume_at: int | None = None
    """When POM resumes the order, if its outcome is not known (epoch seconds UTC)."""
    all_that_is_left: bool = False
    """True if the request named no amount."""
    attempts: int = 0
    """How often POM asked Stripe and got no usable answer."""
    refused: str | None = None
    """The code of the refusal, if the refund was refused after the request for it had been answered."""
    key_is_spent: bool = False
    """True if Stripe has answered the present key with a failure, which it would repeat for the same key."""

    @property
    def key(self) -> str:
        """Returns the idempotency key for Stripe."""
        return f"{OWN_KEY}refund-{self.nonce}"

    @property
    def open(self) -> bool:
        """Returns True while POM does not know whether Stripe has made the refund."""
        return self.refund_id is None and self.refused is None

    def awaits(self, payment_id: str) -> bool:
        """Returns True if the order is open and refunds this payment."""
        return self.open and self.payment_id == payment_id

    def is_due(self, now: int) -> bool:
        """Returns True if POM should resume the order, and no worker has leased it."""
        return self.resume_at is not None and self.resume_at <= now

    def with_new_key(self, nonce: str) -> Self:
        return replace(self, nonce=nonce, key_is_spent=False)

    def refused_with(self, code: str) -> Self:
        """Returns the refused order. POM stores it, so that the same key never orders the refund again."""
        return replace(self, refused=code, resume_at=None)

    def leased(self, now: int) -> Self:
        """Returns the order, leased. Another worker may take it up after `LEASE` seconds."""
        return replace(self, resume_at=now + LEASE)

    def postponed(self, now: int, *, stored_by_stripe: bool) -> Self:
        """Returns the order after Stripe gave no usable response. POM resumes it within `LONGEST_WAIT` seconds.

        `stored_by_stripe` is True if Stripe responded with a failure, which Stripe repeats for the same key.
        """
        wait = min(FIRST_WAIT * 2 ** min(self.attempts, 10), LONGEST_WAIT)
        return replace(
            self,
            attempts=self.attempts + 1,
            resume_at=now + wait,
            key_is_spent=self.key_is_spent or stored_by_stripe,
        )

    def is_made_by(self, refund: RefundFact) -> bool:
        """Returns True if the metadata of `refund` names this order, and it refunds the payment of this order."""
        return refund.order_id == self.id and self.payment_id in (refund.payment_intent_id, refund.charge_id)


Orders = tuple[RefundOrder, ...]


def refund_order_id(organization_id: OrganizationId, payment_id: str, idempotency_key: str) -> str:
    """Returns the id of the refund order of a request with this key for this payment."""
    return "rfd_" + digest("refund", organization_id, payment_id, idempotency_key)


def with_order(orders: Orders, order: RefundOrder) -> Orders:
    """Returns the orders with `order`, which replaces the one with the same id."""
    if all(each.id != order.id for each in orders):
        return (*orders, order)
    return tuple(order if each.id == order.id else each for each in orders)


def with_outcomes(orders: Orders, refunds: Iterable[RefundFact]) -> Orders:
    """Returns the orders. Each open one whose refund is in `refunds` gets that refund's id and is finished."""
    ordered_refunds = [refund for refund in refunds if refund.order_id is not None]
    if not ordered_refunds:
        return orders
    return tuple(_with_outcome(order, ordered_refunds) if order.open else order for order in orders)


def _with_outcome(order: RefundOrder, refunds: list[RefundFact]) -> RefundOrder:
    refund_id = next((refund.id for refund in refunds if order.is_made_by(refund)), None)
    return order if refund_id is None else replace(order, refund_id=refund_id, resume_at=None)
