"""A refund that somebody orders in POM. It is stored before Stripe is asked for it.

The order's id is in the refund's metadata. So POM finds the refund again, whoever tells of it: Stripe's answer, an
event, or a look at the payment's refunds after an answer got lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.identifiers import UserId


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Who ordered which refund at `at` (epoch seconds UTC). `amount` is minor units.

    `id` follows from the caller's idempotency key, so a repeated request meets the order. `nonce` makes Stripe's
    idempotency key, which is another one if the order is made again after a refusal.
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

    @property
    def key(self) -> str:
        """Returns the idempotency key for Stripe."""
        return f"pom-refund-{self.nonce}"
