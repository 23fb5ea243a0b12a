"""Checks the work of dj-stripe: a row for each event, and its copies of objects in comparison with the double's
ledger.
"""

from __future__ import annotations

from typing import Any

from tests.bench.figures import Figure, no_budget
from tests.proofs.load_stories import Load, stripe_id_of

JSON = dict[str, Any]

STATUS_FIELDS = {
    "Invoice": ("status", "amount_paid", "amount_remaining"),
    "Charge": ("status", "amount_refunded", "disputed"),
    "Dispute": ("status",),
}
"""By its models, what a status is worked out from. It has no row for a refund, but charges tell of those; that of a
payment intent that no event was about is not to be expected."""

KINDS = {"Invoice": "invoice", "Charge": "charge", "Dispute": "dispute"}


def figures_of_records(site_records: JSON, ledger: JSON, load: Load) -> list[Figure]:
    """How many of the events it has, and of how many invoices it knows the truth."""
    events = {event["id"] for story in load.ours for event in story}
    wrong = _wrong(site_records["objects"], ledger["objects"], {stripe_id_of(each) for each in load.invoices})
    missing = len(events - set(site_records["events"]))
    count = len(load.invoices)
    return [
        no_budget("  dj-stripe: acknowledged webhooks without a record", missing, "", f"of {len(events)}"),
        no_budget(
            "  dj-stripe: invoices wrong after shuffled delivery",
            len(wrong),
            "",
            f"{count - len(wrong)} of {count} right",
        ),
    ]


def _wrong(records: JSON, objects: JSON, invoices: set[str]) -> set[str]:
    """Invoices of which it has something otherwise than Stripe, or not at all."""
    invoice_of = {
        payment["payment"]["payment_intent"]: each["id"]
        for each in objects["invoice"]
        for payment in each["payments"]["data"]
    }
    wrong_invoices = set()
    for model, names in STATUS_FIELDS.items():
        for theirs in objects.get(KINDS[model], ()):
            invoice = theirs["id"] if model == "Invoice" else invoice_of.get(theirs["payment_intent"])
            copy = records[model].get(theirs["id"])
            if copy is None or any(copy[name] != theirs[name] for name in names):
                wrong_invoices.add(invoice)
    return wrong_invoices & invoices
