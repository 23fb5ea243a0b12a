"""How an organization invoices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain.errors import Refused
from chalicelib.domain.every_error import raise_all
from chalicelib.domain.identifiers import OrganizationId

PAYMENT_METHODS = (
    "card",
    "us_bank_account",
    "link",
    "acss_debit",
    "sepa_debit",
    "bacs_debit",
    "au_becs_debit",
)
"""Payment methods an invoice may offer (https://docs.stripe.com/invoicing/payment-methods), cards first."""


class CustomerCreation(StrEnum):
    """When a customer whom Stripe does not know yet is made there; at the latest with the first invoice."""

    WHEN_SAVED = "when_saved"
    WHEN_INVOICED = "when_invoiced"


INVOICE_TYPES = ("stripe",)
MAX_REMINDERS = 10


@dataclass(frozen=True, slots=True)
class Reminders:
    """When Stripe's reminder e-mail is sent, in days from the due date."""

    enabled: bool = False
    days_before_due: tuple[int, ...] = ()
    on_due_date: bool = False
    days_after_due: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoicingSettings:
    """One organization's defaults; each can be set anew on an invoice. `payment_window` is in days after due."""

    organization_id: OrganizationId
    invoice_type: str = "stripe"
    payment_terms: str = "net_30"
    payment_window: int | None = None
    payment_methods: tuple[str, ...] = ()
    memo: str | None = None
    footer: str | None = None
    reminders: Reminders = Reminders()
    currency: str | None = None
    time_zone: str = "UTC"
    customer_creation: CustomerCreation = CustomerCreation.WHEN_SAVED
    version: int = 0


def known_time_zone(name: str, *, field: str = "timeZone") -> str:
    """An IANA time zone name.

    Raises:
        Refused: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise Refused(
            "time_zone_unknown",
            "This time zone is not known.",
            field=field,
            next_step="Use a name such as America/New_York.",
        ) from exc
    return name


def known_invoice_type(name: str, *, field: str = "invoiceType") -> str:
    """Returns the name of the invoice type.

    Raises:
        Refused: POM does not make invoices of this type.
    """
    if name not in INVOICE_TYPES:
        raise Refused(
            "invoice_type_unknown",
            "POM does not make invoices of this type.",
            field=field,
            next_step=f"Use one of {', '.join(INVOICE_TYPES)}.",
        )
    return name


def known_payment_methods(methods: tuple[str, ...], *, field: str = "paymentMethods") -> tuple[str, ...]:
    """Returns the payment methods, each once.

    Raises:
        Refused: some of them are not known; the first carries the others.
    """
    raise_all(
        Refused(
            "payment_method_unknown",
            "This payment method cannot be offered on an invoice.",
            field=f"{field}[{position}]",
            next_step=f"Use one of {', '.join(PAYMENT_METHODS)}.",
        )
        for position, method in enumerate(methods)
        if method not in PAYMENT_METHODS
    )
    return tuple(dict.fromkeys(methods))
