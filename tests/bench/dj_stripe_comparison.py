"""Checks dj-stripe's work: a row for each event, and copies of objects that equal the double's ledger."""

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
"""The fields from which a status is derived, by dj-stripe's model.

A refund has no row, but its charge contains the refunded amount. A payment intent without an event is not expected.
"""

KINDS = {"Invoice": "invoice", "Charge": "charge", "Dispute": "dispute"}


def figures_of_records(site_records: JSON, ledger: JSON, load: Load) -> list[Figure]:
    """Returns the number of events that dj-stripe has, and the number of invoices whose data is correct."""
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
    """Returns the invoices that dj-stripe lacks, or whose data differs from Stripe's."""
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
