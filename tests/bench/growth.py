"""The cost of each operation as its data grows, and the exponent of the growth: 0 is flat, 1 is linear.

All figures are counts, so each is a gate. An exponent is the slope between the logarithms of sizes and costs, by
least squares.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.domain.events import NOTHING_NEW, EventMarker
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.invoicing.invoice_lists import list_invoices
from chalicelib.usecases.invoicing.invoices import get_invoice
from chalicelib.usecases.invoicing.summary import get_summary
from chalicelib.usecases.reconciling.reconcile import reconcile_account
from tests.backends import STORES, aws_with_resources, table_backend
from tests.bench.figures import Figure, at_most
from tests.bench.sweep_town import BEGAN, Kind, Town
from tests.bench.virtual_table import VirtualTables
from tests.world import ORGANIZATION, World

INVOICES = (100, 1_000, 10_000, 100_000, 1_000_000)
LINES = (1, 5, 25, 100, 250)
LOGGED = (10, 100, 1_000)
EVENTS = (10, 100, 1_000, 10_000)
UNPAID = (10, 100, 1_000, 10_000)
ORGANIZATIONS = (10, 100, 1_000, 10_000)

FLAT, LINEAR = 0.02, 1.02
EACH_BY_ITSELF = 6
"""The Stripe calls that read one invoice with its payment: invoice, intent, charges, refunds, disputes and credit
notes.
"""
PAYOUTS_LISTED = 1
"""The Stripe calls that list an account's payouts in the first run of a day."""
SHARED = 0.05
"""The Stripe calls for each invoice if a hundred are listed together. Drafts and intents have their own lists."""

Costs = Mapping[int, Counter[str]]


def measure() -> list[Figure]:
    """Measures every operation at each size, and returns the figures."""
    return [
        *_by_invoices(),
        *_by_lines(),
        *_by_log(),
        *_by_events(),
        *_by_unpaid(),
        *_by_organizations(),
    ]


def exponent(costs: Costs, of: str) -> float:
    """Returns the exponent of the growth of `of` with the size. Returns 0 if the cost is zero or constant."""
    sizes = sorted(costs)
    if all(costs[size][of] == costs[sizes[0]][of] for size in sizes):
        return 0.0
    x = [math.log(size) for size in sizes]
    y = [math.log(max(costs[size][of], 1)) for size in sizes]
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def _figure(name: str, costs: Costs, of: str, most: float, how: str = "") -> Figure:
    sizes = sorted(costs)
    measured = ", ".join(f"{costs[size][of]:,} at {size:,}" for size in (sizes[0], sizes[-1]))
    return at_most(f"{name}: {of}, exponent", exponent(costs, of), most, "", f"{measured}{how}", is_count=True)


@contextmanager
def _on_virtual_tables() -> Iterator[_Stage]:
    with aws_with_resources():
        stage = _Stage()
        with stage.tables.answering():
            yield stage


class _Stage:
    """A world whose stores are POM's real ones, over tables that hold the requested number of invoices."""

    def __init__(self) -> None:
        self.tables = VirtualTables()
        self.world = World()
        stores = table_backend()
        for name in STORES:
            setattr(self.world.ports, name, getattr(stores, name))

    def settled(self) -> str:
        """Connects a company with one customer that Stripe has. Returns the Stripe account."""
        account = self.world.connect()
        self.world.customer()
        self.world.invoice("svc_first")
        self.world.deliver()
        return account

    def cost(self, do: Callable[[], Any]) -> Counter[str]:
        self.tables.counted.clear()
        self.world.double.api.log.reset()
        do()
        return self.tables.counted + Counter({"Stripe": self.world.double.api.log.total()})


def _by_invoices() -> Iterator[Figure]:
    costs: dict[str, dict[int, Counter[str]]] = defaultdict(dict)
    with _on_virtual_tables() as stage:
        account = stage.settled()
        for rows in INVOICES:
            stage.tables.rows = rows
            for name, cost in _story(stage, account, f"svc_{rows}"):
                costs[name][rows] = cost
    how = "; DynamoDB by its rules, virtual"
    for name, each in costs.items():
        for of in ("requests", "items read", "bytes read"):
            yield _figure(f"{name}, by invoices of the organization", each, of, FLAT, how)


def _story(stage: _Stage, account: str, service: str) -> Iterator[tuple[str, Counter[str]]]:
    """Measures one invoice from its creation to its payment, and the lists."""
    world, made = stage.world, []
    yield "create and send", stage.cost(lambda: made.append(world.invoice(service)))
    [invoice] = made
    yield "get", stage.cost(lambda: get_invoice(ORGANIZATION, invoice.id, world.ports))
    yield "page of 25", stage.cost(lambda: list_invoices(ORGANIZATION, InvoiceFilter(), 25, None, world.ports))
    yield "summary", stage.cost(lambda: get_summary(ORGANIZATION, None, None, world.ports))
    yield "webhooks of a payment", stage.cost(lambda: _paid(world, account, invoice))


