"""What Stripe told us: one type for a snapshot of each kind of Stripe object.

Two snapshots of one object are merged by their `precedence` (`domain/merging.py`). It puts the object's own lifecycle
first (a paid invoice never becomes open again), and the second of the snapshot after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.failures import FailureReason


class Fact(Protocol):
    """A snapshot of one Stripe object. `as_of` is in epoch seconds by Stripe's clock."""

    @property
    def id(self) -> str: ...
    @property
    def as_of(self) -> int: ...
    @property
    def precedence(self) -> tuple[int, int]: ...
    @property
    def final(self) -> bool:
        """Returns True if only a later stage of its lifecycle can still replace what it says.

        Then it does not matter that the same was seen again later, because nothing else can have been true between.
        """


Seen = Mapping[str, int]
"""The earliest second at which Stripe showed an object in a status, by status.

Merging keeps the earlier one, so the seconds are the same in whatever order snapshots arrive. Only statuses to which
Stripe gives no time of its own are kept."""


@dataclass(frozen=True, slots=True)
class InvoiceFact:
    """Stripe's invoice. Amounts are minor units; times are epoch seconds UTC."""

    id: str
    as_of: int
    status: str
    total: int
    amount_paid: int
    amount_remaining: int
    currency: str
    number: str | None = None
    due_at: int | None = None
    hosted_url: str | None = None
    pdf_url: str | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    marked_uncollectible_at: int | None = None
    amount_paid_off_stripe: int = 0
    amount_overpaid: int = 0
    amount_due: int | None = None
    """The amount that finalizing left to pay, less later credit notes. None for a draft, where it still changes."""
    starting_balance: int | None = None
    """The customer's balance before finalizing: negative if Stripe owed the customer. None for a draft."""
    ending_balance: int | None = None
    discount_amount: int = 0
    """Discounts took this off; `total` is what they left."""
    pre_payment_credit_notes_amount: int = 0
    post_payment_credit_notes_amount: int = 0
    customer_email: str | None = None
    """The address that Stripe e-mails the invoice to. It does not follow the customer. None for a draft."""
    drafted_for: str | None = None
    """The Stripe customer of a draft. None once it is finalized, because `customer_email` then says where it goes."""
    drafted_lines: tuple[tuple[str, int], ...] | None = None
    """The service id, or an empty text, and the amount of each line of a draft. None if Stripe did not list all."""
    drafted_details: DraftDetails | None = None
    """The memo of a draft, its footer and so on. None once it is finalized."""
    charges_automatically: bool = False
    """True for a draft that Stripe will charge to a saved payment method and not e-mail."""
    from_invoice_id: str | None = None
    """The invoice that this one was made to replace (https://docs.stripe.com/invoicing/invoice-edits)."""
    latest_revision_id: str | None = None
    """The finalized invoice that replaces this one."""
    deleted: bool = False
    seen: Seen = field(default_factory=dict)
    """`deleted`, if it is deleted."""

    @property
    def unfinished(self) -> bool:
        """Returns True if it is a draft that may still be finalized."""
        return self.status == "draft" and not self.deleted

    @property
    def final(self) -> bool:
        return self.deleted or self.status in {"paid", "void"}

    @property
    def precedence(self) -> tuple[int, int]:
        return (4 if self.deleted else _INVOICE_RANK.get(self.status, _RANK_OF_OPEN), self.as_of)


_RANK_OF_OPEN = 1
"""The rank of unknown statuses too, because they come after finalizing and `open` may follow them."""
_INVOICE_RANK = {"draft": 0, "open": _RANK_OF_OPEN, "uncollectible": 2, "paid": 3, "void": 3}


@dataclass(frozen=True, slots=True)
class PaymentFailure:
    """Why an attempt failed; raw Stripe codes are not kept, because some must not be shown."""

    reason: FailureReason


@dataclass(frozen=True, slots=True)
class PaymentIntentFact:
    """One intent to pay. A payer may try it many times. It can be retried until it succeeds or is canceled."""

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    latest_charge_id: str | None = None
    failure: PaymentFailure | None = None
    failed_charge_id: str | None = None
    """The charge that `failure` is about. None if the attempt failed before Stripe charged anything."""
    failed_method: str | None = None
    """The type of the payment method that `failure` is about."""
    seen: Seen = field(default_factory=dict)
    """`processing`, if it has been."""

    def uncharged_attempt(self, at: int) -> AttemptFact | None:
        """Returns the attempt at `at` that failed before anything was charged, if this is what it shows."""
        if self.failure is None or self.failed_charge_id is not None:
            return None
        return AttemptFact(at, self.id, self.amount, self.currency, self.failure, self.failed_method)

    @property
    def ended(self) -> bool:
        """Returns True if its status is final."""
        return self.status in {"succeeded", "canceled"}

    final = ended

    @property
    def precedence(self) -> tuple[int, int]:
        return (1 if self.ended else 0, self.as_of)


