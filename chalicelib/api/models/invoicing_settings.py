"""The invoicing settings of an organization."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import FOOTER, MEMO, CurrencyCode, Footer, Link, Memo, ReadOnly
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
from chalicelib.domain.terms import DAYS_PATTERN, MAX_DAYS, NAMED_TERMS
from chalicelib.domain.texts import ONE_LINE_PATTERN, visible_or_empty

Days = Annotated[
    list[Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_DAYS})]],
    Meta(
        description="Numbers of days from the due date, written without a decimal point.",
        examples=[[3, 7]],
        extra_json_schema={"maxItems": MAX_REMINDERS},
    ),
]
Terms = Annotated[
    str,
    Meta(
        max_length=30,
        description=f"When an invoice is due: {', '.join(f'`{name}`' for name in NAMED_TERMS)}, or `days_N`: N days "
        f"after it is sent, at most {MAX_DAYS}.",
        extra_json_schema={
            "anyOf": [
                {"type": "string", "enum": list(NAMED_TERMS)},
                {"type": "string", "pattern": rf"{DAYS_PATTERN}(?!\n)"},
            ]
        },
        examples=["net_15", "days_45"],
    ),
]
InvoiceType = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=ONE_LINE_PATTERN,
        description="The kind of invoice. The only kind is `stripe`.",
        extra_json_schema={"enum": list(INVOICE_TYPES)},
    ),
]
Method = Annotated[
    str, Meta(max_length=100, pattern=ONE_LINE_PATTERN, extra_json_schema={"enum": list(PAYMENT_METHODS)})
]
Methods = Annotated[
    list[Method],
    Meta(
        description="The payment methods that an invoice offers, by Stripe's names. If empty, the settings of the "
        "Stripe account decide.",
        examples=[["card", "us_bank_account"]],
    ),
]
Window = Annotated[
    Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_DAYS})] | None,
    Meta(
        description="The number of days after the due date within which the invoice should be paid, written "
        "without a decimal point. Null if there is no such window."
    ),
]
DefaultCurrency = Annotated[
    CurrencyCode | None,
    Meta(description="The currency of new invoices. Null for the currency of the Stripe account."),
]
Creation = Annotated[
    CustomerCreation,
    Meta(
        description="When POM creates a customer that does not exist in Stripe yet. `when_saved`: when the "
        "customer is saved in POM. `when_invoiced`: with the customer's first invoice."
    ),
]
Zone = Annotated[
    str,
    Meta(
        max_length=100,
        examples=["America/New_York"],
        description="The IANA time zone in which days begin and end. Null for the time zone of the Stripe account. "
        "A change applies to invoices that are created afterwards.",
    ),
]


ENABLED = "True if customers are sent payment reminders."
BEFORE = "On how many days before the due date a reminder is sent, as numbers of days."
ON_DUE_DATE = "True if a reminder is sent on the due date."
AFTER = "On how many days after the due date a reminder is sent, as numbers of days."


class SaveReminders(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The days on which Stripe e-mails a payment reminder.

    `enabled` without any day means 3 days before the due date, on the due date, and 3, 7 and 14 days after it. No
    reminder is sent on the day on which the invoice is sent.
    """

    enabled: Annotated[bool, Meta(description=ENABLED)] = False
    days_before_due: Annotated[Days, Meta(description=BEFORE)] = []
    on_due_date: Annotated[bool, Meta(description=ON_DUE_DATE)] = False
    days_after_due: Annotated[Days, Meta(description=AFTER)] = []


class RemindersView(msgspec.Struct, rename="camel", kw_only=True):
    """The days on which Stripe e-mails a payment reminder. None is sent on the day on which the invoice is sent."""

    enabled: Annotated[bool, Meta(description=ENABLED)]
    days_before_due: Annotated[list[int], Meta(description=BEFORE)]
    on_due_date: Annotated[bool, Meta(description=ON_DUE_DATE)]
    days_after_due: Annotated[list[int], Meta(description=AFTER)]


