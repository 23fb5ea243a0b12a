"""Stripe events: which we subscribe to, and what one says.

`SUBSCRIPTION` is the one list: the webhook endpoint is created with it, the sweep reads these events, and
`apply_event` ignores all others. `invoice.created` is left out on purpose: Stripe holds back the automatic
finalization of a company's other invoices until every subscriber has answered it
(https://docs.stripe.com/invoicing/integration/workflow-transitions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.facts import AccountFact, CustomerFact, StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId

API_VERSION = "2026-10-28.endive"
"""The version of stripe 16.1.0. The webhook endpoint is created with it; the two move together."""

SUBSCRIPTION: tuple[str, ...] = (
    # The invoice itself: its amounts, its number, its due date and its status. Only `invoice.sent` says that Stripe
    # mailed it. Only `invoice.updated` tells of a changed draft.
    "invoice.updated",
    "invoice.finalized",
    "invoice.sent",
    "invoice.paid",
    "invoice.overpaid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.deleted",
    # If POM does not know the intent of a further part, only this one tells of a decline, although not of its reason.
    "invoice.payment_failed",
    # Only this one tells which payment belongs to which invoice.
    "invoice_payment.paid",
    # How a payment goes on: under way, to be confirmed with the payer's bank, failed and why, or over.
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    # Only these say which card or bank account paid. If the other events about a debit that came back are lost, only
    # `charge.failed` says so.
    "charge.succeeded",
    "charge.failed",
    # Only this one tells that Stripe has booked a payment, so that its fee is known.
    "charge.updated",
    # Refunds. Accounts on versions before 2024-10-28 may have only the first two.
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    # Disputes. The last two also come when an inquiry becomes a dispute, and when an appeal has been won.
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    # Credit notes.
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    # Payouts. One that was paid may still fail. Only the last one tells that Stripe can list what is in a payout.
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
    # What people change in Stripe, and whether the account can take payments.
    "customer.updated",
    "customer.deleted",
    "account.updated",
    "capability.updated",
    "account.application.deauthorized",
)
"""The types of events that POM asks for; docs/decisions tells why each is here and which are left out."""

CLOCKS_MAY_DIFFER_BY = 300
"""Seconds by which Stripe's clock may be ahead of ours: as much as a signature's time may be."""

UNREADABLE = "unreadable"
"""The type given to a signed body that names no event that could be Stripe's; nobody subscribes to it."""

LATEST_TIMESTAMP = 253402300799
"""The last second of the year 9999, in epoch seconds UTC: no later time can be written as a date."""

DEAUTHORIZED = "account.application.deauthorized"
"""The type of the event that ends a connection."""

NOTHING_NEW = "no_change"
"""The outcome of an event that told nothing new."""

_SHOW_ARRIVAL = frozenset({"invoice.finalized"})
"""Events that show that webhooks arrive although they tell nothing new: every invoice that is sent has one."""

BOOKED = frozenset({"charge.succeeded", "charge.updated"})
"""Events that tell that Stripe has booked a payment: their charge then names its balance transaction.

On most accounts it is null at `charge.succeeded` (https://docs.stripe.com/payments/payment-intents/asynchronous-capture).
"""

FAILED_WITHOUT_REASON = frozenset({"invoice.payment_failed"})
"""Events that say that an attempt failed, but not why; another event says why."""


MAY_COME_BEFORE_ITS_PAYMENT = frozenset(
    {
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "charge.succeeded",
        "charge.failed",
    }
)
"""Events of a payment that POM may not know yet when their webhook comes. It is then acknowledged as foreign."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """One authentic event. `created` is epoch seconds; `body` is JSON as Stripe sent it, kept for parking.

    `api_version` is the version in which Stripe rendered it: the endpoint's for a webhook, the account's own for an
    event that Stripe lists, whatever version we ask in (https://docs.stripe.com/webhooks/versioning).
    """

    id: str
    type: str
    account_id: StripeAccountId | None
    livemode: bool
    created: int
    api_version: str | None
    object_type: str
    object_id: str
    fact: StripeFact | CustomerFact | AccountFact | None
    """What the object says, read as if it were in our version. To be believed if it is `current`."""
    body: str
    lacks_paid_outside: bool = False
    """Whether the object is an invoice that does not tell what was paid outside Stripe. `fact` then has 0."""
    owner_ids: tuple[str, ...] | None = ()
    """Ids of Stripe objects that lead to the invoice, the surest first; None if the object does not tell."""
    organization_hint: OrganizationId | None = None
    """From the object's metadata. A hint only: it is believed if what it leads to belongs to `account_id`."""
    invoice_hint: InvoiceId | None = None
    customer_hint: str | None = None
    revised_id: str | None = None
    """The id of the Stripe invoice that the object revises, if the object is a revision."""
    refunded_amount: int | None = None
    """What has been refunded of the charge that the event is about, in minor units; None if it does not say."""
    booked: bool = False
    """Whether the event's charge names its balance transaction."""
    idempotency_key: str | None = None
    """That of the API request that caused the event, if one did (https://docs.stripe.com/api/events/object)."""
    dated: bool = True
    """Whether `created` is Stripe's; if not, it is when the event came, and what the event shows has no order."""

    @property
    def current(self) -> bool:
        """Whether the object is rendered in our API version; in another, only whose it is can be read."""
        return self.api_version == API_VERSION

    def received(self, now: int) -> StripeEvent:
        """Returns the event as it is to be believed by somebody who receives it `now` (epoch seconds UTC).

        A date that is missing, or lies further ahead than clocks differ, tells no order: believed, it would make
        every later event outdated. Such an event says that something happened, and the object is asked for.
        """
        if 0 < self.created <= now + CLOCKS_MAY_DIFFER_BY:
            return self
        return replace(self, created=now, fact=None, dated=False)


@dataclass(frozen=True, slots=True)
class EventMarker:
    """The record that an event has been dealt with: stored once, in the transaction that applies it."""

    account_id: StripeAccountId
    event_id: str
    type: str
    created: int
    received_at: int
    source: Source
    outcome: str
    object_id: str = ""
    """Stripe's id of the object that the event is about."""
    organization_id: OrganizationId | None = None
    """With `invoice_id`: the invoice that the event is about. Both are None if it is about something else."""
    invoice_id: InvoiceId | None = None

    @property
    def shows_arrival(self) -> bool:
        """Returns True if the event is among those by which POM sees that Stripe's events arrive.

        Most events that tell nothing new come with one that does, so they need not be found by their time.
        """
        return self.outcome != NOTHING_NEW or self.source is Source.SWEEP or self.type in _SHOW_ARRIVAL


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One row of an invoice's event log. Times are epoch seconds UTC.

    `repeated` counts how often a webhook brought it again after it had been dealt with. `error` is the reason why a
    parked event could not be applied.
    """

    id: str
    type: str
    created: int
    received_at: int
    outcome: str
    source: Source | None = None
    object_id: str = ""
    repeated: int = 0
    error: str | None = None

    @property
    def lag(self) -> int:
        """Returns the seconds from the event to its arrival."""
        return max(0, self.received_at - self.created)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """All that POM keeps of an event. `body` is the JSON of a parked event, and None once it is dealt with."""

    logged: LoggedEvent
    invoice: tuple[OrganizationId, InvoiceId] | None = None
    """The invoice that it is about, if POM knows one."""
    body: str | None = None
    expires_at: int | None = None
    """When DynamoDB deletes it (epoch seconds UTC)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A Stripe object (a payment intent or an invoice) that belongs to one of our invoices."""

    account_id: StripeAccountId
    stripe_id: str
    organization_id: OrganizationId
    invoice_id: InvoiceId
