"""Replacing a draft over HTTP, and orders with discounts, credits and service dates."""

from __future__ import annotations

from typing import Any

from tests.api.client import OTHER_ORGANIZATION, ApiClient, line
from tests.world import World


def body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"lineItems": list(lines or (line(),)), **more}


CREDIT = {"kind": "credit", "description": "Visit that was missed", "amount": "20.00"}
DISCOUNT = {"kind": "discount", "description": "Summer rebate", "amount": "5.50"}


def create_draft(office: ApiClient, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = office.post("/invoices", {"customerId": "cust_1", "send": False, **body(*lines, **more)})
    assert response.status == 201
    return dict(response.json)


def stripe_lines(world: World) -> list[tuple[str, int]]:
    [ledger] = world.double.world.ledgers.values()
    [lines] = ledger.lines.values()
    return [(each["description"], each["amount"]) for each in lines]


def test_a_replaced_draft_is_returned_with_its_new_order(office: ApiClient, world: World) -> None:
    draft = create_draft(office)
    new = body(line("svc_2", serviceDate="2027-01-10", quantity="1.5"), deductions=[CREDIT, DISCOUNT], tax="3.00")
    response = office.put(f"/invoices/{draft['id']}", new)
    draft_json = response.json
    assert (response.status, draft_json["status"], draft_json["id"], draft_json["stripeInvoiceId"]) == (
        200,
        "draft",
        draft["id"],
        draft["stripeInvoiceId"],
    )
    [item] = draft_json["lineItems"]
    assert (item["serviceId"], item["serviceDate"], item["amount"]) == ("svc_2", "2027-01-10", "112.50")
    assert [(each["kind"], each["amount"]) for each in draft_json["deductions"]] == [
        ("credit", "20.00"),
        ("discount", "5.50"),
    ]
    assert (draft_json["total"], draft_json["totalDifference"], draft_json["subtotal"]) == ("90.00", "0.00", "112.50")
    assert stripe_lines(world) == [
        ("Weekly cleaning (10 January 2027; 1.5 x 75.00)", 11250),
        ("Visit that was missed", -2000),
        ("Summer rebate", -550),
        ("Tax", 300),
    ]
    history = office.get(f"/invoices/{draft['id']}/history").json["data"]
    assert [(each["kind"], each.get("amount"), each["actor"]) for each in history] == [
        ("created", None, "user_office"),
        ("edited", "90.00", "user_office"),
    ]


def test_an_order_with_deductions_is_sent_for_the_remaining_amount(office: ApiClient, world: World) -> None:
    order = {"customerId": "cust_1", **body(line(serviceDate="2027-01-10"), deductions=[CREDIT])}
    invoice_json = office.post("/invoices", order).json
    assert (invoice_json["status"], invoice_json["total"], invoice_json["balance"]) == ("pending", "55.00", "55.00")
    assert stripe_lines(world) == [("Weekly cleaning (10 January 2027)", 7500), ("Visit that was missed", -2000)]
    [ledger] = world.double.world.ledgers.values()
    [lines] = ledger.lines.values()
    assert lines[0]["period"]["start"] == lines[0]["period"]["end"] == 1_799_564_400


def test_the_amount_after_deductions_is_zero_or_at_least_stripes_minimum(office: ApiClient) -> None:
    free = body(deductions=[{**CREDIT, "amount": "75.00"}])
    free_invoice = office.post("/invoices", {"customerId": "cust_1", **free}).json
    assert (free_invoice["total"], free_invoice["status"]) == ("0.00", "paid")
    for amount, code, field in (
        ("74.80", "amount_below_minimum", "lineItems"),
        ("75.01", "deductions_too_large", "deductions"),
        ("0.00", "deduction_zero", "deductions[0].amount"),
    ):
        refusal = office.post(
            "/invoices",
            {"customerId": "cust_1", **body(line("svc_2"), deductions=[{**CREDIT, "amount": amount}])},
        )
        assert (refusal.status, refusal.code, refusal.error["field"]) == (422, code, field)


def test_a_service_date_of_a_batch_is_on_its_line(office: ApiClient, world: World) -> None:
    services = [{"customerId": "cust_1", **line(serviceDate="2027-01-10")}]
    office.post("/invoice-batches", {"services": services, "send": False})
    world.work()
    assert stripe_lines(world) == [("Weekly cleaning (10 January 2027)", 7500)]


def test_an_issued_invoice_is_refused_with_a_next_step(office: ApiClient) -> None:
    sent_invoice = office.post("/invoices", {"customerId": "cust_1", **body()}).json
    refusal = office.put(f"/invoices/{sent_invoice['id']}", body(line("svc_2")))
    assert (refusal.status, refusal.code) == (409, "invoice_not_editable")
    assert "Correct it" in refusal.error["nextStep"]


def test_a_service_billed_on_another_invoice_is_refused_with_that_invoice(office: ApiClient) -> None:
    draft, other_draft = create_draft(office), create_draft(office, line("svc_2"))
    refusal = office.put(f"/invoices/{draft['id']}", body(line("svc_1"), line("svc_2")))
    assert (refusal.status, refusal.code) == (409, "service_already_billed")
    assert (refusal.error["field"], other_draft["id"] in refusal.error["message"]) == ("lineItems[1].serviceId", True)


def test_while_stripe_is_slow_the_response_has_the_former_order(office: ApiClient, world: World) -> None:
    draft = create_draft(office)
    world.double.order_fault("close_before", count=9, method="POST")
    response = office.put(f"/invoices/{draft['id']}", body(line("svc_2")))
    assert (response.status, response.json["status"]) == (202, "creating")
    assert response.json["lineItems"][0]["serviceId"] == "svc_1"
    world.double.clear_faults()
    world.advance(600)
    world.resume()
    assert office.get(f"/invoices/{draft['id']}").json["lineItems"][0]["serviceId"] == "svc_2"


def test_the_body_of_an_order_is_validated(office: ApiClient) -> None:
    draft = create_draft(office)
    path = f"/invoices/{draft['id']}"
    assert office.put(path, {"lineItems": []}).code == "lines_missing"
    assert office.put(path, {**body(), "customerId": "cust_2"}).code == "invalid_body"
    assert office.put(path, {**body(), "currency": "eur"}).code == "invalid_body"
    assert office.put(path, body(line(currency="eur"))).code == "currency_mixed"


def test_a_member_and_another_organization_cannot_replace_a_draft(office: ApiClient) -> None:
    draft = create_draft(office)
    path = f"/invoices/{draft['id']}"
    member = office.acting("member").put(path, body(line("svc_2")))
    from_other_organization = office.acting("billing", organization=OTHER_ORGANIZATION).put(path, body(line("svc_2")))
    assert (member.status, from_other_organization.status, from_other_organization.code) == (
        403,
        404,
        "invoice_not_found",
    )
    assert office.get(path).json["lineItems"][0]["serviceId"] == "svc_1"
