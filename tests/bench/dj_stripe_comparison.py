"""Whether dj-stripe did the work: a row for each event, and its copies of objects beside the double's ledger."""

from __future__ import annotations

from typing import Any

from tests.bench.figures import Figure, only_told
from tests.proofs.load_stories import Load, stripe_id_of

JSON = dict[str, Any]

TOLD = {
    "Invoice": ("status", "amount_paid", "amount_remaining"),
    "Charge": ("status", "amount_refunded", "disputed"),
    "Dispute": ("status",),
}
"""By its models, what a status is worked out from. It has no row for a refund, but charges tell of those; that of a
payment intent that no event was about is not to be expected."""

KINDS = {"Invoice": "invoice", "Charge": "charge", "Dispute": "dispute"}


def kept(told: JSON, ledger: JSON, load: Load) -> list[Figure]:
    """How many of the events it has, and of how many invoices it knows the truth."""
    events = {event["id"] for story in load.ours for event in story}
    wrong = _wrong(told["objects"], ledger["objects"], {stripe_id_of(each) for each in load.invoices})
    missing = len(events - set(told["events"]))
    count = len(load.invoices)
    return [
        only_told("  dj-stripe: webhooks taken and not recorded", missing, "", f"of {len(events)}"),
        only_told(
            "  dj-stripe: invoices wrong after shuffled delivery",
            len(wrong),
            "",
            f"{count - len(wrong)} of {count} right",
        ),
    ]


def _wrong(held: JSON, objects: JSON, invoices: set[str]) -> set[str]:
    """Invoices of which it has something otherwise than Stripe, or not at all."""
    invoice_of = {
        payment["payment"]["payment_intent"]: each["id"]
        for each in objects["invoice"]
        for payment in each["payments"]["data"]
    }
    found = set()
    for model, names in TOLD.items():
        for theirs in objects.get(KINDS[model], ()):
            invoice = theirs["id"] if model == "Invoice" else invoice_of.get(theirs["payment_intent"])
            copy = held[model].get(theirs["id"])
            if copy is None or any(copy[name] != theirs[name] for name in names):
                found.add(invoice)
    return found & invoices
