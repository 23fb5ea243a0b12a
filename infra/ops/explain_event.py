"""`explain` of an event and of an organization: what became of events, and why some are parked."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.tables.markers import PARKED
from chalicelib.domain.acts import Subject
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.parked_reasons import reason_in_words
from infra.ops import books
from infra.ops.act_lines import show_acts
from infra.ops.going_on import go_on
from infra.ops.invoice_lines import outcome
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage


def show_event(
    stage: Stage, screen: Screen, organization: str, event: str, account: StripeAccountId | None = None
) -> None:
    """Tells what became of one of Stripe's events, on `account` or else on the one that was connected last.

    Raises:
        NotFound: the organization was never connected.
    """
    _, account_id = books.connected(stage, organization)
    account_id = account or account_id
    known = books.event(stage, account_id, event)
    if known is None:
        screen.failure(
            f"POM has no record of {event} of {organization}. The event has not come, it came more than 35 days ago, "
            "or it came and is about nothing of POM's: of such an event no record is kept. Look for it in Stripe's "
            f"dashboard of {account_id}. If it is there, and about something of POM's, "
            f"`{screen.command('replay', organization, options=('--event', event))}` applies it."
        )
        return
    row = event_row(known)
    screen.table("event", f"Event {event} of {organization}", [row], columns=_shown(row))
    why = row["reason"] or _WHY.get(known.outcome, "")
    screen.fact("explanation", why, why)
    go_on(screen, organization, [("invoice", known.invoice_id)] if known.invoice_id else [])


_WHY = {
    "applied": "A webhook brought the event, and it changed POM's record.",
    "recovered": "Reconciliation fetched the event, and it changed POM's record.",
    "no_change": "POM knew all that the event says, so nothing changed.",
    "erased": "The event is about a person who was erased. POM counts such an event, and takes nothing from it.",
}
"""What each outcome means. That of a parked event is its reason."""


def show_organization(stage: Stage, screen: Screen, organization: str) -> None:
    """Tells of an organization's connection, its reconciliation, who did what to it, and its parked events.

    Raises:
        NotFound: the organization was never connected.
    """
    connection, account_id = books.connected(stage, organization)
    now = stage.ports.clock.now()
    sweep, frozen = connection.sweep, connection.frozen
    told = {
        "account": account_id,
        "status": connection.status(now).value,
        "connected": moment(connection.connected_at),
        "disconnected": moment(connection.disconnected_at),
        "why": connection.disconnect_reason,
        "swept_until": moment(sweep.swept_until),
        "objects_swept": moment(sweep.objects_swept_at),
        "last_event": moment(stage.ports.events.last_received_at(account_id)),
        "frozen": f"{frozen.reason} ({frozen.by}, {moment(frozen.at)})" if frozen else False,
        "erased": moment(connection.erased_at) or False,
    }
    screen.table("organization", organization, [{"what": name, "is": value} for name, value in told.items()])
    if connection.account is not None:
        missing = [{"field": each.field, "message": each.message} for each in connection.account.requirements]
        screen.table("requirements", "What Stripe still needs of the company", missing)
    settings = Subject.settings_of(connection.organization_id)
    done_to = (Subject.connection_of(connection.organization_id), settings)
    show_acts(stage, screen, "acts", "the connection and the settings", *done_to)
    parked = [event_row(each) for each in books.parked(stage, account_id)]
    screen.table("parked", "Parked events", parked, columns=_shown(parked[0]) if parked else ())


def event_row(known: books.KnownEvent) -> dict[str, Any]:
    """Returns the row of an event. `error` is for programs: a code, or the class of an unforeseen error."""
    return {
        "id": known.id,
        "type": known.type,
        "created": moment(known.created),
        "received": moment(known.received_at),
        "lag_seconds": known.lag,
        "outcome": outcome(known.outcome),
        "source": known.source,
        "repeated": known.repeated,
        "object": known.object_id,
        "invoice": known.invoice_id,
        "error": known.error,
        "reason": reason_in_words(known.error) if known.outcome == PARKED else None,
    }


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    """Returns the columns that people see: the reason in words, and not the name of the error."""
    return tuple(name for name in row if name != "error")
