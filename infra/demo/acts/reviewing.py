"""The office reviews drafts before it sends them, and corrects an invoice that was sent with a wrong price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.demo import reading
from infra.demo.acts.scene import DAY, THE_REST, Scene
from infra.demo.sample import PoolOwner, Service, cover_of, inspection_of, seal_of

FINN, GINA, HAL = THE_REST[1:4]
"""Customers whose drafts are reviewed: one is edited in POM, one is changed in Stripe, and one is right."""

DISCOUNT = {"kind": "discount", "description": "Season discount", "amount": "10.00"}
CALL_OUT = {"lines[0][amount]": "2500", "lines[0][description]": "Call-out"}
"""A line that the company adds to a draft in the Stripe dashboard."""

WRONG_PRICE, RIGHT_PRICE = "90.00", "60.00"


@dataclass(frozen=True, slots=True)
class DraftBatch:
    """A batch of drafts: its path, and the id of each customer's draft."""

    path: str
    drafts: dict[str, str]


def review_and_send(scene: Scene) -> None:
    """Creates, reviews, edits and sends a batch of drafts. A draft that is held back is saved again and sent."""
    scene.narrator.chapter("The office reviews before it sends")
    batch = _make_drafts(scene)
    _look_at(scene, batch.drafts[FINN.id])
    _edit(scene, batch.drafts[FINN.id])
    _send(scene, batch)


def correct(scene: Scene) -> None:
    """Voids an issued invoice with a wrong price, and sends a copy with the right price."""
    say, office = scene.narrator, scene.office
    say.quotes("Go to Invoicing. Click on an invoice.")
    wrong = scene.invoices[f"{FINN.id} inspection"]
    path = f"/invoices/{wrong}/correct"
    unconfirmed = office.call("POST", path, {})
    say.does(f"POST /v1/invoices/{{id}}/correct: {WRONG_PRICE} should have been {RIGHT_PRICE}")
    say.expects("The correction must be confirmed", unconfirmed.error_code, "confirmation_missing")
    say.notes(unconfirmed.json["error"]["message"])
    copy = office.call("POST", path, {"confirmed": True}).json
    say.does("POST /v1/invoices/{id}/correct, confirmed")
    say.expects("The copy", copy["status"], "draft")
    say.expects("The invoice with the wrong price", scene.status_of(wrong, "void"), "void")
    say.expects(
        "The invoice names its copy", office.get(f"/invoices/{wrong}")["correctedByInvoiceId"] == copy["id"], True
    )
    _replace(scene, copy["id"], [inspection_of(FINN, RIGHT_PRICE).line])
    sent_copy = office.call("POST", f"/invoices/{copy['id']}/send").json
    say.does("PUT /v1/invoices/{id} with the right price, then POST /v1/invoices/{id}/send")
    say.expects(f"The copy is {sent_copy['status']}, over", sent_copy["total"], RIGHT_PRICE)
    scene.shows(office.get(f"/invoices/{wrong}/history")["data"])


def _make_drafts(scene: Scene) -> DraftBatch:
    """Returns a batch of three drafts, once all drafts exist."""
    say, office = scene.narrator, scene.office
    say.quotes("Complete a service in POM. Click Create Invoice.")
    covers = [_batch_service(each, cover_of(each)) for each in (FINN, GINA, HAL)]
    services = [*covers, _batch_service(FINN, inspection_of(FINN, RIGHT_PRICE))]
    body = {"services": services, "send": False}
    path = f"/invoice-batches/{office.call('POST', '/invoice-batches', body, idempotency_key='covers').json['id']}"
    say.does(f"POST /v1/invoice-batches: {len(services)} services of 3 customers, to be reviewed first")
    say.expects("Drafts", office.sees(path, reading.draft_count, 3), 3)
    drafts = {item["customerId"]: item["invoiceId"] for item in office.get(path)["items"]}
    scene.invoices.update({f"{each.id} draft": drafts[each.id] for each in (FINN, GINA)})
    expected_totals = "3 over 420.00 USD"
    path_of_drafts = "/invoices?status=draft&totals=true"
    totals = office.sees(path_of_drafts, reading.totals, expected_totals)
    say.does("GET /v1/invoices?status=draft&totals=true")
    say.table("", reading.INVOICE_COLUMNS, [reading.invoice_row(each) for each in office.get(path_of_drafts)["data"]])
    say.expects("All drafts", totals, expected_totals)
    return DraftBatch(path, drafts)


