"""The event log of an invoice."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant, page_info
from chalicelib.domain.events import NOTHING_NEW, LoggedEvent
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.parked_reasons import REASONS, code_of, reason_in_words
from chalicelib.domain.retention import MARKERS
from chalicelib.domain.stripe_pages import object_url
from chalicelib.ports.storage import Page

UNFORESEEN = "internal_error"
"""The error code of an event that an unexpected exception parked. The exception's name would not help a client."""

KEPT_DAYS = MARKERS.days
"""The number of days for which the log retains an event."""


class LoggedOutcome(StrEnum):
    """The outcome of an event in POM. `applied`: a webhook delivered the event, and it changed the invoice.

    `nothing_new`: the event had no new information, so the invoice did not change. `recovered`: the event changed the
    invoice after POM fetched it, because no webhook had delivered it or because it had been parked. `parked`: POM
    could not apply the event yet. POM tries again, and compares everything with Stripe every day.
    """

    APPLIED = "applied"
    NOTHING_NEW = "nothing_new"
    RECOVERED = "recovered"
    PARKED = "parked"


_STORED = {
    NOTHING_NEW: LoggedOutcome.NOTHING_NEW,
    "recovered": LoggedOutcome.RECOVERED,
    "parked": LoggedOutcome.PARKED,
}
"""The outcome for each stored value. All other stored values mean `applied`."""


class LoggedEventView(msgspec.Struct, rename="camel", kw_only=True):
    """An event of Stripe about an invoice, and its outcome in POM."""

    id: Annotated[str, Meta(description="Stripe's id of the event.", examples=["evt_1NG8Du2eZvKYlo2CUI79vXWy"])]
    type: Annotated[str, Meta(description="Stripe's type of the event.", examples=["invoice.paid"])]
    outcome: Annotated[LoggedOutcome, Meta(description="The outcome of the event in POM.")]
    source: Annotated[
        Source | None,
        Meta(
            description="How POM received the event: from a `webhook`, or by the `sweep`, which fetches missed "
            "events. Null if the event is parked."
        ),
    ]
    created_at: Annotated[Instant, Meta(description="Time at which Stripe created the event. RFC 3339, UTC.")]
    arrived_at: Annotated[Instant, Meta(description="Time at which the event arrived at POM. RFC 3339, UTC.")]
    lag_seconds: Annotated[int, Meta(ge=0, description="The number of seconds from `createdAt` to `arrivedAt`.")]
    object_id: Annotated[str | None, Meta(description="Stripe's id of the object that the event is about.")]
    dashboard_url: Annotated[
        str | None,
        Meta(
            description="The object's page in the Stripe dashboard. Null if the object has no page, or no longer "
            "exists."
        ),
    ]
    repeated: Annotated[
        int, Meta(ge=0, description="How often a webhook delivered the event again after POM had processed it.")
    ]
    error: Annotated[
        str | None,
        Meta(description="The error code that says why the event is parked. Null unless `outcome` is `parked`."),
    ]
    reason: Annotated[
        str | None,
        Meta(
            description="Why the event is parked and what to do about it, in sentences. Null unless `outcome` is "
            "`parked`.",
            examples=[REASONS["stripe_unreachable"]],
        ),
    ]


class InvoiceEvents(msgspec.Struct, rename="camel", kw_only=True):
    """A page of an invoice's event log, the latest arrival first."""

    data: Annotated[list[LoggedEventView], Meta(description="The events, the latest arrival first.")]
    kept_days: Annotated[
        int,
        Meta(
            description="The number of days for which the log retains an event. The timeline and the payments are "
            "retained permanently."
        ),
    ]
    page_info: PageInfo


def events_view(invoice: Invoice, page: Page[LoggedEvent], *, dashboard_base: str) -> InvoiceEvents:
    views = [_event_view(event, invoice, dashboard_base) for event in page.items]
    return InvoiceEvents(data=views, kept_days=KEPT_DAYS, page_info=page_info(page))


def _event_view(event: LoggedEvent, invoice: Invoice, dashboard_base: str) -> LoggedEventView:
    outcome = _STORED.get(event.outcome, LoggedOutcome.APPLIED)
    parked = outcome is LoggedOutcome.PARKED
    return LoggedEventView(
        id=event.id,
        type=event.type,
        outcome=outcome,
        source=None if parked else event.source,
        created_at=instant(event.created),
        arrived_at=instant(event.received_at),
        lag_seconds=event.lag,
        object_id=event.object_id or None,
        dashboard_url=object_url(dashboard_base, invoice, event.object_id),
        repeated=event.repeated,
        error=(code_of(event.error) or UNFORESEEN) if parked else None,
        reason=reason_in_words(event.error) if parked else None,
    )
