"""The services that a pool company offers, and those completed at the pools of its customers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from infra.local.sample_company.records import CompletedService, Customer, Service

LONGEST_AGO = 45
"""Days since the oldest completed service."""
_TECHNICIANS = ("Luis Ortega", "Kim Nguyen", "Andre Baptiste", "Priya Raman", "Tom Halloran", "Sofía Méndez")

_VISITS = (("45.00", "1"), ("55.00", "1"), ("62.50", "1"), ("75.00", "1"), ("49.95", "1.5"))
"""The price of a visit to a pool, and its quantity."""
_BIG_POOL = Decimal("2.5")
"""The factor by which a visit costs more at a company's pool."""

_EXTRAS = (
    ("Chemicals: chlorine and acid", "1.5", "24.80", True),
    ("Filter change", "1", "89.99", True),
    ("Pump repair, labor by the hour", "2.25", "118.00", False),
    ("Acid wash", "1", "425.00", False),
    ("Leak inspection", "1", "149.50", False),
    ("Winter cover", "1", "240.00", True),
    ("Salt cell cleaning", "1", "79.00", False),
    ("Tile line scrub, by the yard", "12.5", "6.75", False),
    ("Heater service", "1", "189.00", False),
    ("Light replacement", "2", "64.95", True),
    ("Algae treatment", "2.5", "31.20", True),
    ("Water test at the laboratory", "0.5", "48.00", False),
    ("Skimmer basket", "2", "18.45", True),
    ("Cleaner hose and head", "1", "134.25", True),
    ("Storm clean-up", "3", "85.00", False),
    ("Pump motor, variable speed", "1", "1189.00", True),
)


def completed_for(position: int, customer: Customer) -> Iterator[CompletedService]:
    """Yields one to three visits and one to three other services for the customer at this position of the list."""
    for number, (service, days_ago, taxable) in enumerate(
        (*_visits(position, customer), *_extras(position)), start=1
    ):
        description, quantity, price = service
        yield CompletedService(
            customer,
            Service(f"svc_{customer.id.removeprefix('cust_')}_{number}", description, quantity, price),
            days_ago,
            _TECHNICIANS[(position + number) % len(_TECHNICIANS)],
            taxable,
        )


def _visits(position: int, customer: Customer) -> Iterator[tuple[tuple[str, str, str], int, bool]]:
    price, quantity = _VISITS[position % len(_VISITS)]
    if customer.company_name:
        price = f"{Decimal(price) * _BIG_POOL:.2f}"
    latest = 1 + position % 28
    for week in range(1 + position % 3):
        yield ("Weekly pool cleaning", quantity, price), latest + 7 * week, False


def _extras(position: int) -> Iterator[tuple[tuple[str, str, str], int, bool]]:
    for extra in range(1 + position // 3 % 3):
        description, quantity, price, taxable = _EXTRAS[(5 * position + 7 * extra) % len(_EXTRAS)]
        yield (description, quantity, price), 1 + (11 * position + 17 * extra) % LONGEST_AGO, taxable
