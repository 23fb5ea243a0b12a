"""Facts: what Stripe reported, with one type of snapshot for each kind of Stripe object.

Two snapshots of one object are merged by their `precedence` (`domain/merging.py`). It compares the object's lifecycle
first (a paid invoice never becomes open again), and then the second of the snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.payment_facts import (
    AttemptFact,
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentIntentFact,
    RefundFact,
    Seen,
)


class Fact(Protocol):
    """A snapshot of one Stripe object. `as_of` is epoch seconds by Stripe's clock."""

    @property
    def id(self) -> str: ...
    @property
    def as_of(self) -> int: ...
    @property
    def precedence(self) -> tuple[int, int]: ...
    @property
    def final(self) -> bool:
        """Returns True if the object can only move on to a later stage of its lifecycle.

        Then a later snapshot with the same content need not be stored, because the object cannot have changed and
        changed back in between.
        """


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
    """The sum of the discounts, which is already deducted from `total`."""
    pre_payment_credit_notes_amount: int = 0
    post_payment_credit_notes_amount: int = 0
    customer_email: str | None = None
    """The address that Stripe e-mails the invoice to. It does not follow the customer. None for a draft."""
    drafted_for: str | None = None
    """The Stripe customer of a draft. None once it is finalized, because `customer_email` is then the recipient."""
    drafted_lines: tuple[tuple[str, int], ...] | None = None
    """The service id, or an empty text, and the amount of each line of a draft. None if Stripe did not list all."""
    drafted_details: DraftDetails | None = None
    """The details of a draft, such as its memo and footer. None once it is finalized."""
    charges_automatically: bool = False
    """True for a draft that Stripe will charge to a saved payment method and not e-mail."""
    from_invoice_id: str | None = None
    """The invoice that this one was made to replace (https://docs.stripe.com/invoicing/invoice-edits)."""
    latest_revision_id: str | None = None
    """The finalized invoice that replaces this one."""
    deleted: bool = False
    seen: Seen = field(default_factory=dict)
    """The time of `deleted`, if the invoice is deleted."""

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
"""The rank of `open`, and of unknown statuses, because they come after finalizing and `open` may follow them."""
_INVOICE_RANK = {"draft": 0, "open": _RANK_OF_OPEN, "uncollectible": 2, "paid": 3, "void": 3}


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
    def issued_at(self) -> int:
        """Returns when it was issued (epoch seconds UTC), or when POM received it if Stripe does not have the
        time.
        """
        return self.created if self.created is not None else self.as_of

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "issued" else 1, self.as_of)


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
LOOK_AT_ACCOUNT = "Look at the account's status in the Stripe dashboard, or ask Stripe support."

REASONS = 3
"""The number of requirements that a sentence names at most."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A reason why the company cannot take payments, now or soon, and what it can do about it."""

    field: str
    message: str
    next_step: str = COMPLETE_VERIFICATION


@dataclass(frozen=True, slots=True)
class AccountFact:
    """Whether a connected account can take payments (https://docs.stripe.com/connect/handling-api-verification)."""

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
    """The IANA time zone of its Dashboard. None if Stripe does not name a known one."""
    payouts_enabled: bool = True
    """False if Stripe does not pay out its balance. An account that was stored without this field counts as paid
    out.
    """
    support_email: str | None = None
    """Where payers can ask questions. Stripe shows it on invoices."""
    support_phone: str | None = None
    final = False

    @property
    def precedence(self) -> tuple[int, int]:
        return (0, self.as_of)

    @property
    def next_step(self) -> str:
        """Returns the first things to do, so that the account can take payments and is paid out.

        They resolve the requirements that `reasons` names.
        """
        if self.requirements:
            return " ".join(dict.fromkeys(each.next_step for each in self.requirements[:REASONS]))
        return COMPLETE_VERIFICATION if not self.charges_enabled else LOOK_AT_ACCOUNT

    @property
    def reasons(self) -> str:
        """Returns why Stripe restricts the account, in words. Empty if Stripe gives no reason."""
        return "; ".join(requirement.message for requirement in self.requirements[:REASONS])


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
