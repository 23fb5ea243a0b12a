"""Measures the cost of an invoice from its creation to its payment, the size of its item, and that repeated events
do not enlarge the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.bench.figures import Figure, at_most
from tests.bench.story_costs import StoryCost

CREATED, PAID = "create and send, known customer", "paid by card"
FEE = "its fee: charge.updated"
TROUBLED = "declined three times, paid, refunded in part, dispute lost"
SENT_AGAIN = "each of these events once more"
NOTHING_NEW = "events that change nothing"

MOST_UNITS = 90
"""The write units of an invoice with one line, from its creation to its payment by card and its fee, events
included.
"""
MOST_BYTES = 1229
"""The bytes of the item of an invoice with one line and one payment, after any number of repeated events: 1.2 KB."""


def invoice_growth_figures(stories: Mapping[str, StoryCost]) -> Iterator[Figure]:
    """Yields the figures of one invoice, from the stories that were played with it."""
    parts = [stories[name].writes for name in (CREATED, PAID, FEE)]
    parts_text = ", ".join(f"{part:g}" for part in parts)
    figure_name = "an invoice from created to paid by card and its fee known, in WRU"
    yield at_most(
        figure_name, sum(parts), MOST_UNITS, "", f"{parts_text}: created and sent, paid, its fee", is_count=True
    )
    for name in (PAID, TROUBLED):
        yield at_most(f"{name}: its item", stories[name].item, MOST_BYTES, "bytes", "with its keys", is_count=True)
    for name in (SENT_AGAIN, NOTHING_NEW):
        yield at_most(f"{name}: bytes of the invoice written", stories[name].item, 0, "", "markers", is_count=True)
