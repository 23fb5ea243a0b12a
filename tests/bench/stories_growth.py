"""How an invoice's item grows with its timeline, and when a webhook comes to cost one unit more."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

from chalicelib.adapters.tables.codec import encoded
from chalicelib.domain.history import HistoryEntry, Outcome, Source
from chalicelib.domain.invoice import Invoice
from tests.bench.figures import Figure, at_least, only_told
from tests.bench.units import WRITE_BLOCK

KEYS = 420
"""Bytes of an invoice's item beside its document: keys, and attributes for indexes."""
ENTRIES = 1000
FEWEST = 12
"""Entries that a KB must hold, so that the events of one more payment and its refund cost one unit more at most."""


def growth(invoice: Invoice, seed: int = 0) -> Iterator[Figure]:
    """From an invoice as it stands after it was paid."""
    rng = random.Random(seed)
    sizes = [_size(invoice)]
    for number in range(ENTRIES):
        invoice = invoice.telling(_entry(rng, invoice, number))
        if number < 100 or number == ENTRIES - 1:
            sizes.append(_size(invoice))
    next_block = -(-sizes[0] // WRITE_BLOCK) * WRITE_BLOCK
    first = next(count for count, size in enumerate(sizes[:-1]) if size > next_block)
    by_entry = (sizes[100] - sizes[0]) / 100
    how = f"{by_entry:.0f} bytes each, deflated; then 2 units more for the item and 1 for each of its indexes"
    yield only_told("an invoice paid by card, stored", sizes[0] / 1024, "KB", "its item, keys included")
    yield only_told("events more until a webhook of it costs more", first, "", how)
    yield at_least("events that a KB of an invoice's item holds", WRITE_BLOCK / by_entry, FEWEST, "", how)
    yield only_told(f"the same after {ENTRIES} events more", sizes[-1] / 1024, "KB", "an item holds 400")


def _size(invoice: Invoice) -> int:
    return KEYS + sum(map(len, encoded(invoice).values()))  # type: ignore[arg-type]


def _entry(rng: random.Random, invoice: Invoice, number: int) -> HistoryEntry:
    """An event like those that Stripe sends, with ids of their length."""

    def stripe_id(prefix: str) -> str:
        return prefix + "".join(rng.choices(string.ascii_letters + string.digits, k=24))

    return HistoryEntry(
        at=invoice.created_at + 60 * number,
        kind=rng.choice(("updated", "payment_failed", "charge_failed", "paid", "refund_created")),
        source=Source.WEBHOOK,
        amount=7500,
        currency="usd",
        outcome=rng.choice(tuple(Outcome)),
        stripe_id=stripe_id("ch_"),
        event_id=stripe_id("evt_"),
    )