@dataclass(frozen=True, slots=True)
class ChargeFact:
    """One movement of money, or the attempt at one."""

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
    """Stripe's page that shows the receipt. A link is good for 30 days (https://docs.stripe.com/receipts), and Stripe
    may show another one each time, so a new link alone is no news about the charge."""
    seen: Seen = field(default_factory=dict)
    """`succeeded` or `failed`, for methods whose charges stay pending for days."""

    @property
    def final(self) -> bool:
        return self.status != "pending"

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "pending" else 1, self.as_of)


@dataclass(frozen=True, slots=True)
class RefundFact:
    """Money on its way back. A refund that succeeded may fail weeks later (https://docs.stripe.com/refunds)."""

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
    """The id of POM's order for this refund, from its metadata. None if somebody made it in Stripe."""
    seen: Seen = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return _REFUND_RANK.get(self.status, 0) > 0

    @property
    def precedence(self) -> tuple[int, int]:
        return (_REFUND_RANK.get(self.status, 0), self.as_of)


_REFUND_RANK = {"pending": 0, "requires_action": 0, "succeeded": 1, "failed": 2, "canceled": 2}


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """A payer's bank questions a charge. A lost dispute can be appealed, so time comes before lifecycle."""

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
    """Each status in which it is closed."""
    final = False

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
class CreditNoteFact:
    """An adjustment of a finalized invoice (https://docs.stripe.com/invoicing/credit-notes)."""

    id: str
    as_of: int
    status: str
    amount: int
    currency: str
    stripe_invoice_id: str
    reason: str | None = None
    pre_payment_amount: int = 0
    """The part that lowered the amount due."""
    post_payment_amount: int = 0
    """The part that was given back after payment: by refunds, to the customer's balance, or outside Stripe."""
    refunded_amount: int = 0
    out_of_band_amount: int = 0
    created: int | None = None
    voided_at: int | None = None
    final = True

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "issued" else 1, self.as_of)


@dataclass(frozen=True, slots=True)
class AttemptFact:
    """An attempt to pay that failed before Stripe charged anything, such as one that the bank did not confirm.

    Stripe has no object for it. The intent shows only its latest attempt, so an event is the only lasting trace, and
    `as_of` is when the event happened.
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


StripeFact = (
    InvoiceFact
    | PaymentIntentFact
    | ChargeFact
    | AttemptFact
    | RefundFact
    | DisputeFact
    | InvoicePaymentFact
    | CreditNoteFact
)
"""The snapshots that belong to an invoice."""


COMPLETE_VERIFICATION = "Complete the business verification in the Stripe dashboard."


@dataclass(frozen=True, slots=True)
class Requirement:
    """Why the pool company cannot take payments, or will not be able to for long, and what it can do about it."""

    field: str
    message: str
    next_step: str = COMPLETE_VERIFICATION


@dataclass(frozen=True, slots=True)
class AccountFact:
    """A connected account's readiness (https://docs.stripe.com/connect/handling-api-verification)."""

    id: str
    as_of: int
    business_name: str | None
    charges_enabled: bool
    details_submitted: bool
    default_currency: str
    country: str | None = None
    requirements: tuple[Requirement, ...] = ()
    payment_capabilities: Mapping[str, str] = field(default_factory=dict)
    time_zone: str | None = None
    """The IANA time zone of its Dashboard; None if Stripe does not say one that is known."""
    final = False

    @property
    def precedence(self) -> tuple[int, int]:
        return (0, self.as_of)

    @property
    def next_step(self) -> str:
        """Returns what the company does first, so that the account can take payments."""
        return self.requirements[0].next_step if self.requirements else COMPLETE_VERIFICATION


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """Stripe's customer."""

    id: str
    as_of: int
    email: str | None
    name: str | None = None
    phone: str | None = None
    street: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None
    pom_customer_id: str | None = None
    pom_organization_id: str | None = None
    deleted: bool = False
    final = False

    @property
    def precedence(self) -> tuple[int, int]:
        return (1 if self.deleted else 0, self.as_of)
