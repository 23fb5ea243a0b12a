"""How an organization invoices: read and change."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import Refused, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.money import exponent
from chalicelib.domain.settings import (
    INVOICE_TYPES,
    MAX_REMINDERS,
    InvoicingSettings,
    Reminders,
    known_payment_methods,
    known_time_zone,
    time_zone_of,
)
from chalicelib.domain.terms import MAX_DAYS, days_of_terms
from chalicelib.usecases.ports import Ports


def read(organization_id: OrganizationId, ports: Ports) -> InvoicingSettings:
    """The settings, or the defaults."""
    return ports.settings.get(organization_id)


def time_zone(settings: InvoicingSettings, ports: Ports) -> str:
    """Returns the IANA time zone in which the organization's days begin and end."""
    return time_zone_of(settings, ports.connections.get(settings.organization_id).account)


def change(organization_id: OrganizationId, settings: InvoicingSettings, ports: Ports) -> InvoicingSettings:
    """Replace the settings as a whole.

    The database's client repeats a write whose answer was lost, and the repetition meets the write's own success.
    That is no conflict.

    Raises:
        Refused: a value is out of its range; names the field.
        StaleWrite: somebody else changed them at the same moment.
    """
    current = ports.settings.get(organization_id)
    checked = _checked(replace(settings, organization_id=organization_id, version=current.version))
    try:
        return ports.settings.save(checked)
    except StaleWrite:
        stored = ports.settings.get(organization_id)
        if stored == replace(checked, version=stored.version):
            return stored
        raise


def _checked(settings: InvoicingSettings) -> InvoicingSettings:
    if settings.invoice_type not in INVOICE_TYPES:
        raise Refused(
            "invoice_type_unknown",
            "This invoice type is not known.",
            field="invoiceType",
            next_step=f"Use one of {', '.join(INVOICE_TYPES)}.",
        )
    days_of_terms(settings.payment_terms)
    if settings.time_zone is not None:
        known_time_zone(settings.time_zone)
    if settings.currency is not None:
        exponent(settings.currency)
    window = settings.payment_window
    if window is not None and not 1 <= window <= MAX_DAYS:
        raise Refused(
            "payment_window_invalid",
            f"The payment window is between 1 and {MAX_DAYS} days after the due date.",
            field="paymentWindow",
            next_step="Correct the number of days, or leave the payment window open.",
        )
    return replace(
        settings,
        payment_methods=known_payment_methods(settings.payment_methods),
        reminders=_checked_reminders(settings.reminders),
    )


def _checked_reminders(reminders: Reminders) -> Reminders:
    for field, days in (
        ("reminders.daysBeforeDue", reminders.days_before_due),
        ("reminders.daysAfterDue", reminders.days_after_due),
    ):
        if len(days) > MAX_REMINDERS or any(not 1 <= day <= MAX_DAYS for day in days):
            raise Refused(
                "reminder_days_invalid",
                f"Up to {MAX_REMINDERS} days can be given, each 1 to {MAX_DAYS} days from the due date.",
                field=field,
                next_step="Correct the list of days.",
            )
    return replace(
        reminders,
        days_before_due=tuple(sorted(set(reminders.days_before_due))),
        days_after_due=tuple(sorted(set(reminders.days_after_due))),
    )
