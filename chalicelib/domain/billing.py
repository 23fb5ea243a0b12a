"""What POM asks to be billed: services, and the terms of the invoices that they come on."""

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
    """One service to bill. `unit_price` is in units of the currency; `LineItem` is what becomes of it."""

    service_id: ServiceId
    description: str
    quantity: Decimal
    unit_price: Decimal
    taxable: bool = False
    service_date: dt.date | None = None
    position: int | None = None
    """Where it stands in `services` of a batch's request. Batches of earlier releases did not keep it."""


@dataclass(frozen=True, slots=True)
class RequestedDeduction:
    """A discount or a credit. `amount` is in units of the currency; `Deduction` is what becomes of it."""

    kind: DeductionKind
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """What an invoice says besides its lines. None stands for what the settings say."""

    currency: str | None = None
    payment_terms: str | None = None
    due_date: dt.date | None = None
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] | None = None
    send: bool = True