def _paid(world: World, account: str, invoice: Any) -> None:
    world.double.pay(account, invoice.stripe_invoice_id)
    world.deliver()


def _by_lines() -> Iterator[Figure]:
    costs: dict[int, Counter[str]] = {}
    with _on_virtual_tables() as stage:
        stage.settled()
        for lines in LINES:
            services = [f"svc_{lines}_{number}" for number in range(lines)]
            costs[lines] = stage.cost(lambda services=services: stage.world.invoice(*services))  # type: ignore[misc]
            stage.world.deliver()
    name = "create and send, by lines"
    yield _figure(name, costs, "Stripe", FLAT)
    yield _figure(name, costs, "items written", LINEAR, "; a claim a line")
    yield _figure(name, costs, "bytes sent", LINEAR)


def _by_log() -> Iterator[Figure]:
    costs: dict[int, Counter[str]] = {}
    for events in LOGGED:
        with _on_virtual_tables() as stage:
            world = stage.world
            account = stage.settled()
            invoice = world.invoice("svc_1")
            world.deliver()
            for number in range(events):
                world.ports.events.mark(_nothing_new(invoice, account, number))
            costs[events] = stage.cost(lambda: _paid(world, account, invoice))  # noqa: B023
    name = "webhooks of a payment, by events in the log of the invoice"
    for of in ("requests", "bytes read", "items written"):
        yield _figure(name, costs, of, FLAT, "; the log is not part of the item")


def _nothing_new(invoice: Invoice, account: str, number: int) -> EventMarker:
    return EventMarker(
        StripeAccountId(account),
        f"evt_{number:024}",
        "invoice.updated",
        BEGAN + number,
        BEGAN + number,
        Source.WEBHOOK,
        NOTHING_NEW,
        str(invoice.stripe_invoice_id),
        invoice.organization_id,
        invoice.id,
    )


def _one_company(kind: Kind) -> tuple[Town, str]:
    town = Town(0)
    town.found(0, kind)
    return town, "org_0"


def _by_events() -> Iterator[Figure]:
    costs: dict[int, Counter[str]] = {}
    for events in EVENTS:
        town, organization = _one_company(Kind("one", 1, 0, 0, 0))
        town.companies[organization].happened = [BEGAN - 300 + number % 300 for number in range(events)]
        town.companies[organization].happened.sort()
        town.clock.at += 10_000
        reconcile_account(OrganizationId(organization), town.ports, objects=False)
        costs[events] = Counter(town.calls)
    name = "sweep, by events in its window"
    yield _figure(name, costs, "Stripe", LINEAR, "; a list a hundred")
    yield _figure(name, costs, "DynamoDB", LINEAR, "; a batch read a hundred")
    most = EVENTS[-1]
    yield at_most(
        f"{name}: calls of Stripe for {most:,}", costs[most]["Stripe"], most / 100 + PAYOUTS_LISTED, "",
        "a list a hundred, and once a day the payouts", is_count=True,
    )  # fmt: skip


def _by_unpaid() -> Iterator[Figure]:
    costs: dict[int, Counter[str]] = {}
    for unpaid in UNPAID:
        town, organization = _one_company(Kind("one", 1, 0, 0, unpaid))
        count = reconcile_account(OrganizationId(organization), town.ports, objects=True)
        while count.goes_on:
            count = reconcile_account(OrganizationId(organization), town.ports, objects=False)
        costs[unpaid] = Counter(town.calls)
    name = "comparison of objects, by unpaid invoices"
    yield _figure(name, costs, "Stripe", LINEAR, "; lists of a hundred")
    yield _figure(name, costs, "DynamoDB", LINEAR, "; pages of a hundred")
    most = UNPAID[-1]
    yield at_most(
        f"{name}: calls of Stripe for {most:,}", costs[most]["Stripe"], SHARED * most, "",
        f"beside {EACH_BY_ITSELF * most:,}, each requested separately",
        ratio=costs[most]["Stripe"] / (EACH_BY_ITSELF * most), is_count=True,
    )  # fmt: skip


def _by_organizations() -> Iterator[Figure]:
    costs: dict[int, Counter[str]] = {}
    for organizations in ORGANIZATIONS:
        town = Town(organizations)
        town.all_due()
        town.plan()
        costs[organizations] = Counter(town.calls)
    name = "plan, by organizations that are due"
    yield _figure(name, costs, "SQS", LINEAR, "; ten messages a request")
    yield _figure(name, costs, "DynamoDB", 0.2, "; a megabyte of keys a query")
