"""What Stripe told us, as snapshots that can be merged in any order.

Merging is commutative, associative and idempotent: of two snapshots of one object the one with the higher
`precedence` stays. Precedence puts the object's own lifecycle first (a paid invoice never becomes open again)
and the second of the snapshot after it. Two different snapshots of equal precedence cannot be ordered by what
they say, because Stripe's clock has seconds only: then `CannotOrder` is raised, and the caller asks Stripe and
settles the question with `settle`. Arrival order is never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, TypeVar

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


class CannotOrder(Exception):
    """Two different snapshots of one object have the same precedence; only Stripe knows which is newer."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(f"two snapshots of {fact.id} as of {fact.as_of} differ")
        self.fact = fact


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

    @property
    def unfinished(self) -> bool:
        """Returns True if it is a draft that may still be finalized."""
        return self.status == "draft" and not self.deleted

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

    @property
    def ended(self) -> bool:
        """Returns True if its status is final."""
        return self.status in {"succeeded", "canceled"}

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
    payment_intent_id: str | None = None
    charge_id: str | None = None

    @property
    def precedence(self) -> tuple[int, int]:
        return (self.as_of, _DISPUTE_RANK.get(self.status, 0))

    @property
    def open(self) -> bool:
        return self.status not in _DISPUTE_CLOSED


_DISPUTE_CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})
_DISPUTE_RANK = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "needs_response": 2,
    "under_review": 3,
    "appeal_needs_response": 4,
    "appeal_under_review": 5,
    **dict.fromkeys(_DISPUTE_CLOSED, 6),
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

    @property
    def precedence(self) -> tuple[int, int]:
        return (0 if self.status == "issued" else 1, self.as_of)


F = TypeVar("F", bound=Fact)


def newer(current: F | None, incoming: F) -> F:
    """Returns the snapshot that stays.

    Raises:
        CannotOrder: they differ, and nothing in them says which is newer.
    """
    if current is None:
        return incoming
    if _same_content(current, incoming):
        return current if current.as_of >= incoming.as_of else incoming
    if current.precedence == incoming.precedence:
        raise CannotOrder(incoming)
    return max(current, incoming, key=lambda fact: fact.precedence)


def settle(current: F | None, fetched: F) -> F:
    """Returns the snapshot that stays when `fetched` was read from Stripe after `current` had been stored.

    What was read later is the truth, whatever its clock says, except that a lifecycle never runs backwards.
    """
    if current is None or _same_content(current, fetched):
        return newer(current, fetched)
    later: F = replace(fetched, as_of=max(fetched.as_of, current.as_of))  # type: ignore[type-var]
    return later if later.precedence >= current.precedence else current


def _alike(one: Fact | None, other: Fact | None) -> bool:
    if one is other:
        return True
    return one is not None and other is not None and _same_content(one, other)


def _all_alike(some: Mapping[str, Fact], others: Mapping[str, Fact]) -> bool:
    return some is others or (some.keys() == others.keys() and all(_alike(some[key], others[key]) for key in some))


def _same_content(one: Fact, other: Fact) -> bool:
    return bool(replace(one, as_of=other.as_of) == other)  # type: ignore[type-var]


