"""In-memory replacements of all ports but Stripe; `tests/contracts` holds the stores to the same contracts as the
real ones.
"""

from __future__ import annotations

from tests.fakes.batches import FakeBatches
from tests.fakes.changes import FakeChanges
from tests.fakes.database import FakeDatabase, Parked
from tests.fakes.events import FakeEvents
from tests.fakes.invoices import FakeInvoices
from tests.fakes.payments import FakePayments
from tests.fakes.payouts import FakePayouts
from tests.fakes.ports import (
    FakeClock,
    FakePorts,
    FakeQueues,
)
from tests.fakes.stores import FakeActs, FakeConnections, FakeCustomers, FakeSettings
from tests.fakes.summaries import FakeSummaries

__all__ = [
    "FakeActs",
    "FakeBatches",
    "FakeChanges",
    "FakeClock",
    "FakeConnections",
    "FakeCustomers",
    "FakeDatabase",
    "FakeEvents",
    "FakeInvoices",
    "FakePayments",
    "FakePayouts",
    "FakePorts",
    "FakeQueues",
    "FakeSettings",
    "FakeSummaries",
    "Parked",
]
