"""The cost of reading a payout with many lines: Stripe calls, request units, seconds and dollars.

Each payment in the payout has its row already, as after the payment of an invoice. The payout is created, listed and
paid, and its four events arrive as webhooks. Everything goes through the Lambda handlers (`stories_stage`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import boto3

from chalicelib.adapters.tables.codec import encode
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.models import PaymentItem
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind
from chalicelib.usecases.payouts.read_payout import RUN_FOR
from tests.backends import aws_with_resources, table_backend
from tests.bench.bill import bill_of, duration
from tests.bench.figures import Figure, at_most, no_budget
from tests.bench.stories_stage import Invocation, Stage, running
from tests.world import ORGANIZATION

LINES = (1, 100, 1_000)
EVENTS = 4
"""The events of one payout: created, updated, reconciliation_completed, paid. POM reads the payout after each of
them.
"""
DAY = 86_400
PAGE = 100

WRITES, WRITES_BESIDE = 3.3, 16
"""The maximum write units: for each line, and for the rest of the payout.

A line takes one unit. The settlement in its payment's row takes two: one for the row, and one for its entry in the
index.
"""
READS, READS_BESIDE = 1.2, 25
"""The maximum read units: for each line, and for the rest of the payout. A line takes one to find its payment's row,
and a tenth to add up the payout.
"""
LARGE = 5_000
"""The number of lines of the payout whose units are derived from the growth between the two largest sizes in
`LINES`.
"""


@dataclass(frozen=True)
class ReadPayout:
    """A payout that POM read, and the invocations that read it."""

    lines: int
    invocations: tuple[Invocation, ...]

    @property
    def stripe_calls(self) -> int:
        return sum(each.stripe_calls for each in self.invocations)

    @property
    def requests(self) -> int:
        return sum(len(each.requests) for each in self.invocations)

    @property
    def reads(self) -> float:
        return sum(each.reads for each in self.invocations)

    @property
    def writes(self) -> float:
        return sum(each.writes for each in self.invocations)


@cache
def read_payouts() -> Mapping[int, ReadPayout]:
    """Returns a payout of each size. Each is read once per process."""
    return {lines: _read(lines) for lines in LINES}


def _read(lines: int) -> ReadPayout:
    with aws_with_resources(), running(table_backend()) as stage:
        _paid(stage, lines)
        stage.invocations.clear()
        payout = stage.double.pay_out(stage.account_id)
        for _ in range(3):
            stage.advance(DAY)
            stage.settle()
        stored = stage.ports.payouts.get(ORGANIZATION, payout["id"])
        assert stored is not None
        assert stored.itemized is not None
        assert (stored.itemized.lines, stored.tied_out, stored.fact.status) == (lines, True, "paid")
        return ReadPayout(lines, tuple(stage.invocations))


def _paid(stage: Stage, payments: int) -> None:
    """Creates this number of payments that can be paid out, each with its row."""
    stage.double.update_account(stage.account_id, async_capture=False, settlement_days=0)
    stage.double.set_delivery(paused=True)
    charges = [stage.double.outside_charge(stage.account_id, 7_500) for _ in range(payments)]
    stage.double.deliverer.queue.clear()
    stage.double.set_delivery(paused=False)
    client = boto3.client("dynamodb")
    for number, charge in enumerate(charges):
        client.put_item(TableName=PaymentItem.Meta.table_name, Item=_row(number, charge))


def _row(number: int, charge: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the stored item of a payment that POM collected."""
    payment_id, at = charge["payment_intent"], charge["created"]
    invoice_id, customer_id = InvoiceId(f"inv_{number:026}"), CustomerId(f"cust_{number}")
    movement = Movement(payment_id, MovementKind.PAYMENT, "succeeded", at, 7_500, "usd", invoice_id, customer_id)
    named = replace(movement, number=f"A1B2C3D4-{number:04}", method="card", brand="visa", last4="4242")
    [(name, value)] = encode(named).items()
    return {
        "organization_id": {"S": ORGANIZATION},
        "movement_id": {"S": payment_id},
        "time_key": {"S": key(moment(at), payment_id)},
        name: {"S": value} if isinstance(value, str) else {"B": value},
    }


def measure() -> list[Figure]:
    """Returns the figures of payouts of several sizes."""
    read = read_payouts()
    return [*(figure for each in read.values() for figure in _figures(each)), *_of_a_large_one(read)]


def _figures(read: ReadPayout) -> Iterator[Figure]:
    what, lines = f"payout of {read.lines:,} line{'s' if read.lines > 1 else ''}", read.lines
    pages = math.ceil((lines + 1) / PAGE)  # Stripe lists the payout's own transaction too.
    yield at_most(
        f"{what}: calls of Stripe", read.stripe_calls, pages + EVENTS, "",
        f"{pages} of the list, and the payout itself for each of its {EVENTS} events", is_count=True,
    )  # fmt: skip
    for name, units, most, beside in (
        ("WRU", read.writes, WRITES, WRITES_BESIDE),
        ("RRU", read.reads, READS, READS_BESIDE),
    ):
        how = f"{units / lines:.2f} a line; {read.requests:,} requests"
        yield at_most(f"{what}: {name}", units, most * lines + beside, "", how, is_count=True)
    longest = max(map(duration, read.invocations))
    yield at_most(
        f"{what}: longest run", longest, RUN_FOR, "s", "as `cost` assumes; another run continues a longer one"
    )
    yield no_budget(f"{what}: a thousand payouts", bill_of(read.invocations).total * 1000, "$", "list prices")


def _of_a_large_one(read: Mapping[int, ReadPayout]) -> Iterator[Figure]:
    *_, smaller, larger = read.values()
    more = larger.lines - smaller.lines
    how = f"by the growth from {smaller.lines:,} to {larger.lines:,} lines"
    for name, low, high in (("WRU", smaller.writes, larger.writes), ("RRU", smaller.reads, larger.reads)):
        each = (high - low) / more
        units = high + each * (LARGE - larger.lines)
        yield no_budget(f"payout of {LARGE:,} lines: {name}", units, "", f"{each:.2f} for each further line, {how}")
