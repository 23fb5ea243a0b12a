"""`explain` of an event and of an organization: the outcome of events, and why some are parked."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.tables.markers import PARKED
from chalicelib.domain.acts import Subject
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.parked_reasons import reason_in_words
from infra.ops import lookups
from infra.ops.act_lines import show_acts
from infra.ops.invoice_lines import outcome
from infra.ops.related import show_related
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage


def show_event(
    stage: Stage, screen: Screen, organization: str, event: str, account: StripeAccountId | None = None
) -> None:
    """Shows the outcome of one of Stripe's events on `account`, or on the account that was connected last.

    Raises:
        NotFound: the organization was never connected.
    """
    _, account_id = lookups.connection_and_account(stage, organization)
    account_id = account or account_id
    record = lookups.event(stage, account_id, event)
    if record is None:
        screen.failure(
            f"POM has no record of {event} of {organization}. The event has not arrived, or it arrived more than 35 "
            "days ago, or it is about no object of POM's, and POM stores no record of such an event. Look for it in "
            f"Stripe's dashboard of {account_id}. If it is there, and about an object of POM's, "
            f"`{screen.command('replay', organization, options=('--event', event))}` applies it."
        )
        return
    row = event_row(record)
    columns = [name for name in _columns(row) if name != "reason"]  # printed as a sentence below the table
    screen.table("event", f"Event {event} of {organization}", [row], columns=columns)
    why = row["reason"] or _WHY.get(record.outcome, "")
    screen.fact("explanation", why, why)
    show_related(screen, organization, [("invoice", record.invoice_id)] if record.invoice_id else [])


_WHY = {
    "applied": "A webhook brought the event, and it changed POM's record.",
    "recovered": "Reconciliation fetched the event, and it changed POM's record.",
    "no_change": "POM had all data of the event already, so nothing changed.",
    "erased": "The event is about a person who was erased. POM counts such an event, and stores nothing from it.",
}
"""The meaning of each outcome. A parked event shows its reason instead."""


def show_organization(stage: Stage, screen: Screen, organization: str) -> None:
    """Shows an organization's connection, its reconciliation, who changed it, and its parked events.

    Raises:
        NotFound: the organization was never connected.
    """
    connection, account_id = lookups.connection_and_account(stage, organization)
    now = stage.ports.clock.now()
    sweep, frozen = connection.sweep, connection.frozen
    facts = {
        "account": account_id,
        "status": connection.status(now).value,
        "connected": timestamp(connection.connected_at),
        "disconnected": timestamp(connection.disconnected_at),
        "why": connection.disconnect_reason,
        "swept_until": timestamp(sweep.swept_until),
        "objects_swept": timestamp(sweep.objects_swept_at),
        "last_event": timestamp(stage.ports.events.last_received_at(account_id)),
        "frozen": f"{frozen.reason} ({frozen.by}, {timestamp(frozen.at)})" if frozen else False,
        "erased": timestamp(connection.erased_at) or False,
    }
    screen.table("organization", organization, [{"what": name, "is": value} for name, value in facts.items()])
    if connection.account is not None:
        missing = [{"field": each.field, "message": each.message} for each in connection.account.requirements]
        screen.table("requirements", "Data that Stripe still requires from the company", missing)
    settings = Subject.settings_of(connection.organization_id)
    subjects = (Subject.connection_of(connection.organization_id), settings)
    show_acts(stage, screen, "acts", "the connection and the settings", *subjects)
    parked_rows = [event_row(each) for each in lookups.parked_events(stage, account_id)]
    screen.table("parked", "Parked events", parked_rows, columns=_columns(parked_rows[0]) if parked_rows else ())


def event_row(record: lookups.EventRecord) -> dict[str, Any]:
    """Returns the row of an event. `error` is for programs: an error code, or the class of an unexpected error."""
    return {
        "id": record.id,
        "type": record.type,
        "created": timestamp(record.created),
        "received": timestamp(record.received_at),
        "lag_seconds": record.lag,
        "outcome": outcome(record.outcome),
        "source": record.source,
        "repeated": record.repeated,
        "object": record.object_id,
        "invoice": record.invoice_id,
        "error": record.error,
        "reason": reason_in_words(record.error) if record.outcome == PARKED else None,
    }


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    """Returns the columns for people: they read the reason in words, and not the error's name."""
    return tuple(name for name in row if name != "error")
