"""The order that an invoice is created from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.identifiers import CustomerId, ServiceId
from chalicelib.domain.money import decimal_string
from chalicelib.domain.preconditions import edit_tag_of, values_of
from chalicelib.domain.terms import day_in_words

MAX_LINES = 250
"""The most lines of an invoice, as Stripe allows up to 250 items (https://docs.stripe.com/invoicing/integration)."""

MAX_DESCRIPTION = 500
"""The most characters of a line's text in Stripe."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """One billed service. `unit_price` and `amount` are minor units."""

    service_id: ServiceId
    description: str
    quantity: Decimal
    unit_price: int
    amount: int
    taxable: bool = False
    service_date: dt.date | None = None
    """The day on which the work was done, in the organization's time zone."""

    def text(self, currency: str) -> str:
        """Returns the text that the payer reads, such as `Filter cleaning (23 November 2026; 1.5 x 25.00)`.

        Stripe shows a quantity and a unit price only for lines with a product of the company's catalogue.
        """
        parts = [day_in_words(self.service_date)] if self.service_date else []
        if self.quantity != Decimal(1):
            parts.append(f"{self.quantity.normalize():f} x {decimal_string(self.unit_price, currency)}")
        suffix = f" ({'; '.join(parts)})" if parts else ""
        return self.description[: MAX_DESCRIPTION - len(suffix)] + suffix


class DeductionKind(StrEnum):
    """The reason why the total is lower than the services cost."""

    DISCOUNT = "discount"
    """The company reduces the price, such as a seasonal discount."""
    CREDIT = "credit"
    """The company owes the customer an amount from before, such as for a visit that did not take place."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """A line that lowers the total. `amount` is minor units and more than 0. It belongs to no service."""

    kind: DeductionKind
    description: str
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """The order of an invoice, as POM has it. `tax` is POM's own computation, in minor units.

    It changes only as a whole, while the invoice is a draft.
    """

    customer_id: CustomerId
    currency: str
    line_items: tuple[LineItem, ...]
    payment_terms: str | None
    days_until_due: int | None
    due_date: dt.date | None
    time_zone: str
    fingerprint: str
    tax: int = 0
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] = ()
    deductions: tuple[Deduction, ...] = ()

    @property
    def edit_tag(self) -> str:
        """Returns the edit tag: it covers what clients can write, which is all but the fingerprint of the first
        request.
        """
        return edit_tag_of(values_of(self, "fingerprint"))

    @property
    def services(self) -> tuple[ServiceId, ...]:
        """Returns the services that it bills, in the order of its lines."""
        return tuple(line.service_id for line in self.line_items)

    @property
    def subtotal(self) -> int:
        """Returns the sum of the services, in minor units."""
        return sum(line.amount for line in self.line_items)

    @property
    def deducted(self) -> int:
        """Returns the sum of the deductions, in minor units."""
        return sum(deduction.amount for deduction in self.deductions)

    @property
    def total(self) -> int:
        return self.subtotal - self.deducted + self.tax

    @property
    def details(self) -> DraftDetails:
        """Returns the details that POM ordered besides the lines. Empty details are left to Stripe's defaults."""
        return DraftDetails.of(self.memo, self.footer, self.payment_methods)

    @property
    def billed(self) -> tuple[tuple[str, int], ...]:
        """Returns each line's service id and amount, in the form of `InvoiceFact.drafted_lines`.

        Deductions are negative. Deductions and the tax have no service id.
        """
        services = [(str(line.service_id), line.amount) for line in self.line_items]
        deductions = [("", -deduction.amount) for deduction in self.deductions]
        taxes = [("", self.tax)] if self.tax else []
        return tuple(sorted([*services, *deductions, *taxes]))