class ReminderTime(msgspec.Struct, rename="camel"):
    """The hours in which reminders are sent.

    Reminders are sent within the hour after `from`. After an outage they are sent later on that day, before `until`.
    """

    from_: Annotated[
        str, Meta(description="The earliest time of day, in `timeZone`, as hours and minutes.", examples=["09:00"])
    ] = msgspec.field(name="from")
    until: Annotated[
        str, Meta(description="The latest time of day, in `timeZone`, as hours and minutes.", examples=["18:00"])
    ]
    time_zone: Annotated[str, Meta(description="The organization's time zone, an IANA name.")]


class SettingsNote(msgspec.Struct, rename="camel"):
    """A setting in Stripe that belongs to these settings."""

    message: Annotated[str, Meta(description="The setting and its effect, in sentences for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it.")]
    link: Annotated[Link, Meta(description="The page on which to do it.")]


class SaveInvoicingSettings(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The defaults of new invoices. A PUT replaces all of them: a field that is left out returns to its default.

    Read-only fields can be sent back as `GET` returned them.
    """

    invoice_type: InvoiceType = "stripe"
    payment_terms: Terms = "net_30"
    payment_window: Window = None
    payment_methods: Methods = []
    memo: Memo | None = None
    footer: Footer | None = None
    reminders: Annotated[SaveReminders, Meta(description="The days on which Stripe e-mails a payment reminder.")] = (
        msgspec.field(default_factory=SaveReminders)
    )
    currency: DefaultCurrency = None
    time_zone: Zone | None = None
    note: ReadOnly = None
    reminder_time: ReadOnly = None
    customer_creation: Creation = CustomerCreation.WHEN_SAVED


class InvoicingSettingsView(msgspec.Struct, rename="camel", kw_only=True):
    """The defaults of new invoices."""

    invoice_type: InvoiceType
    payment_terms: Terms
    payment_window: Window
    payment_methods: Methods
    memo: Annotated[str | None, Meta(description=MEMO)]
    footer: Annotated[str | None, Meta(description=FOOTER)]
    reminders: Annotated[RemindersView, Meta(description="The days on which Stripe e-mails a payment reminder.")]
    currency: DefaultCurrency
    time_zone: Zone | None
    note: Annotated[
        SettingsNote | None,
        Meta(description="A setting in Stripe that belongs to these settings. Null if there is none to mention."),
    ]
    reminder_time: Annotated[ReminderTime, Meta(description="The hours in which reminders are sent.")]
    customer_creation: Creation


def settings_from(model: SaveInvoicingSettings, organization_id: OrganizationId) -> InvoicingSettings:
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


def settings_view(settings: InvoicingSettings, time_zone: str, *, dashboard_base: str) -> InvoicingSettingsView:
    """Returns the settings as the API returns them. `time_zone` is the time zone in force, chosen or default."""
    note = reminders_note(settings)
    return InvoicingSettingsView(
        invoice_type=settings.invoice_type,
        payment_terms=settings.payment_terms,
        payment_window=settings.payment_window,
        payment_methods=list(settings.payment_methods),
        memo=settings.memo,
        footer=settings.footer,
        reminders=reminders_view(settings.reminders),
        currency=settings.currency,
        time_zone=settings.time_zone,
        note=SettingsNote(note.message, note.next_step, address(dashboard_base, note.page)) if note else None,
        reminder_time=ReminderTime(f"{FROM_HOUR:02}:00", f"{UNTIL_HOUR:02}:00", time_zone),
        customer_creation=settings.customer_creation,
    )


def reminders_view(reminders: Reminders) -> RemindersView:
    days = reminders.effective
    return RemindersView(
        enabled=days.enabled,
        days_before_due=list(days.days_before_due),
        on_due_date=days.on_due_date,
        days_after_due=list(days.days_after_due),
    )
