"""The load at which an index that all organizations share reaches the limit of a partition: 1,000 write units a
second.

The use cases perform each act over the real stores, webhooks included; `units` computes the units. Every other index
begins with an organization, an account or an invoice. API Gateway admits `RATE` requests of a method a second, so one
organization overloads none of them as long as one act takes less than a `RATE`th of the limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from infra.template.api import RATE
from infra.template.capacity_alarms import PARTITION_WRITES, SHARED_PARTITIONS, WARM
from tests.backends import STORES, aws_with_resources, table_backend
from tests.bench.figures import Figure, at_most
from tests.bench.units import Meter, Request
from tests.world import OFFICE, ORGANIZATION, World, line, order

BULK = 20

CONNECT, SAVE, MAKE = "connect an account", "save a customer, and sweep", "make and send an invoice"
PAID, MANY, SWEEP = "the invoice is paid", "bill one of many customers", "sweep an account, nothing new"

BOUNDS: dict[tuple[str, str], int] = {
    (CONNECT, "connections.active"): 3,
    (CONNECT, "oauth-states.unused_grants"): 2,
    (SAVE, "customers.pending"): 4,
    (SAVE, "connections.active"): 2,
    (MAKE, "invoices.due_work"): 3,
    (PAID, "invoices.due_work"): 1,
    (MANY, "batches.due_work"): 1,
    (MANY, "invoices.due_work"): 3,
    (SWEEP, "connections.active"): 2,
}
"""The maximum write units that one act takes in an index."""


def measure() -> list[Figure]:
    """Returns one figure for each shared index that an act writes to, and one for the act with the most units in any
    other index.
    """
    shared = {f"{table}.{index}" for table, index in SHARED_PARTITIONS}
    figures = []
    for act, found in _measured():
        figures += [_shared(act, index, found[index]) for index in sorted(shared & found.keys())]
        if own := {index: units for index, units in found.items() if index not in shared}:
            figures.append(_own(act, max(own, key=lambda index: own[index]), max(own.values())))
    return figures


def _shared(act: str, index: str, units: float) -> Figure:
    return at_most(
        f"{act}: {index}",
        units,
        BOUNDS.get((act, index), 0),
        "write units",
        f"the alarm fires at {WARM * PARTITION_WRITES / units:,.0f} a second, {PARTITION_WRITES / units:,.0f} are"
        " the most that DynamoDB takes",
        is_count=True,
    )


def _own(act: str, index: str, units: float) -> Figure:
    how = f"the most of an index that begins with whose it is: {units * RATE:,.0f} at {RATE} a second"
    return at_most(f"{act}: {index}", units, PARTITION_WRITES / RATE, "write units", how, is_count=True)


def _measured() -> Iterator[tuple[str, dict[str, float]]]:
    """Returns the write units of each act in each index that it writes to."""
    with aws_with_resources():
        world = World()
        stores = table_backend()
        for name in STORES:
            setattr(world.ports, name, getattr(stores, name))
        for act, times, do in _acts(world):
            units: Counter[str] = Counter()

            def told(request: Request, units: Counter[str] = units) -> None:
                units.update({index.partition("-")[2]: number for index, number in request.by_index.items()})

            with Meter(told).listening():
                do()
            yield act, {index: number / times for index, number in units.items() if number}


def _acts(world: World) -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """Yields each kind of work: its name, how often it is done, and a function that does it."""
    account: list[str] = []
    yield CONNECT, 1, lambda: _settled(world, lambda: account.append(world.connect()))
    yield SAVE, 1, lambda: _swept(world, lambda: world.customer())
    made: list[Any] = []
    yield MAKE, 1, lambda: _settled(world, lambda: made.append(world.invoice("svc_1")))
    pay = world.double.pay
    yield PAID, 1, lambda: _settled(world, lambda: pay(account[0], made[0].stripe_invoice_id, "pm_card_visa"))
    for number in range(BULK):
        world.customer(f"many_{number}", f"{number}@example.test")
    _swept(world, lambda: None)
    yield MANY, BULK, lambda: _settled(world, lambda: _bill_many(world))
    yield SWEEP, 1, lambda: _swept(world, lambda: None)


def _settled(world: World, do: Callable[[], Any]) -> None:
    """Runs `do`, and all work that follows from it."""
    do()
    while world.deliver() or world.ports.queues.sent:
        world.work()


def _swept(world: World, do: Callable[[], Any]) -> None:
    """Runs `do`, and sweeps the account an hour later."""
    _settled(world, do)
    world.advance(3600)
    _settled(world, lambda: world.sweep())


def _bill_many(world: World) -> None:
    billed = tuple((CustomerId(f"many_{number}"), line(f"many_{number}")) for number in range(BULK))
    bill_many(BillMany(ORGANIZATION, OFFICE, "monthly", "many", billed, order().terms), world.ports)
