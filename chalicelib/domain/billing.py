"""The input of billing: services, and the terms of the invoices that bill them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.order import DeductionKind

MAX_QUANTITY = Decimal(100_000)
MAX_QUANTITY_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Service:
    """One service to bill. `unit_price` is in units of the currency. It becomes a `LineItem`."""

    service_id: ServiceId
    description: str
    quantity: Decimal
    unit_price: Decimal
    taxable: bool = False
    service_date: dt.date | None = None
    position: int | None = None
    """The position in `services` of a batch's request. None in batches that earlier releases stored."""


@dataclass(frozen=True, slots=True)
class RequestedDeduction:
    """A requested discount or credit. `amount` is in units of the currency. It becomes a `Deduction`."""

    kind: DeductionKind
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """The content of an invoice besides its lines. None stands for the organization's setting."""

    currency: str | None = None
    payment_terms: str | None = None
    due_date: dt.date | None = None
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] | None = None
    send: bool = True
