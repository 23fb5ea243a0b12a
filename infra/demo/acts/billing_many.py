"""The office bills the rest of the month at once, and lists all invoices."""

from __future__ import annotations

from collections import Counter

from infra.demo import reading
from infra.demo.acts.scene import THE_REST, Scene
from infra.demo.sample import services_of


def bill_many(scene: Scene) -> None:
    say = scene.narrator
    say.chapter("Billing the rest of the month")
    say.quotes("Go to Billing and select billable services.")
    services = [{"customerId": each.id, **service.line} for each in THE_REST for service in services_of(each)]
    batch = scene.office.call("POST", "/invoice-batches", {"services": services}, idempotency_key="november")
    say.does(f"POST /v1/invoice-batches: {len(services)} services of {len(THE_REST)} customers in one go")
    path = f"/invoice-batches/{batch.json['id']}"
    say.expects("Invoices sent", scene.office.sees(path, reading.sent_count, len(THE_REST)), len(THE_REST))
    again = scene.office.call("POST", "/invoice-batches", {"services": services}, idempotency_key="november")
    say.expects("The same request again is the same batch", again.json["id"] == batch.json["id"], True)


def look_at_all(scene: Scene) -> None:
    say = scene.narrator
    say.chapter("Tracking payments")
    say.quotes("View payment status in POM: Paid, Pending, Failed, Refunded.")
    invoices = scene.office.get("/invoices?first=100")["data"]
    rows = [reading.invoice_row(each) for each in invoices]
    say.does("GET /v1/invoices")
    say.table("", reading.INVOICE_COLUMNS, rows[-6:])
    say.notes(f"… and {len(rows) - 6} more")
    status_counts = Counter(invoice["status"] for invoice in invoices)
    status_words = ", ".join(f"{count} {status}" for status, count in sorted(status_counts.items()))
    say.expects("Invoices", status_words, f"2 paid, {1 + len(THE_REST)} pending, 1 refunded")
    summary = scene.office.get("/summary")["data"][0]
    tallies = {status: tally for status, tally in summary["byStatus"].items() if tally["count"]}
    say.does("GET /v1/summary")
    counts = ", ".join(f"{tally['count']} {status}" for status, tally in sorted(tallies.items()))
    say.expects("The summary has the same counts", counts, status_words)
