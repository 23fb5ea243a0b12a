"""How an organization invoices."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import CurrencyCode, Footer, Memo
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.reminders import FROM_HOUR, UNTIL_HOUR
from chalicelib.domain.settings import (
    INVOICE_TYPES,
    MAX_REMINDERS,
    PAYMENT_METHODS,
    CustomerCreation,
    InvoicingSettings,
    Reminders,
)
from chalicelib.domain.stripe_pages import address, reminders_note
from chalicelib.domain.terms import MAX_DAYS, TERMS_PATTERN
from chalicelib.domain.texts import ONE_LINE_PATTERN, visible_or_empty

Days = Annotated[
    list[Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_DAYS})]],
    Meta(
        description="Days from the due date, written without a decimal point.",
        examples=[[3, 7]],
        extra_json_schema={"maxItems": MAX_REMINDERS},
    ),
]
Terms = Annotated[
    str,
    Meta(
        max_length=30,
        description=f"`due_on_receipt`, `net_7`, `net_15`, `net_30`, `net_60`, or `days_N` with N up to {MAX_DAYS}.",
        extra_json_schema={"pattern": rf"{TERMS_PATTERN}(?!\n)"},
        examples=["net_15"],
    ),
]
InvoiceType = Annotated[
    str, Meta(max_length=100, pattern=ONE_LINE_PATTERN, extra_json_schema={"enum": list(INVOICE_TYPES)})
]
Method = Annotated[
    str, Meta(max_length=100, pattern=ONE_LINE_PATTERN, extra_json_schema={"enum": list(PAYMENT_METHODS)})
]
Methods = Annotated[
    list[Method], Meta(description="Empty: as the Stripe account is set up.", examples=[["card", "us_bank_account"]])
]
Window = Annotated[
    Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_DAYS})] | None,
    Meta(
        description="Days after the due date within which the invoice should be paid, written without a decimal "
        "point."
    ),
]
Creation = Annotated[
    CustomerCreation,
    Meta(
        description="When a customer whom Stripe does not know is made there; at the latest with the first invoice."
    ),
]
Zone = Annotated[
    str,
    Meta(
        max_length=100,
        examples=["America/New_York"],
        description="IANA time zone that days begin and end in. Null: that of the Stripe account. A change counts "
        "for invoices that are made from then on.",
    ),
]


class RemindersModel(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """When Stripe e-mails a payment reminder.

    `enabled` without any day means 3 days before, on, and 3, 7 and 14 days after the due date. Nobody is reminded on
    the day on which the invoice is sent.
    """

    enabled: bool = False
    days_before_due: Days = []
    on_due_date: bool = False
    days_after_due: Days = []


class ReminderTime(msgspec.Struct, rename="camel"):
    """Reminders go out within the hour after `from`; after an outage later on that day, but not from `until` on."""

    from_: Annotated[str, Meta(examples=["09:00"])] = msgspec.field(name="from")
    until: Annotated[str, Meta(examples=["18:00"])]
    time_zone: str


class SettingsNote(msgspec.Struct, rename="camel"):
    """Something in Stripe that goes with these settings."""

    message: str
    next_step: str
    link: Annotated[str, Meta(extra_json_schema={"format": "uri"})]


class InvoicingSettingsModel(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The defaults of new invoices. A PUT replaces them all: what is left out goes back to its default."""

    invoice_type: InvoiceType = "stripe"
    payment_terms: Terms = "net_30"
    payment_window: Window = None
    payment_methods: Methods = []
    memo: Memo | None = None
    footer: Footer | None = None
    reminders: RemindersModel = msgspec.field(default_factory=RemindersModel)
    currency: CurrencyCode | None = None
    time_zone: Zone | None = None
    note: Annotated[SettingsNote | None, Meta(description="In answers only; in a request it says nothing.")] = None
    reminder_time: Annotated[
        ReminderTime | None, Meta(description="In answers only; in a request it says nothing.")
    ] = None
    customer_creation: Creation = CustomerCreation.WHEN_SAVED


def settings_from(model: InvoicingSettingsModel, organization_id: OrganizationId) -> InvoicingSettings:
    return InvoicingSettings(
        organization_id=organization_id,
        invoice_type=model.invoice_type,
        payment_terms=model.payment_terms,
        payment_window=model.payment_window,
        payment_methods=tuple(model.payment_methods),
        memo=model.memo and visible_or_empty(model.memo),
        footer=model.footer and visible_or_empty(model.footer),
        reminders=Reminders(
            enabled=model.reminders.enabled,
            days_before_due=tuple(model.reminders.days_before_due),
            on_due_date=model.reminders.on_due_date,
            days_after_due=tuple(model.reminders.days_after_due),
        ),
        currency=model.currency.lower() if model.currency else None,
        time_zone=model.time_zone,
        customer_creation=model.customer_creation,
    )


def settings_view(settings: InvoicingSettings, time_zone: str, *, dashboard_base: str) -> InvoicingSettingsModel:
    """Returns the settings; `time_zone` is the one in force, whether it was chosen or not."""
    note, reminders = reminders_note(settings), settings.reminders.effective
    return InvoicingSettingsModel(
        invoice_type=settings.invoice_type,
        payment_terms=settings.payment_terms,
        payment_window=settings.payment_window,
        payment_methods=list(settings.payment_methods),
        memo=settings.memo,
        footer=settings.footer,
        reminders=RemindersModel(
            enabled=reminders.enabled,
            days_before_due=list(reminders.days_before_due),
            on_due_date=reminders.on_due_date,
            days_after_due=list(reminders.days_after_due),
        ),
        currency=settings.currency,
        time_zone=settings.time_zone,
        note=SettingsNote(note.message, note.next_step, address(dashboard_base, note.page)) if note else None,
        reminder_time=ReminderTime(f"{FROM_HOUR:02}:00", f"{UNTIL_HOUR:02}:00", time_zone),
        customer_creation=settings.customer_creation,
    )
