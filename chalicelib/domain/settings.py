"""An organization's invoicing settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.error_collector import raise_all
from chalicelib.domain.errors import Refused
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.preconditions import edit_tag_of, values_of
from chalicelib.domain.terms import is_time_zone

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
    """When a customer that Stripe does not have is created there. The first invoice creates it at the latest."""

    WHEN_SAVED = "when_saved"
    WHEN_INVOICED = "when_invoiced"


INVOICE_TYPES = ("stripe",)
MAX_REMINDERS = 10


@dataclass(frozen=True, slots=True)
class Reminders:
    """The days on which Stripe's reminder e-mail is sent, relative to the due date.

    `enabled` without any day stands for `DEFAULT_DAYS`, because users who enable reminders want them sent.
    """

    enabled: bool = False
    days_before_due: tuple[int, ...] = ()
    on_due_date: bool = False
    days_after_due: tuple[int, ...] = ()

    @property
    def effective(self) -> Reminders:
        """Returns the reminders with their days: `DEFAULT_DAYS` if they are enabled and no day was chosen."""
        chosen = self.days_before_due or self.on_due_date or self.days_after_due
        return DEFAULT_DAYS if self.enabled and not chosen else self


DEFAULT_DAYS = Reminders(enabled=True, days_before_due=(3,), on_due_date=True, days_after_due=(3, 7, 14))


@dataclass(frozen=True, slots=True)
class InvoicingSettings:
    """One organization's defaults, which each invoice may override. `payment_window` is in days after the due date.

    `time_zone` is None unless the organization chose one: see `time_zone_of`.
    """

    organization_id: OrganizationId
    invoice_type: str = "stripe"
    payment_terms: str = "net_30"
    payment_window: int | None = None
    payment_methods: tuple[str, ...] = ()
    memo: str | None = None
    footer: str | None = None
    reminders: Reminders = Reminders()
    currency: str | None = None
    time_zone: str | None = None
    customer_creation: CustomerCreation = CustomerCreation.WHEN_SAVED
    version: int = 0

    @property
    def edit_tag(self) -> str:
        """Returns the edit tag: it covers all settings. Reminders count with their effective days, as clients see
        them.
        """
        written = values_of(self, "organization_id", "version")
        return edit_tag_of(written | {"reminders": self.reminders.effective})


class SettingsField(StrEnum):
    """A setting as the API names it."""

    INVOICE_TYPE = "invoiceType"
    PAYMENT_TERMS = "paymentTerms"
    PAYMENT_WINDOW = "paymentWindow"
    PAYMENT_METHODS = "paymentMethods"
    MEMO = "memo"
    FOOTER = "footer"
    REMINDERS = "reminders"
    CURRENCY = "currency"
    TIME_ZONE = "timeZone"
    CUSTOMER_CREATION = "customerCreation"


def changed_fields(before: InvoicingSettings, after: InvoicingSettings) -> tuple[SettingsField, ...]:
    """Returns the settings whose values differ. Reminders count with their effective days, as clients see them."""
    old, new = _with_effective_reminders(before), _with_effective_reminders(after)
    return tuple(each for each in SettingsField if getattr(old, each.name.lower()) != getattr(new, each.name.lower()))


def _with_effective_reminders(settings: InvoicingSettings) -> InvoicingSettings:
    return replace(settings, reminders=settings.reminders.effective)


def time_zone_of(settings: InvoicingSettings, account: AccountFact | None) -> str:
    """Returns the IANA time zone of the organization: the chosen one, or its Stripe account's, or UTC."""
    return settings.time_zone or (account.time_zone if account else None) or "UTC"


def known_time_zone(name: str, *, field: str = "timeZone") -> str:
    """Returns the name of an IANA time zone.

    Raises:
        Refused: there is no time zone with this name.
    """
    if not is_time_zone(name):
        raise Refused(
            "time_zone_unknown",
            "This time zone is not known.",
            field=field,
            next_step="Use a name such as America/New_York.",
        )
    return name


def known_invoice_type(name: str, *, field: str = "invoiceType") -> str:
    """Returns `name` if it is a type of invoice that POM creates.

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
        Refused: some methods are unknown. The first error carries the others.
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
