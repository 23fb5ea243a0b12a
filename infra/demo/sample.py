"""The sample data of the story: the month's work for twenty customers of the sample company."""

from __future__ import annotations

from infra.local.sample_company.records import Customer as PoolOwner
from infra.local.sample_company.records import Service
from infra.local.sample_company.regulars import (
    CUSTOMERS,
    cover_of,
    inspection_of,
    pump_of,
    seal_of,
    services_of,
)

__all__ = [
    "COMPANY",
    "CUSTOMERS",
    "PoolOwner",
    "Service",
    "cover_of",
    "inspection_of",
    "order",
    "repair_of",
    "seal_of",
    "services_of",
]

COMPANY = "Blue Lagoon Pools"


def repair_of(customer: PoolOwner) -> dict[str, object]:
    """Returns the body of an invoice for a repair, which can also be paid from a bank account."""
    ways = ["card", "us_bank_account"]
    lines = [pump_of(customer).line]
    return {"customerId": customer.id, "invoiceType": "stripe", "lineItems": lines, "paymentMethods": ways}


def order(customer: PoolOwner, *, send: bool = True) -> dict[str, object]:
    """Returns the body of an invoice for the month's work at a customer's pool."""
    lines = [service.line for service in services_of(customer)]
    return {"customerId": customer.id, "invoiceType": "stripe", "lineItems": lines, "send": send}