def _look_at(scene: Scene, draft: str) -> None:
    """Shows the preview of a draft, and saves it as a page."""
    say, path = scene.narrator, f"/invoices/{draft}/preview"
    preview = scene.office.get(path)
    page = scene.office.call("GET", path, accept="text/html").text
    saved_file = scene.saves("preview.html", page)
    say.does("GET /v1/invoices/{id}/preview, as data and as a page")
    say.table("", ["Text for the payer", "Amount"], [[line["text"], line["amount"]] for line in preview["lineItems"]])
    say.expects("Total", preview["total"], "180.00")
    say.expects("The page is marked as a draft", "DRAFT" in page, True)
    say.notes(f"{preview['notice']} The page is in {saved_file}")


def _edit(scene: Scene, draft: str) -> None:
    """Removes one service and bills it separately, adds another one with its day, and gives a discount."""
    say, office = scene.narrator, scene.office
    yesterday = dt.datetime.fromtimestamp(scene.clock.now() - DAY, dt.UTC).date().isoformat()
    lines = [cover_of(FINN).line, {**seal_of(FINN).line, "serviceDate": yesterday}]
    edited_draft = _replace(scene, draft, lines, DISCOUNT)
    say.does("PUT /v1/invoices/{id}: one service removed, another one added with its day, and a discount")
    say.expects("The draft", edited_draft["total"], "145.00")
    in_stripe = scene.owner.does("GET", f"/invoices/{reading.stripe_id(edited_draft)}")
    say.expects("Stripe's draft, in cents", in_stripe["total"], 14_500)
    body = {"customerId": FINN.id, "lineItems": [inspection_of(FINN, WRONG_PRICE).line]}
    elsewhere = office.create_invoice(body, "finn-inspection").json
    scene.invoices[f"{FINN.id} inspection"] = elsewhere["id"]
    say.does("POST /v1/invoices with the removed service")
    say.expects("Its own invoice", elsewhere["status"], "pending")


def _send(scene: Scene, batch: DraftBatch) -> None:
    """Sends the batch after one draft was changed in Stripe, and sends it again after the draft was corrected."""
    say, office = scene.narrator, scene.office
    say.quotes("Review and send the invoice.")
    gina = batch.drafts[GINA.id]
    stripe_id = reading.stripe_id(office.get(f"/invoices/{gina}"))
    scene.owner.does("POST", f"/invoices/{stripe_id}/add_lines", **CALL_OUT)
    office.call("POST", f"{batch.path}/send")
    say.does(f"added a line to the draft of {GINA.name} in Stripe; then POST /v1/invoice-batches/{{id}}/send")
    expected_counts = "2 sent, 1 held back"
    say.expects("The batch", office.sees(batch.path, reading.sent_or_held_back, expected_counts), expected_counts)
    [error] = [item["error"] for item in office.get(batch.path)["items"] if item["status"] == "held_back"]
    say.expects(f"The draft of {GINA.name} was held back", error["code"], "total_differs")
    say.notes(f"{error['message']} {error['nextStep']}")
    _replace(scene, gina, [cover_of(GINA).line])
    office.call("POST", f"{batch.path}/send")
    say.does("PUT /v1/invoices/{id} with the order as it was, then sent the batch again")
    expected_counts = "3 sent, 0 held back"
    say.expects("The batch", office.sees(batch.path, reading.sent_or_held_back, expected_counts), expected_counts)
    links = [office.get(f"/invoices/{draft}")["paymentUrl"] for draft in batch.drafts.values()]
    mailed_links = [mail["link"] for mail in scene.world.mails(scene.owner.account_id) if mail["link"] in links]
    say.expects("Each invoice was e-mailed once", sorted(mailed_links) == sorted(links), True)


def _replace(scene: Scene, draft: str, lines: Sequence[Any], *deductions: Any) -> Any:
    """Replaces the lines of a draft, if the draft has not changed since it was read. Returns the invoice."""
    path = f"/invoices/{draft}"
    tag = scene.office.call("GET", path).tag
    body = {"lineItems": list(lines), "deductions": list(deductions)}
    return scene.office.call("PUT", path, body, if_match=tag).json


def _batch_service(customer: PoolOwner, service: Service) -> dict[str, object]:
    """Returns a service in the form that a batch takes."""
    return {"customerId": customer.id, **service.line}
