"""Invoices over HTTP: the contract's fields, statuses and lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api.models.new_invoices import NewInvoice
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.summary import invoice_write
from tests.api.client import ApiClient
from tests.world import World

FIELDS = """id stripeInvoiceId number status customerId customerName customerEmail currency lineItems deductions
subtotal tax
total totalDifference discountAmount paidAmount refundedAmount lostAmount receivedAmount
balanceAppliedAmount creditedAmount creditedBeforePaymentAmount
overpaidAmount balance
dueDate createdAt updatedAt sentAt paidAt paidOn memo paymentUrl paymentUrlExpired pdfUrl dashboardUrl failure
replacedNumbers beingRevised correctsInvoiceId correctedByInvoiceId
partiallyRefunded disputed overdue overdueSince erasedAt""".split()


def line(service: str = "svc_1", **more: Any) -> dict[str, Any]:
    return {"serviceId": service, "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00", **more}


def body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"customerId": "cust_1", "lineItems": list(lines or (line(),)), **more}


@pytest.fixture
def office(api: ApiClient, world: World) -> ApiClient:
    """A connected organization with a customer."""
    world.connect()
    world.customer()
    return api


def test_an_invoice_is_made_and_sent(office: ApiClient) -> None:
    answer = office.post("/invoices", body(line(quantity="1.5"), tax="9.00", memo="Thanks"))
    made = answer.json
    assert answer.status == 201
    assert list(made) == FIELDS
    assert made["status"] == "pending"
    assert made["lineItems"] == [
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
    assert made["deductions"] == []
    amounts = {name: made[name] for name in ("subtotal", "tax", "total", "paidAmount", "refundedAmount", "balance")}
    assert amounts == {
        "subtotal": "112.50",
        "tax": "9.00",
        "total": "121.50",
        "paidAmount": "0.00",
        "refundedAmount": "0.00",
        "balance": "121.50",
    }
    assert (made["currency"], made["memo"], made["failure"]) == ("usd", "Thanks", None)
    assert (made["partiallyRefunded"], made["disputed"], made["overdue"]) == (False, False, False)
    assert made["createdAt"] == "2027-01-15T08:00:00Z"
    assert made["dueDate"] == "2027-02-14"
    assert made["paymentUrl"].startswith("http")
    assert made["sentAt"]


def test_the_dashboard_link_leads_into_the_account_and_its_mode(office: ApiClient, world: World) -> None:
    made = office.post("/invoices", body()).json
    stored = world.ports.invoices.get("org_blue", made["id"])  # type: ignore[arg-type]
    assert stored is not None
    account, stripe_id = stored.stripe_account_id, stored.stripe_invoice_id
    assert made["dashboardUrl"] == f"https://dashboard.stripe.com/{account}/test/invoices/{stripe_id}"
    assert made["stripeInvoiceId"] == stripe_id
    world.ports.invoices.save(invoice_write(replace(stored, livemode=True)))
    live = office.get(f"/invoices/{made['id']}").json
    assert live["dashboardUrl"] == f"https://dashboard.stripe.com/{account}/invoices/{stripe_id}"


@pytest.mark.parametrize("deleted_by", ["POM", "somebody in Stripe"])
def test_no_link_leads_to_a_draft_that_was_deleted(office: ApiClient, world: World, deleted_by: str) -> None:
    path = f"/invoices/{office.post('/invoices', body(send=False)).json['id']}"
    account, stripe_id = office.get(path).json["dashboardUrl"].split("/test/invoices/")
    if deleted_by == "POM":
        assert office.post(f"{path}/void").status == 200
    else:
        options: Any = {"stripe_account": account.rpartition("/")[2]}
        world.client.v1.invoices.delete(stripe_id, None, options)
    world.deliver()
    shown = office.get(path).json
    assert (shown["status"], shown["dashboardUrl"]) == ("void", None)
    about = [entry for entry in shown["history"] if entry.get("stripeId") == stripe_id]
    assert about, "the entries still name the draft"
    assert {entry["dashboardUrl"] for entry in about} == {None}
    events = [event for event in office.get(f"{path}/events").json["data"] if event["objectId"] == stripe_id]
    assert {event["dashboardUrl"] for event in events} == {None}


def test_detail_holds_the_timeline(office: ApiClient) -> None:
    made = office.post("/invoices", body()).json
    detail = office.get(f"/invoices/{made['id']}")
    history = office.get(f"/invoices/{made['id']}/history")
    assert detail.status == 200
    assert list(detail.json) == [*FIELDS, "order", "explanation", "payments", "history"]
    assert history.json["data"] == detail.json["history"]
    first = history.json["data"][0]
    said = {name: value for name, value in first.items() if value is not None}
    assert said == {"at": made["createdAt"], "kind": "created", "source": "pom", "actor": "user_office"}
    assert {frozenset(entry) for entry in history.json["data"]} == {frozenset(first)}, "each field is always there"
    sent = next(entry for entry in history.json["data"] if entry["kind"] == "sent")
    assert (sent["to"], sent["dashboardUrl"]) == (made["customerEmail"], detail.json["dashboardUrl"])
    assert [entry["at"] for entry in history.json["data"]] == sorted(entry["at"] for entry in history.json["data"])


@pytest.mark.parametrize("price", [75, 75.0, "75", "75.00", "75.0"])
def test_a_price_is_exact_however_it_is_written(office: ApiClient, price: object) -> None:
    assert office.post("/invoices", body(line(unitPrice=price))).json["total"] == "75.00"


def test_no_float_gets_between_the_client_and_the_sum(office: ApiClient) -> None:
    made = office.post("/invoices", body(line(unitPrice=1.1, quantity=3), line("svc_2", unitPrice=0.29))).json
    assert [each["amount"] for each in made["lineItems"]] == ["3.30", "0.29"]
    assert made["total"] == "3.59"


def test_one_key_and_body_give_the_same_invoice(office: ApiClient) -> None:
    key = {"Idempotency-Key": "8e1f"}
    first = office.post("/invoices", body(line(unitPrice="75.00")), headers=key)
    again = office.post("/invoices", body(line(unitPrice=75, taxable=False)), headers=key)
    other = office.post("/invoices", body(line(unitPrice="76.00")), headers=key)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert (other.status, other.code, other.error["field"]) == (409, "idempotency_key_reused", "Idempotency-Key")


def test_the_fingerprint_follows_the_meaning_of_a_body() -> None:
    import msgspec

    from chalicelib.api.models import exact

    def fingerprint(raw: bytes) -> str:
        model: NewInvoice = exact.decoder(NewInvoice).decode(raw)
        return exact.fingerprint(model)

    plain = b'{"customerId":"c","lineItems":[{"serviceId":"s","description":"d","quantity":1,"unitPrice":75.10}]}'
    spaced = b"""{"send": true, "lineItems": [{"unitPrice": "75.1", "quantity": "1.0", "description": "d",
        "serviceId": "s", "taxable": false}], "customerId": "c", "memo": null}"""
    assert fingerprint(plain) == fingerprint(spaced)
    for changed in (plain.replace(b"75.10", b"75.11"), plain.replace(b'"d"', b'"D"'), plain.replace(b'"c"', b'"k"')):
        assert fingerprint(changed) != fingerprint(plain)
    with pytest.raises(msgspec.ValidationError):
        fingerprint(b'{"customerId":"c"}')


def test_an_invoice_that_stripe_is_slow_about_is_answered_202(
    office: ApiClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False)

    monkeypatch.setattr(type(world.ports.stripe), "create_draft", slow)
    answer = office.post("/invoices", body())
    assert (answer.status, answer.json["status"]) == (202, "creating")
    monkeypatch.undo()


def test_a_draft_is_reviewed_and_sent_and_voided(office: ApiClient) -> None:
    draft = office.post("/invoices", body(send=False)).json
    assert (draft["status"], draft["sentAt"]) == ("draft", None)
    sent = office.post(f"/invoices/{draft['id']}/send")
    assert (sent.status, sent.json["status"]) == (200, "pending")
    voided = office.post(f"/invoices/{draft['id']}/void")
    assert (voided.status, voided.json["status"], voided.json["balance"]) == (200, "void", "0.00")
    refused = office.post(f"/invoices/{draft['id']}/send")
    assert (refused.status, refused.code) == (409, "invoice_not_sendable")
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
    rest = office.get(f"/invoices?first=2&after={first['pageInfo']['endCursor']}").json
    assert [each["id"] for each in rest["data"]] == [ids[0]]
    assert rest["pageInfo"]["hasNextPage"] is False

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


def test_customers_are_kept_and_listed(api: ApiClient, world: World) -> None:
    saved = api.put(
        "/customers/cust_9", {"firstName": "Dana", "email": " Dana@Example.Test ", "address": {"city": "P"}}
    )
    assert saved.status == 200
    assert (saved.json["email"], saved.json["syncStatus"], saved.json["address"]["city"]) == (
        "Dana@Example.Test",
        "not_connected",
        "P",
    )
    assert api.get("/customers/cust_9").json == saved.json
    assert api.get("/customers?first=1").json["data"] == [{k: v for k, v in saved.json.items() if k != "history"}]
    missing = api.get("/customers/cust_8")
    assert (missing.status, missing.code) == (404, "customer_not_found")


def test_settings_are_replaced_as_a_whole(api: ApiClient, world: World) -> None:
    defaults = api.get("/settings/invoicing").json
    changed = api.admin.put("/settings/invoicing", {"paymentTerms": "net_15", "reminders": {"daysAfterDue": [7, 3]}})
    assert changed.status == 200
    assert (changed.json["paymentTerms"], changed.json["reminders"]["daysAfterDue"]) == ("net_15", [3, 7])
    assert api.get("/settings/invoicing").json == changed.json
    assert api.admin.put("/settings/invoicing", {}).json == defaults
    assert api.admin.put("/settings/invoicing", defaults).json == defaults
    refused = api.admin.put("/settings/invoicing", {"timeZone": "Mars/Olympus"})
    assert (refused.status, refused.code, refused.error["field"]) == (422, "time_zone_unknown", "timeZone")
