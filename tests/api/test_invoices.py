"""Invoices over HTTP: the contract's fields, statuses and lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.summary import invoice_write
from tests.api.client import ApiClient, line
from tests.world import World

FIELDS = """id stripeInvoiceId number status customerId customerName customerEmail currency lineItems deductions
subtotal tax
total totalDifference discountAmount paidAmount refundedAmount lostAmount receivedAmount
balanceAppliedAmount creditedAmount creditedBeforePaymentAmount
overpaidAmount balance
dueDate createdAt updatedAt sentAt paidAt paidOn memo paymentUrl paymentUrlExpired pdfUrl dashboardUrl failure
replacedNumbers beingRevised correctsInvoiceId correctedByInvoiceId
partiallyRefunded disputed overdue overdueSince erasedAt""".split()


def body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"customerId": "cust_1", "lineItems": list(lines or (line(),)), **more}


def test_an_invoice_is_created_and_sent(office: ApiClient) -> None:
    response = office.post("/invoices", body(line(quantity="1.5"), tax="9.00", memo="Thanks"))
    invoice_json = response.json
    assert response.status == 201
    assert list(invoice_json) == FIELDS
    assert invoice_json["status"] == "pending"
    assert invoice_json["lineItems"] == [
        {
            "serviceId": "svc_1",
            "description": "Weekly cleaning",
            "quantity": "1.5",
            "unitPrice": "75.00",
            "amount": "112.50",
            "taxable": False,
            "serviceDate": None,
        }
    ]
    assert invoice_json["deductions"] == []
    amounts = {
        name: invoice_json[name] for name in ("subtotal", "tax", "total", "paidAmount", "refundedAmount", "balance")
    }
    assert amounts == {
        "subtotal": "112.50",
        "tax": "9.00",
        "total": "121.50",
        "paidAmount": "0.00",
        "refundedAmount": "0.00",
        "balance": "121.50",
    }
    assert (invoice_json["currency"], invoice_json["memo"], invoice_json["failure"]) == ("usd", "Thanks", None)
    assert (invoice_json["partiallyRefunded"], invoice_json["disputed"], invoice_json["overdue"]) == (
        False,
        False,
        False,
    )
    assert invoice_json["createdAt"] == "2027-01-15T08:00:00Z"
    assert invoice_json["dueDate"] == "2027-02-14"
    assert invoice_json["paymentUrl"].startswith("http")
    assert invoice_json["sentAt"]


def test_the_dashboard_link_opens_the_invoices_account_in_its_mode(office: ApiClient, world: World) -> None:
    invoice_json = office.post("/invoices", body()).json
    stored_invoice = world.ports.invoices.get("org_blue", invoice_json["id"])  # type: ignore[arg-type]
    assert stored_invoice is not None
    account, stripe_id = stored_invoice.stripe_account_id, stored_invoice.stripe_invoice_id
    assert invoice_json["dashboardUrl"] == f"https://dashboard.stripe.com/{account}/test/invoices/{stripe_id}"
    assert invoice_json["stripeInvoiceId"] == stripe_id
    world.ports.invoices.save(invoice_write(replace(stored_invoice, livemode=True)))
    live = office.get(f"/invoices/{invoice_json['id']}").json
    assert live["dashboardUrl"] == f"https://dashboard.stripe.com/{account}/invoices/{stripe_id}"


@pytest.mark.parametrize("deleted_by", ["POM", "somebody in Stripe"])
def test_a_deleted_draft_has_no_dashboard_link(office: ApiClient, world: World, deleted_by: str) -> None:
    path = f"/invoices/{office.post('/invoices', body(send=False)).json['id']}"
    account, stripe_id = office.get(path).json["dashboardUrl"].split("/test/invoices/")
    if deleted_by == "POM":
        assert office.post(f"{path}/void").status == 200
    else:
        options: Any = {"stripe_account": account.rpartition("/")[2]}
        world.client.v1.invoices.delete(stripe_id, None, options)
    world.deliver()
    invoice_json = office.get(path).json
    assert (invoice_json["status"], invoice_json["dashboardUrl"]) == ("void", None)
    about = [entry for entry in invoice_json["history"] if entry.get("stripeId") == stripe_id]
    assert about, "the entries still name the draft"
    assert {entry["dashboardUrl"] for entry in about} == {None}
    events = [event for event in office.get(f"{path}/events").json["data"] if event["objectId"] == stripe_id]
    assert {event["dashboardUrl"] for event in events} == {None}


def test_an_invoices_detail_has_its_timeline(office: ApiClient) -> None:
    invoice_json = office.post("/invoices", body()).json
    detail = office.get(f"/invoices/{invoice_json['id']}")
    history = office.get(f"/invoices/{invoice_json['id']}/history")
    assert detail.status == 200
    assert list(detail.json) == [*FIELDS, "order", "explanation", "payments", "history"]
    assert history.json["data"] == detail.json["history"]
    first = history.json["data"][0]
    applicable_fields = {name: value for name, value in first.items() if value is not None}
    assert applicable_fields == {
        "at": invoice_json["createdAt"],
        "kind": "created",
        "source": "pom",
        "actor": "user_office",
    }
    assert {frozenset(entry) for entry in history.json["data"]} == {frozenset(first)}, "each field is always there"
    sent_entry = next(entry for entry in history.json["data"] if entry["kind"] == "sent")
    assert (sent_entry["to"], sent_entry["dashboardUrl"]) == (
        invoice_json["customerEmail"],
        detail.json["dashboardUrl"],
    )
    assert [entry["at"] for entry in history.json["data"]] == sorted(entry["at"] for entry in history.json["data"])


@pytest.mark.parametrize("price", [75, 75.0, "75", "75.00", "75.0"])
def test_a_price_is_exact_in_every_notation(office: ApiClient, price: object) -> None:
    assert office.post("/invoices", body(line(unitPrice=price))).json["total"] == "75.00"


def test_totals_are_computed_without_floats(office: ApiClient) -> None:
    invoice_json = office.post("/invoices", body(line(unitPrice=1.1, quantity=3), line("svc_2", unitPrice=0.29))).json
    assert [each["amount"] for each in invoice_json["lineItems"]] == ["3.30", "0.29"]
    assert invoice_json["total"] == "3.59"


def test_an_idempotency_key_with_the_same_body_returns_the_same_invoice(office: ApiClient) -> None:
    key = {"Idempotency-Key": "8e1f"}
    first = office.post("/invoices", body(line(unitPrice="75.00")), headers=key)
    again = office.post("/invoices", body(line(unitPrice=75, taxable=False)), headers=key)
    conflict = office.post("/invoices", body(line(unitPrice="76.00")), headers=key)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert (conflict.status, conflict.code, conflict.error["field"]) == (
        409,
        "idempotency_key_reused",
        "Idempotency-Key",
    )


def test_bodies_with_the_same_meaning_have_the_same_fingerprint() -> None:
    import msgspec

    from chalicelib.api.models import exact

    def fingerprint(raw: bytes) -> str:
        model: NewInvoice = exact.decoder(NewInvoice).decode(raw)
        return exact.fingerprint(model)

    plain = b'{"customerId":"c","lineItems":[{"serviceId":"s","description":"d","quantity":1,"unitPrice":75.10}]}'
    reordered = b"""{"send": true, "lineItems": [{"unitPrice": "75.1", "quantity": "1.0", "description": "d",
        "serviceId": "s", "taxable": false}], "customerId": "c", "memo": null}"""
    assert fingerprint(plain) == fingerprint(reordered)
    for changed_body in (
        plain.replace(b"75.10", b"75.11"),
        plain.replace(b'"d"', b'"D"'),
        plain.replace(b'"c"', b'"k"'),
    ):
        assert fingerprint(changed_body) != fingerprint(plain)
    with pytest.raises(msgspec.ValidationError):
        fingerprint(b'{"customerId":"c"}')


def test_an_invoice_that_stripe_delays_is_returned_with_202(
    office: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False)

    monkeypatch.setattr(type(world.ports.stripe), "create_draft", slow)
    response = office.post("/invoices", body())
    assert (response.status, response.json["status"]) == (202, "creating")
    monkeypatch.undo()


def test_a_draft_is_reviewed_and_sent_and_voided(office: ApiClient) -> None:
    draft = office.post("/invoices", body(send=False)).json
    assert (draft["status"], draft["sentAt"]) == ("draft", None)
    sending = office.post(f"/invoices/{draft['id']}/send")
    assert (sending.status, sending.json["status"]) == (200, "pending")
    voiding = office.post(f"/invoices/{draft['id']}/void")
    assert (voiding.status, voiding.json["status"], voiding.json["balance"]) == (200, "void", "0.00")
    refusal = office.post(f"/invoices/{draft['id']}/send")
    assert (refusal.status, refusal.code) == (409, "invoice_not_sendable")
    assert office.post(f"/invoices/{draft['id']}/refresh").status == 200


def test_lists_are_filtered_and_paged(office: ApiClient, world: World) -> None:
    ids = []
    for number in range(3):
        ids.append(office.post("/invoices", body(line(f"svc_{number}"))).json["id"])
        world.advance(60)
    office.post(f"/invoices/{ids[0]}/void")
    first = office.get("/invoices?first=2").json
    assert [each["id"] for each in first["data"]] == [ids[2], ids[1]]
    assert first["pageInfo"]["hasNextPage"] is True
    second_page = office.get(f"/invoices?first=2&after={first['pageInfo']['endCursor']}").json
    assert [each["id"] for each in second_page["data"]] == [ids[0]]
    assert second_page["pageInfo"]["hasNextPage"] is False

    def listed(query: str) -> list[str]:
        return [each["id"] for each in office.get(f"/invoices?{query}").json["data"]]

    assert listed("status=void") == [ids[0]]
    assert listed("customerId=cust_2") == []
    assert listed("createdTo=2027-01-14") == []
    assert listed("createdFrom=2027-01-15&createdTo=2027-01-15") == ids[::-1]
    assert listed("createdFrom=2027-01-15T08:01:00Z&createdTo=2027-01-15T08:02:00Z") == [ids[1]]
    assert listed("overdue=true") == []
    assert len(listed("overdue=false")) == 3
    world.advance(40 * 24 * 3600)
    world.plan_day()
    assert listed("overdue=true") == [ids[1], ids[2]]
    assert all(each["overdue"] for each in office.get("/invoices?overdue=true").json["data"])


def test_customers_are_stored_and_listed(api: ApiClient, world: World) -> None:
    response = api.put(
        "/customers/cust_9", {"firstName": "Dana", "email": " Dana@Example.Test ", "address": {"city": "P"}}
    )
    assert response.status == 200
    assert (response.json["email"], response.json["syncStatus"], response.json["address"]["city"]) == (
        "Dana@Example.Test",
        "not_connected",
        "P",
    )
    assert api.get("/customers/cust_9").json == response.json
    assert api.get("/customers?first=1").json["data"] == [{k: v for k, v in response.json.items() if k != "history"}]
    missing = api.get("/customers/cust_8")
    assert (missing.status, missing.code) == (404, "customer_not_found")


def test_settings_are_replaced_as_a_whole(api: ApiClient, world: World) -> None:
    defaults = api.get("/settings/invoicing").json
    replacement = api.admin.put(
        "/settings/invoicing", {"paymentTerms": "net_15", "reminders": {"daysAfterDue": [7, 3]}}
    )
    assert replacement.status == 200
    assert (replacement.json["paymentTerms"], replacement.json["reminders"]["daysAfterDue"]) == ("net_15", [3, 7])
    assert api.get("/settings/invoicing").json == replacement.json
    assert api.admin.put("/settings/invoicing", {}).json == defaults
    assert api.admin.put("/settings/invoicing", defaults).json == defaults
    refusal = api.admin.put("/settings/invoicing", {"timeZone": "Mars/Olympus"})
    assert (refusal.status, refusal.code, refusal.error["field"]) == (422, "time_zone_unknown", "timeZone")
