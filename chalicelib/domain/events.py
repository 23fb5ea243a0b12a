"""Stripe events: the types that POM subscribes to, and the content of an event.

`SUBSCRIPTION` is the one list: the webhook endpoint is created with it, the sweep reads these events, and
`apply_event` ignores all others. `invoice.created` is left out deliberately, because Stripe delays the automatic
finalization of a company's other invoices until every subscriber has responded to it
(https://docs.stripe.com/invoicing/integration/workflow-transitions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.facts import AccountFact, CustomerFact, StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId

API_VERSION = "2026-10-28.endive"
"""The version of stripe 16.1.0. The webhook endpoint is created with it, so both change together."""

SUBSCRIPTION: tuple[str, ...] = (
    # The invoice itself: its amounts, number, due date and status. Only `invoice.sent` reports that Stripe e-mailed
    # it. Only `invoice.updated` reports a changed draft.
    "invoice.updated",
    "invoice.finalized",
    "invoice.sent",
    "invoice.paid",
    "invoice.overpaid",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.deleted",
    # For an intent of a partial payment that POM does not know, only this event reports a decline, without its
    # reason.
    "invoice.payment_failed",
    # Only this event links a payment to its invoice.
    "invoice_payment.paid",
    # The states of a payment: on its way, to be confirmed with the payer's bank, failed with a reason, or ended.
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    # Only these name the card or bank account that paid. `charge.failed` also reports a debit that came back if the
    # other events about it are lost.
    "charge.succeeded",
    "charge.failed",
    # Only this event reports that Stripe has booked a payment, so that its fee is known.
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
    # Payouts. A paid payout may still fail. Only the last event reports that Stripe can list what is in a payout.
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
    # Changes that users make in Stripe, and whether the account can take payments.
    "customer.updated",
    "customer.deleted",
    "account.updated",
    "capability.updated",
    "account.application.deauthorized",
)
"""The event types that POM subscribes to. docs/decisions explains why each is here and which are left out."""

CLOCKS_MAY_DIFFER_BY = 300
"""Seconds by which Stripe's clock may be ahead of POM's, the same as the tolerance for a signature's time."""

UNREADABLE = "unreadable"
"""The type given to a signed body that cannot be an event of Stripe's. Nothing subscribes to it."""

LATEST_TIMESTAMP = 253402300799
"""The last second of the year 9999 (epoch seconds UTC). No later time can be written as a date."""

DEAUTHORIZED = "account.application.deauthorized"
"""The type of the event that ends a connection."""

NOTHING_NEW = "no_change"
"""The outcome of an event that brought nothing new."""

_SHOW_ARRIVAL = frozenset({"invoice.finalized"})
"""Events that prove that webhooks arrive, even if they bring nothing new. Every sent invoice has one."""

BOOKED = frozenset({"charge.succeeded", "charge.updated"})
"""Events that report that Stripe has booked a payment: their charge then names its balance transaction.

On most accounts the balance transaction is null at `charge.succeeded`
(https://docs.stripe.com/payments/payment-intents/asynchronous-capture).
"""

FAILED_WITHOUT_REASON = frozenset({"invoice.payment_failed"})
"""Events that report a failed attempt without its reason. Another event has the reason."""


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
"""Events of a payment that may arrive before POM knows the payment. They are then acknowledged as unmatched."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """One authentic event. `created` is epoch seconds UTC. `body` is the JSON that Stripe sent, stored if it is
    parked.

    `api_version` is the version in which Stripe rendered the event. A webhook has the endpoint's version. An event
    that Stripe lists has the account's own version, whatever version is requested
    (https://docs.stripe.com/webhooks/versioning).
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
    """The object's content, parsed as if it were in POM's version. It is reliable only if the event is `current`."""
    body: str
    lacks_paid_outside: bool = False
    """True if the object is an invoice without the amount paid outside Stripe. `fact` then has 0."""
    owner_ids: tuple[str, ...] | None = ()
    """Ids of Stripe objects that lead to the invoice, the most reliable first. None if the object does not name
    any.
    """
    organization_hint: OrganizationId | None = None
    """The organization in the object's metadata. The id is trusted only if the object it leads to belongs to
    `account_id`.
    """
    invoice_hint: InvoiceId | None = None
    customer_hint: str | None = None
    revised_id: str | None = None
    """The id of the Stripe invoice that the object revises, if the object is a revision."""
    refunded_amount: int | None = None
    """The refunded amount of the event's charge, in minor units. None if the event does not have it."""
    booked: bool = False
    """True if the event's charge names its balance transaction."""
    idempotency_key: str | None = None
    """The key of the API request that caused the event, or None (https://docs.stripe.com/api/events/object)."""
    dated: bool = True
    """True if `created` is Stripe's. Otherwise it is the time of arrival, and the event's facts have no order."""

    @property
    def current(self) -> bool:
        """Returns True if the object is rendered in POM's API version. In another version, only its owner is read."""
        return self.api_version == API_VERSION

    def received(self, now: int) -> StripeEvent:
        """Returns the event as POM trusts it when it is received at `now` (epoch seconds UTC).

        A date that is missing, or further ahead than clocks differ, gives no order: if it were trusted, every later
        event would look outdated. Such an event only reports that something happened, and POM reads the object from
        Stripe.
        """
        if 0 < self.created <= now + CLOCKS_MAY_DIFFER_BY:
            return self
        return replace(self, created=now, fact=None, dated=False)


@dataclass(frozen=True, slots=True)
class EventMarker:
    """The record that an event was processed. It is stored once, in the transaction that applies the event."""

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
    """Together with `invoice_id`, the invoice that the event is about. Both are None if it is about another
    object.
    """
    invoice_id: InvoiceId | None = None

    @property
    def shows_arrival(self) -> bool:
        """Returns True if the event counts as proof that Stripe's events arrive.

        Most events that bring nothing new come together with one that does, so they need no index by time.
        """
        return self.outcome != NOTHING_NEW or self.source is Source.SWEEP or self.type in _SHOW_ARRIVAL


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One row of an invoice's event log. Times are epoch seconds UTC.

    `repeated` is the number of times that a webhook delivered it again after it was processed. `error` is the reason
    why a parked event could not be applied.
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
    """POM's whole record of an event. `body` is the JSON of a parked event, and None after it is processed."""

    logged: LoggedEvent
    invoice: tuple[OrganizationId, InvoiceId] | None = None
    """The invoice that the event is about, if POM knows one."""
    body: str | None = None
    expires_at: int | None = None
    """When DynamoDB deletes it (epoch seconds UTC)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A Stripe object (a payment intent or an invoice) that belongs to one of POM's invoices."""

    account_id: StripeAccountId
    stripe_id: str
    organization_id: OrganizationId
    invoice_id: InvoiceId
