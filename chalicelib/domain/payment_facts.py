"""Facts about an invoice's payments, refunds and disputes. `facts` has the other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.failures import FailureReason

Seen = Mapping[str, int]
"""The earliest second at which Stripe showed an object in a status, by status.

Merging keeps the earlier second, so the order in which snapshots arrive makes no difference. Only statuses that have
no time of their own in Stripe are recorded.
"""


@dataclass(frozen=True, slots=True)
class PaymentFailure:
    """Why an attempt failed. Stripe's raw codes are not stored, because some must not be shown."""

    reason: FailureReason


@dataclass(frozen=True, slots=True)
class PaymentIntentFact:
    """A payment intent. A payer may try to pay it many times, until it succeeds or is canceled."""

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    latest_charge_id: str | None = None
    failure: PaymentFailure | None = None
    failed_charge_id: str | None = None
    """The charge that `failure` is about. None if the attempt failed before Stripe made a charge."""
    failed_method: str | None = None
    """The type of the payment method that `failure` is about."""
    seen: Seen = field(default_factory=dict)
    """Holds the time of `processing` if the intent had that status."""

    def uncharged_attempt(self, at: int) -> AttemptFact | None:
        """Returns the failed attempt that this intent shows, if Stripe created no charge for it; otherwise None.

        `at` is the time of the event (epoch seconds UTC).
        """
        if self.failure is None or self.failed_charge_id is not None:
            return None
        return AttemptFact(at, self.id, self.amount, self.currency, self.failure, self.failed_method)

    @property
    def ended(self) -> bool:
        """Returns True if the status of the intent is final."""
        return self.status in {"succeeded", "canceled"}

    final = ended

    @property
    def precedence(self) -> tuple[int, int]:
        return (1 if self.ended else 0, self.as_of)


@dataclass(frozen=True, slots=True)
class ChargeFact:
    """A charge: a payment that came in, is on its way, or failed."""

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    created: int
    payment_intent_id: str | None = None
    failure: PaymentFailure | None = None
    method: str | None = None
    """The type of the payment method, in Stripe's words: `card`, `us_bank_account` and so on."""
    brand: str | None = None
    """The card's brand, such as `visa`, or the bank's name."""
    last4: str | None = None
    expires: str | None = None
    """The month after which the card is no longer good, such as `2027-04`."""
    receipt_url: str | None = field(default=None, compare=False)
    """Stripe's page with the receipt. A link works for 30 days (https://docs.stripe.com/receipts), and Stripe may
    return a different link each time, so a new link alone does not count as a change.
    """
    seen: Seen = field(default_factory=dict)
    """Holds the time of `succeeded` or `failed`, for methods whose charges stay pending for days."""

    @property
    def ended_at(self) -> int:
        """Returns when the charge succeeded or failed (epoch seconds UTC), or when it was created if it is pending.

        Only charges of slow methods end later than they were created.
        """
        return self.seen.get(self.status, self.created)

    @property
    def failure_reason(self) -> FailureReason:
        """Returns the reason of a failed charge."""
        return self.failure.reason if self.failure else FailureReason.OTHER

    @property
    def final(self) -> bool:
        return self.status != "pending"

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "pending" else 1, self.as_of)


@dataclass(frozen=True, slots=True)
class RefundFact:
    """A refund. One that succeeded may still fail weeks later (https://docs.stripe.com/refunds)."""

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    created: int
    payment_intent_id: str | None = None
    charge_id: str | None = None
    failure_reason: str | None = None
    reason: str | None = None
    """Why it was made, in Stripe's words: `duplicate`, `fraudulent` or `requested_by_customer`."""
    order_id: str | None = None
    """The id of POM's order for this refund, from its metadata. None if it was made in Stripe."""
    seen: Seen = field(default_factory=dict)

    @property
    def given_up(self) -> bool:
        """Returns True if the money stays with the company: the refund failed or was canceled."""
        return self.status in {"failed", "canceled"}

    @property
    def final(self) -> bool:
        return _REFUND_RANK.get(self.status, 0) > 0

    @property
    def precedence(self) -> tuple[int, int]:
        return (_REFUND_RANK.get(self.status, 0), self.as_of)


_REFUND_RANK = {"pending": 0, "requires_action": 0, "succeeded": 1, "failed": 2, "canceled": 2}


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """A dispute: the payer's bank questions a charge.

    A lost dispute can be appealed, so `precedence` compares the time before the status.
    """

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    reason: str | None = None
    due_by: int | None = None
    """When evidence is due (epoch seconds UTC)."""
    payment_intent_id: str | None = None
    charge_id: str | None = None
    created: int | None = None
    seen: Seen = field(default_factory=dict)
    """The closed statuses that it had, such as `lost` and, after an appeal, `won`."""
    final = False

    @property
    def opened_at(self) -> int:
        """Returns when it was opened (epoch seconds UTC), or when POM received it if Stripe does not have the
        time.
        """
        return self.created if self.created is not None else self.as_of

    @property
    def precedence(self) -> tuple[int, int]:
        return (self.as_of, _DISPUTE_RANK.get(self.status, 0))

    @property
    def open(self) -> bool:
        return self.status not in DISPUTE_CLOSED


DISPUTE_CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})


_DISPUTE_RANK = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "needs_response": 2,
    "under_review": 3,
    "appeal_needs_response": 4,
    "appeal_under_review": 5,
    **dict.fromkeys(DISPUTE_CLOSED, 6),
}


@dataclass(frozen=True, slots=True)
class InvoicePaymentFact:
    """The link between an invoice and one payment towards it."""

    id: str
    as_of: int
    status: str
    stripe_invoice_id: str
    amount_paid: int
    currency: str
    payment_intent_id: str | None = None

    @property
    def final(self) -> bool:
        return self.status != "open"

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "open" else 1, self.as_of)


@dataclass(frozen=True, slots=True)
class AttemptFact:
    """An attempt to pay that failed before Stripe made a charge.

    For example, the payer did not confirm it with the bank. Stripe keeps no object of such an attempt, and the intent
    shows only its latest one. So it is known from its event, and `as_of` is the time of the event.
    """

    as_of: int
    payment_intent_id: str
    amount: int
    currency: str
    failure: PaymentFailure
    method: str | None = None
    final = True

    @property
    def id(self) -> str:
        return f"{self.payment_intent_id}@{self.as_of}:{self.failure.reason}"

    @property
    def status(self) -> str:
        return "failed"

    @property
    def precedence(self) -> tuple[int, int]:
        return (0, self.as_of)
