"""The CPU time of a webhook: our own code alone for three sizes of body, and the whole webhook with a stubbed
network.

Our own code verifies, decodes, merges and derives. Two figures are for comparison: the floor, which is HMAC and
`json.loads`, and `stripe.Webhook.construct_event`, which a user of Stripe's package would call and which only
verifies and wraps.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import stripe

from chalicelib.adapters.stripe.events import WebhookOpener
from chalicelib.domain.events import EventMarker
from chalicelib.domain.history import Source
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.summary import InvoiceWrite
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from tests.bench import cpu_whole
from tests.bench.alternating import cpu_milliseconds
from tests.bench.figures import TIMES, Figure, at_most, no_budget, percentile
from tests.bench.samples import SECRET, ClockOfEvent, sample_event, signature
from tests.world import World

KB = 1024
SMALL, MIDDLE, LARGE = 3 * KB, 50 * KB, 250 * KB
ROUNDS = {SMALL: 1_500, MIDDLE: 500, LARGE: 150}
SDK_ROUNDS = 50


class OneInvoice:
    """A store that always holds the same invoice, and counts the facts applied to it."""

    def __init__(self, invoice: Invoice) -> None:
        self._invoice = invoice
        self.applied = 0

    def get(self, *_: object) -> Invoice:
        return self._invoice

    def apply(self, write: InvoiceWrite, marker: EventMarker, references: object = ()) -> Invoice:
        assert write.invoice.status
        self.applied += 1
        return write.invoice


@dataclass(frozen=True)
class Taken:
    """The CPU milliseconds of each round, for a body of `size` bytes."""

    size: int
    ours: list[float]
    floor: list[float]
    sdk: list[float]

    @property
    def p50(self) -> float:
        return percentile(self.ours, 0.5)


def measure() -> list[Figure]:
    """Measures every figure in this process and this thread."""
    taken, figures = [], []
    for size in (SMALL, MIDDLE, LARGE):
        world = World()
        body = sample_event(world, size)
        metadata = json.loads(body)["data"]["object"]["metadata"]
        invoice = world.ports.invoices.get(metadata["pom_organization_id"], metadata["pom_invoice_id"])
        assert invoice is not None
        taken.append(_own_code(body, invoice, ROUNDS[size]))
        figures += [
            *_told(taken[-1]),
            *cpu_whole.measured(body, invoice, limit=cpu_whole.LIMIT if size == SMALL else None),
        ]
    return [*figures, _growth(*taken)]


def _own_code(body: bytes, invoice: Invoice, rounds: int) -> Taken:
    clock = ClockOfEvent(body)
    header = signature(body, SECRET, clock.now())
    store = OneInvoice(invoice)
    ports: Any = SimpleNamespace(invoices=store, clock=clock)
    opener = WebhookOpener(lambda: (SECRET,), clock)

    def ours() -> None:
        receipt = receive_event(opener.open(body, header), Source.WEBHOOK, ports)
        assert receipt.outcome is EventOutcome.APPLIED, receipt

    def floor() -> None:
        stamp, given = header.split(",")
        signed = stamp[2:].encode() + b"." + body
        assert hmac.compare_digest(hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest(), given[3:])
        json.loads(body)

    def sdk() -> None:
        stripe.Webhook.construct_event(body, header, SECRET)

    took_ours, took_floor = cpu_milliseconds((ours, floor), rounds)
    [took_sdk] = cpu_milliseconds((sdk,), SDK_ROUNDS)  # apart: it takes so much memory that the next one runs slower
    assert store.applied >= rounds
    return Taken(len(body), took_ours, took_floor, took_sdk)


def _told(taken: Taken) -> list[Figure]:
    name = _name(taken.size)
    p50, p99 = taken.p50, percentile(taken.ours, 0.99)
    floor, sdk = percentile(taken.floor, 0.5), percentile(taken.sdk, 0.5)
    how = (
        f"verify, decode, merge, derive; {taken.size} bytes, {len(taken.ours)} times, alternating with the line below"
    )
    own = f"webhook CPU, {name}, our own code"
    return [
        _within_budget(f"{own}, p50", p50, 0.5, how, taken.size, ratio=p50 / floor),
        _within_budget(f"{own}, p99", p99, 1.0, "the same", taken.size),
        no_budget("  HMAC and json.loads alone", floor, "ms", f"p50, {name}", ratio=1.0),
        no_budget("  stripe.Webhook.construct_event", sdk, "ms", f"p50, {name}; only verifies and wraps",
                  ratio=sdk / floor),
        no_budget("  events a second and core, our own code", 1000 / p50, "/s", f"1 s by the p50, {name}"),
    ]  # fmt: skip


def _within_budget(what: str, value: float, limit: float, how: str, size: int, ratio: float | None = None) -> Figure:
    """Returns a figure with its budget, which is for 3 KB: the size of Stripe's events about an invoice with few
    lines.
    """
    if size > MIDDLE // 2:
        return no_budget(what, value, "ms", how, ratio=ratio)
    return at_most(what, value, limit, "ms", how, ratio=ratio)


def _growth(small: Taken, middle: Taken, large: Taken) -> Figure:
    first = (middle.p50 - small.p50) / (middle.size - small.size)
    then = (large.p50 - middle.p50) / (large.size - middle.size)
    return at_most(
        "webhook CPU, each KB above 50 against each below", then / first, 1.5, TIMES,
        f"{then * KB * 1000:.2f} against {first * KB * 1000:.2f} µs of our own code: linear is 1",
    )  # fmt: skip


def _name(size: int) -> str:
    return f"{size // KB} KB"
