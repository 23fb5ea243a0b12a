"""Stripe events: which we subscribe to, and what one says.

`SUBSCRIPTION` is the one list: the webhook endpoint is created with its keys, the sweep asks for them, and
`apply_event` knows nothing else. `invoice.created` is left out on purpose: Stripe holds back the automatic
finalization of a company's other invoices until every subscriber has answered it
(https://docs.stripe.com/invoicing/integration/workflow-transitions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.facts import AccountFact, CustomerFact, StripeFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId

API_VERSION = "2026-10-28.endive"
"""The version of stripe 16.1.0. The webhook endpoint is created with it; the two move together."""

SUBSCRIPTION: Mapping[str, str] = {
    "invoice.updated": "updated",
    "invoice.finalized": "finalized",
    "invoice.finalization_failed": "finalization_failed",
    "invoice.sent": "sent",
    "invoice.paid": "paid",
    "invoice.payment_failed": "payment_failed",
    "invoice.payment_action_required": "payment_action_required",
    "invoice.overpaid": "overpaid",
    "invoice.overdue": "overdue",
    "invoice.voided": "voided",
    "invoice.marked_uncollectible": "marked_uncollectible",
    "invoice.deleted": "draft_deleted",
    "invoice_payment.paid": "payment_applied",
    "payment_intent.processing": "payment_processing",
    "payment_intent.succeeded": "payment_succeeded",
    "payment_intent.payment_failed": "payment_failed",
    "payment_intent.canceled": "payment_canceled",
    "charge.succeeded": "charge_succeeded",
    "charge.failed": "charge_failed",
    "charge.refunded": "charge_refunded",
    "refund.created": "refund_created",
    "refund.updated": "refund_updated",
    "refund.failed": "refund_failed",
    "charge.dispute.created": "dispute_opened",
    "charge.dispute.updated": "dispute_updated",
    "charge.dispute.closed": "dispute_closed",
    "charge.dispute.funds_withdrawn": "dispute_funds_withdrawn",
    "charge.dispute.funds_reinstated": "dispute_funds_reinstated",
    "credit_note.created": "credit_note_issued",
    "credit_note.updated": "credit_note_updated",
    "credit_note.voided": "credit_note_voided",
    "customer.updated": "customer_updated",
    "customer.deleted": "customer_deleted",
    "account.updated": "account_updated",
    "capability.updated": "capability_updated",
    "account.application.deauthorized": "deauthorized",
}
"""Event type to the kind of history entry it makes."""

CLOCKS_MAY_DIFFER_BY = 300
"""Seconds by which Stripe's clock may be ahead of ours: as much as a signature's time may be."""

UNREADABLE = "unreadable"
"""The type given to a signed body that names no event that could be Stripe's; nobody subscribes to it."""

LATEST_MOMENT = 253402300799
"""The last second of the year 9999, in epoch seconds UTC: no later time can be written as a date."""

DEAUTHORIZED = "account.application.deauthorized"
"""The type of the event that ends a connection."""

NOTHING_NEW = "no_change"
"""The outcome of an event that told nothing new."""

_SHOW_ARRIVAL = frozenset({"invoice.finalized"})
"""Events that show that webhooks arrive although they tell nothing new: every invoice that is sent has one."""

FAILED_WITHOUT_REASON = frozenset({"invoice.payment_failed"})
"""Events that say that an attempt failed, but not why; another event says why."""


MAY_COME_BEFORE_ITS_PAYMENT = frozenset(
    {
        "payment_intent.processing",
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
    owner_ids: tuple[str, ...] | None = ()
    """Ids of Stripe objects that lead to the invoice, the surest first; None if the object does not tell."""
    organization_hint: OrganizationId | None = None
    """From the object's metadata. A hint only: it is believed if what it leads to belongs to `account_id`."""
    invoice_hint: InvoiceId | None = None
    customer_hint: str | None = None
    revised_id: str | None = None
    """The id of the Stripe invoice that the object revises, if the object is a revision."""
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
class Reference:
    """A Stripe object (a payment intent or an invoice) that belongs to one of our invoices."""

    account_id: StripeAccountId
    stripe_id: str
    organization_id: OrganizationId
    invoice_id: InvoiceId
