"""Reads and changes an organization's invoicing settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.domain.acts import SETTINGS_CHANGED, Subject, settings_change
from chalicelib.domain.connection import require_organization
from chalicelib.domain.error_collector import errors_raised_by, raise_all
from chalicelib.domain.errors import IntegrationError, Refused, StaleWrite
from chalicelib.domain.identifiers import OrganizationId, UserId
from chalicelib.domain.money import exponent
from chalicelib.domain.preconditions import Precondition
from chalicelib.domain.settings import (
    MAX_REMINDERS,
    InvoicingSettings,
    known_invoice_type,
    known_payment_methods,
    known_time_zone,
    time_zone_of,
)
from chalicelib.domain.terms import MAX_DAYS, days_of_terms
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import act_now


def read(organization_id: OrganizationId, ports: Ports) -> InvoicingSettings:
    """Returns the settings, or the defaults."""
    return ports.settings.get(organization_id)


def time_zone_in_force(organization_id: OrganizationId, ports: Ports) -> str:
    """Returns the IANA time zone in which the organization's days begin and end."""
    return time_zone_of(ports.settings.get(organization_id), ports.connections.get(organization_id).account)


def change(
    organization_id: OrganizationId,
    settings: InvoicingSettings,
    ports: Ports,
    precondition: Precondition | None = None,
    *,
    by: UserId | None = None,
) -> InvoicingSettings:
    """Replaces the settings as a whole. A change is stored with an act of the user `by`.

    The precondition is checked against the version that the write replaces. Settings that already equal the request
    are no conflict, because a client repeats a request whose response was lost, and the database's client repeats
    such a write.

    Raises:
        Refused: a value is out of its range; names the field, and carries the other errors.
        Conflict: the organization was erased.
        PreconditionFailed: the settings are not as the client has seen them.
        StaleWrite: somebody else changed them at the same moment.
    """
    require_organization(ports.connections.get(organization_id))
    current = ports.settings.get(organization_id)
    checked = _checked(replace(settings, organization_id=organization_id, version=current.version))
    if precondition is not None:
        precondition.require(current, checked.edit_tag)
    if checked == current:
        return current
    changed = settings_change(current, checked)
    subject = Subject.settings_of(organization_id)
    acts = [act_now(subject, SETTINGS_CHANGED, ports, actor=by, settings=changed)] if changed is not None else []
    try:
        return ports.settings.save(checked, *acts)
    except StaleWrite:
        stored = ports.settings.get(organization_id)
        if stored == replace(checked, version=stored.version):
            return stored
        if precondition is not None:
            precondition.require(stored)
        raise


def _checked(settings: InvoicingSettings) -> InvoicingSettings:
    raise_all(_errors_of(settings))
    return replace(
        settings,
        payment_methods=known_payment_methods(settings.payment_methods),
        reminders=replace(
            settings.reminders,
            days_before_due=tuple(sorted(set(settings.reminders.days_before_due))),
            days_after_due=tuple(sorted(set(settings.reminders.days_after_due))),
        ),
    )


def _errors_of(settings: InvoicingSettings) -> Iterator[IntegrationError]:
    yield from errors_raised_by(known_invoice_type, settings.invoice_type)
    yield from errors_raised_by(days_of_terms, settings.payment_terms)
    if settings.time_zone is not None:
        yield from errors_raised_by(known_time_zone, settings.time_zone)
    if settings.currency is not None:
        yield from errors_raised_by(exponent, settings.currency)
    yield from errors_raised_by(_require_payment_window, settings.payment_window)
    yield from errors_raised_by(known_payment_methods, settings.payment_methods)
    yield from errors_raised_by(_require_days, settings.reminders.days_before_due, field="reminders.daysBeforeDue")
    yield from errors_raised_by(_require_days, settings.reminders.days_after_due, field="reminders.daysAfterDue")


def _require_payment_window(days: int | None) -> None:
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise Refused(
            "payment_window_invalid",
            f"The payment window is between 1 and {MAX_DAYS} days after the due date.",
            field="paymentWindow",
            next_step="Correct the number of days, or leave the payment window open.",
        )


def _require_days(days: Sequence[int], *, field: str) -> None:
    if len(days) > MAX_REMINDERS or any(not 1 <= day <= MAX_DAYS for day in days):
        raise Refused(
            "reminder_days_invalid",
            f"Up to {MAX_REMINDERS} days can be given, each 1 to {MAX_DAYS} days from the due date.",
            field=field,
            next_step="Correct the list of days.",
        )