StripeFact = (
    InvoiceFact | PaymentIntentFact | ChargeFact | RefundFact | DisputeFact | InvoicePaymentFact | CreditNoteFact
)
"""The snapshots that belong to an invoice."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one invoice, keyed by Stripe id.

    Somebody who edits a finalized invoice in Stripe's dashboard makes a revision: a new invoice that is finalized
    while the former one is voided (https://docs.stripe.com/invoicing/invoice-edits). `invoice` is the latest
    finalized one.
    """

    invoice: InvoiceFact | None = None
    revisions: Mapping[str, InvoiceFact] = field(default_factory=dict)
    """The other Stripe invoices: those that `invoice` has replaced, and drafts of revisions."""
    payment_intents: Mapping[str, PaymentIntentFact] = field(default_factory=dict)
    charges: Mapping[str, ChargeFact] = field(default_factory=dict)
    refunds: Mapping[str, RefundFact] = field(default_factory=dict)
    disputes: Mapping[str, DisputeFact] = field(default_factory=dict)
    payments: Mapping[str, InvoicePaymentFact] = field(default_factory=dict)
    credit_notes: Mapping[str, CreditNoteFact] = field(default_factory=dict)
    attempt_failed_at: int = 0
    """The latest second at which Stripe said that an attempt failed without saying why."""

    def merge(self, fact: StripeFact) -> Self:
        """Returns these facts and one more, in any order.

        Raises:
            CannotOrder: see `newer`.
        """
        return self._put(fact, newer)

    def settle(self, fact: StripeFact) -> Self:
        """Returns these facts and one that was read from Stripe after they had been stored."""
        return self._put(fact, settle)

    def attempt_failed(self, at: int) -> Self:
        """Returns these facts with a failed attempt at `at` (epoch seconds UTC)."""
        return replace(self, attempt_failed_at=max(self.attempt_failed_at, at))

    @property
    def timeless(self) -> Self:
        """Returns these facts without the seconds at which each snapshot was taken."""
        undated: dict[str, Any] = {
            name: {key: replace(fact, as_of=0) for key, fact in getattr(self, name).items()} for name in _MAPPINGS
        }
        return replace(self, invoice=replace(self.invoice, as_of=0) if self.invoice else None, **undated)

    def say_the_same_as(self, other: Self) -> bool:
        """Returns True if both say the same, whenever each snapshot was taken."""
        return (
            self.attempt_failed_at == other.attempt_failed_at
            and _alike(self.invoice, other.invoice)
            and all(_all_alike(getattr(self, name), getattr(other, name)) for name in _MAPPINGS)
        )

    def of(self, stripe_id: str) -> StripeFact | None:
        """Returns the snapshot of one Stripe object, or None if nothing is known of it."""
        if self.invoice is not None and self.invoice.id == stripe_id:
            return self.invoice
        collections: list[Mapping[str, StripeFact]] = [getattr(self, name) for name in _MAPPINGS]
        return next((known[stripe_id] for known in collections if stripe_id in known), None)

    def says(self, fact: StripeFact) -> bool:
        """Returns True if `fact` says what is known of its object, whenever each was read."""
        return _alike(self.of(fact.id), fact)

    @property
    def invoices(self) -> Mapping[str, InvoiceFact]:
        """Returns all Stripe invoices that this invoice is or was, and drafts of its revisions, by their ids."""
        return self.revisions if self.invoice is None else {**self.revisions, self.invoice.id: self.invoice}

    @property
    def unread_invoice(self) -> str | None:
        """Returns the id of a Stripe invoice that POM has to read, or None.

        It is a revision of which POM knows nothing, or only the draft. Otherwise it is `invoice` if POM does not know
        its payments, because events about a payment lead to an invoice only if the invoice knows that payment.
        """
        known = self.invoices
        for fact in known.values():
            revision = fact.latest_revision_id
            if revision is not None and (revision not in known or known[revision].unfinished):
                return revision
        current = self.invoice
        if current is None or not current.amount_due or current.unfinished:
            return None
        return None if self._has_payments_of(current) else current.id

    def _has_payments_of(self, invoice: InvoiceFact) -> bool:
        return any(payment.stripe_invoice_id == invoice.id for payment in self.payments.values())

    @property
    def replaced_intents(self) -> AbstractSet[str]:
        """Returns payment intents of invoices that `invoice` replaced. Their outcome does not concern `invoice`."""
        if self.invoice is None or self.invoice.from_invoice_id is None:
            return frozenset()
        own = {each.payment_intent_id for each in self.payments.values() if each.stripe_invoice_id == self.invoice.id}
        charged = {each.payment_intent_id for each in self.charges.values() if each.payment_intent_id}
        return (self.payment_intents.keys() | charged) - own

    def _collection_of(self, fact: StripeFact) -> Mapping[str, StripeFact]:
        collection: Mapping[str, StripeFact] = getattr(self, _COLLECTIONS[type(fact)])
        return collection

    def _put(self, fact: StripeFact, choose: Choose) -> Self:
        if isinstance(fact, InvoiceFact):
            return self._with_invoice(choose(self.invoices.get(fact.id), fact))
        name = _COLLECTIONS[type(fact)]
        known: Mapping[str, StripeFact] = getattr(self, name)
        merged: dict[str, Any] = {name: {**known, fact.id: choose(known.get(fact.id), fact)}}
        return replace(self, **merged)

    def _with_invoice(self, fact: InvoiceFact) -> Self:
        if not self.revisions and self.invoice is not None and self.invoice.id == fact.id:
            return replace(self, invoice=fact)
        known = {**self.invoices, fact.id: fact}
        current = max(known.values(), key=lambda each: _place_in_line(each, known))
        others = {stripe_id: each for stripe_id, each in known.items() if stripe_id != current.id}
        return replace(self, invoice=current, revisions=others)


def _place_in_line(fact: InvoiceFact, known: Mapping[str, InvoiceFact]) -> tuple[bool, int, int, str]:
    """Returns the sort key of a Stripe invoice; the invoice with the highest key is `Facts.invoice`.

    A finalized invoice is above any draft or deleted one, and a later revision is above an earlier one.
    """
    finalized = fact.status != "draft" and not fact.deleted
    generation, before = 0, fact.from_invoice_id
    while before is not None and generation < MAX_REVISIONS:
        generation += 1
        origin = known.get(before)
        before = origin.from_invoice_id if origin else None
    # If none is finalized, the earliest is the highest, so the original is shown and not the draft of a revision.
    return finalized, generation if finalized else -generation, fact.finalized_at or 0, fact.id


MAX_REVISIONS = 100
"""POM does not follow a longer chain of revisions, because it can only be a circle."""


class Choose(Protocol):
    """`newer` or `settle`."""

    def __call__(self, current: F | None, incoming: F, /) -> F: ...


_COLLECTIONS: dict[type, str] = {
    PaymentIntentFact: "payment_intents",
    ChargeFact: "charges",
    RefundFact: "refunds",
    DisputeFact: "disputes",
    InvoicePaymentFact: "payments",
    CreditNoteFact: "credit_notes",
}
_MAPPINGS = (*_COLLECTIONS.values(), "revisions")


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

    @property
    def precedence(self) -> tuple[int, int]:
        return (1 if self.deleted else 0, self.as_of)
