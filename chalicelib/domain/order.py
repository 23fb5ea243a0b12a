"""What POM asked for: the order that an invoice is made from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.identifiers import CustomerId, ServiceId

MAX_LINES = 250
"""https://docs.stripe.com/invoicing/integration: an invoice takes up to 250 items."""


@dataclass(frozen=True, slots=True)
class LineItem:
    """One billed service. `unit_price` and `amount` are minor units."""

    service_id: ServiceId
    description: str
    quantity: Decimal
    unit_price: int
    amount: int
    taxable: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What POM asked for; it never changes. `tax` is POM's own computation, in minor units."""

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

    @property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.line_items)

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.line_items) + self.tax

    @property
    def details(self) -> DraftDetails:
        """Returns what POM ordered beside the lines. What is empty was left to Stripe's defaults."""
        return DraftDetails.of(self.memo, self.footer, self.payment_methods)

    @property
    def billed(self) -> tuple[tuple[str, int], ...]:
        """Returns each line's service id and amount, as `InvoiceFact.drafted_lines`. The tax has no service."""
        taxes = [("", self.tax)] if self.tax else []
        return tuple(sorted([*((line.service_id, line.amount) for line in self.line_items), *taxes]))
