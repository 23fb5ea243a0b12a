"""The cost of one story in Stripe, DynamoDB, SQS and Lambda, and the table of all stories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench.stories_stage import Invocation

INVOICES = "invoices"


@dataclass(frozen=True)
class StoryCost:
    """One story, with its invocations."""

    name: str
    invocations: tuple[Invocation, ...]

    @property
    def webhooks(self) -> list[Invocation]:
        return [each for each in self.invocations if each.webhook]

    def of(self, count: Callable[[Invocation], float]) -> float:
        return sum(map(count, self.invocations))

    @property
    def requests(self) -> int:
        return round(self.of(lambda each: len(each.requests)))

    @property
    def reads(self) -> float:
        return self.of(lambda each: each.reads)

    @property
    def writes(self) -> float:
        return self.of(lambda each: each.writes)

    @property
    def written(self) -> int:
        return round(self.of(lambda each: sum(request.written for request in each.requests)))

    @property
    def stripe_calls(self) -> int:
        return round(self.of(lambda each: each.stripe_calls))

    @property
    def messages(self) -> int:
        return round(self.of(lambda each: each.messages))

    @property
    def events(self) -> int:
        return round(self.of(lambda each: each.events))

    @property
    def feed(self) -> float:
        """Returns the write units of the feed, which are part of `writes`."""
        requests = (request for each in self.invocations for request in each.requests)
        return sum(request.all_writes for request in requests if any(map(_of_feed, request.sizes)))

    @property
    def item(self) -> int:
        """Returns the bytes of the largest invoice that the story wrote, or 0 if it wrote none."""
        sizes = (
            size
            for each in self.invocations
            for request in each.requests
            for table, size in request.sizes.items()
            if table.endswith(INVOICES)
        )
        return max(sizes, default=0)


def _of_feed(table: str) -> bool:
    return table.endswith("-changes")


def show(stories: Sequence[StoryCost], console: Console) -> None:
    """Shows one row for each story."""
    table = Table(title="What each story costs", title_justify="left", box=box.ROUNDED)
    table.add_column("Story")
    columns = (
        "Stripe",
        "DynamoDB",
        "RRU",
        "WRU",
        "of it indexes",
        "of it feed",
        "events",
        "KB written",
        "SQS",
        "Lambda",
        "webhooks",
        "invoice KB",
    )
    for name in columns:
        table.add_column(name, justify="right")
    for each in stories:
        indexes = each.of(lambda one: sum(request.index_writes for request in one.requests))
        cells = (each.stripe_calls, each.requests, each.reads, each.writes, indexes, each.feed, each.events,
                 each.written / 1024, each.messages, len(each.invocations), len(each.webhooks),
                 each.item / 1024)  # fmt: skip
        table.add_row(each.name, *(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells))
    console.print(table)
