"""The list of an organization's payments, refunds and disputes over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.api.client import ApiClient
from tests.api.money_moved import CSV, csv_rows, movement, paid_invoice, payment_rows, refund_payment
from tests.api.settled_money import NOT_READ
from tests.boundaries import count_calls
from tests.world import ORGANIZATION, World


def test_money_in_and_out_is_listed_newest_first(api: ApiClient, world: World, account: str) -> None:
    invoice, intent = paid_invoice(world)
    refund = refund_payment(world, account, intent, 2000)
    back, came = payment_rows(api)
    assert came == {
        **NOT_READ,
        "id": intent,
        "kind": "payment",
        "status": "succeeded",
        "at": "2027-01-15T08:00:00Z",
        "amount": "75.00",
        "receivedAmount": "75.00",
        "currency": "usd",
        "method": {"type": "card", "brand": "visa", "last4": "4242"},
        "paymentId": None,
        "invoiceId": invoice.id,
        "number": invoice.facts.invoice.number,
        "customerId": "cust_1",
        "customerName": "Ann Lee",
        "reason": None,
    }
    assert (back["id"], back["kind"], back["amount"], back["receivedAmount"]) == (refund, "refund", "20.00", "-20.00")
    assert (back["paymentId"], back["invoiceId"], back["method"]) == (intent, invoice.id, came["method"])


def test_the_rows_of_an_invoice_add_up_to_the_amount_it_received(api: ApiClient, world: World, account: str) -> None:
    invoice, intent = paid_invoice(world)
    refund_payment(world, account, intent, 1250)
    charge = next(each["id"] for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    dispute = world.double.open_dispute(account, charge, amount=1000)["id"]
    world.deliver()
    invoice_json = api.get(f"/invoices/{invoice.id}").json
    assert [row["receivedAmount"] for row in payment_rows(api, "kind=dispute")] == ["0.00"], (
        "the bank has not decided"
    )
    assert sum(Decimal(row["receivedAmount"]) for row in payment_rows(api)) == Decimal(invoice_json["receivedAmount"])
    world.advance(60)
    world.double.move_dispute(account, dispute, "lost")
    world.deliver()
    invoice_json = api.get(f"/invoices/{invoice.id}").json
    assert invoice_json["receivedAmount"] == "52.50"
    assert sum(Decimal(row["receivedAmount"]) for row in payment_rows(api)) == Decimal("52.50")


def test_a_lost_dispute_takes_the_unrefunded_amount_while_the_invoice_has_the_whole_claim(
    api: ApiClient, world: World, account: str
) -> None:
    invoice, intent = paid_invoice(world)
    refund_payment(world, account, intent, 2000)
    charge = next(each["id"] for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    dispute = world.double.open_dispute(account, charge, amount=7500)["id"]
    world.double.move_dispute(account, dispute, "lost")
    world.deliver()
    [row] = payment_rows(api, "kind=dispute")
    [payment] = api.get(f"/invoices/{invoice.id}").json["payments"]
    assert (row["status"], row["amount"], row["receivedAmount"]) == ("lost", "55.00", "-55.00")
    assert payment["disputes"][0]["amount"] == "75.00"


def test_the_list_is_filtered_by_kind_and_method(api: ApiClient, world: World, account: str) -> None:
    _, intent = paid_invoice(world, "svc_1")
    refund = refund_payment(world, account, intent, 500)
    by_hand = world.invoice("svc_2")
    api.post(f"/invoices/{by_hand.id}/mark-paid", {"method": "check", "reference": "No. 7"})

    def ids(query: str) -> set[str]:
        return {row["id"] for row in payment_rows(api, query)}

    outside = f"outside_{by_hand.id}"
    assert ids("") == {intent, refund, outside}
    assert ids("kind=payment") == {intent, outside}
    assert ids("kind=refund") == {refund}
    assert ids("kind=dispute") == set()
    assert ids("method=card") == {intent, refund}
    assert ids("method=check&kind=payment") == {outside}
    [check] = payment_rows(api, "method=check")
    assert (check["method"], check["reason"]) == ({"type": "check", "brand": None, "last4": None}, "No. 7")


def test_days_are_in_the_companys_time_zone(api: ApiClient, world: World, account: str) -> None:
    world.advance(22 * 3600 + 1800)  # 06:30 UTC of the 16th, still the 15th in Phoenix
    paid_invoice(world)
    assert len(payment_rows(api, "from=2027-01-15&to=2027-01-15")) == 1
    assert payment_rows(api, "from=2027-01-16") == []
    assert len(payment_rows(api, "from=2027-01-16T00:00:00Z&to=2027-01-16T07:00:00Z")) == 1
    assert payment_rows(api, "to=2027-01-16T06:30:00Z") == [], "the end is exclusive"
    assert csv_rows(api.get("/payments", headers=CSV))[0]["Day"] == "2027-01-15"


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("from=2027-02-01&to=2027-01-31", 422, "period_invalid", "from"),
        ("from=2027-01-02T00:00:00Z&to=2027-01-01T00:00:00Z", 422, "period_invalid", "from"),
        ("from=yesterday", 400, "invalid_query", "from"),
        ("kind=payout", 400, "invalid_query", "kind"),
        ("first=1001", 400, "invalid_query", "first"),
        ("first=0", 400, "invalid_query", "first"),
        ("method=", 400, "invalid_query", "method"),
        ("status=paid", 400, "invalid_query", "status"),
        ("after=bm90b3Vycw", 422, "cursor_invalid", "after"),
    ],
)
def test_a_wrong_query_names_its_parameter_in_either_format(
    api: ApiClient, query: str, status: int, code: str, field: str
) -> None:
    for headers in ({}, CSV):
        response = api.get(f"/payments?{query}", headers=headers)
        assert (response.status, response.code, response.error["field"]) == (status, code, field)
        assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("number", [101, 1000])
def test_up_to_a_thousand_rows_can_be_requested_and_take_one_query(
    api: ApiClient, world: World, account: str, number: int
) -> None:
    for each in range(1001):
        row = movement(id=f"pi_{each:04}", at=1_800_000_000 + each)
        world.ports.database.movements[ORGANIZATION, row.id] = row
    boundaries = count_calls(world)
    assert len(payment_rows(api, f"first={number}")) == number
    assert boundaries.calls == ["payments.page", "customers.several"]
    assert len(csv_rows(api.get(f"/payments?first={number}", headers=CSV))) == number


def test_another_organization_cannot_read_any_of_the_data(api: ApiClient, world: World, account: str) -> None:
    paid_invoice(world)
    cursor = api.get("/payments?first=1").json["pageInfo"]["endCursor"]
    other_organization = api.acting("admin", organization="org_green")
    assert other_organization.get("/payments").json["data"] == []
    assert csv_rows(other_organization.get("/payments", headers=CSV)) == []
    assert other_organization.get(f"/payments?after={cursor}").code == "cursor_invalid"


def test_a_page_takes_one_query_and_one_batch_read_of_names_and_days_add_the_time_zone(
    api: ApiClient, world: World, account: str
) -> None:
    paid_invoice(world)
    boundaries = count_calls(world)
    payment_rows(api, "kind=payment")
    assert boundaries.calls == ["payments.page", "customers.several"]
    boundaries = count_calls(world)
    payment_rows(api, "from=2027-01-01")
    assert boundaries.calls == ["settings.get", "connections.get", "payments.page", "customers.several"]
    boundaries = count_calls(world)
    csv_rows(api.get("/payments?from=2027-01-01", headers=CSV))
    assert boundaries.calls == ["settings.get", "connections.get", "payments.page", "customers.several"]


def test_the_list_is_paged(api: ApiClient, world: World, account: str) -> None:
    ids = [paid_invoice(world, f"svc_{number}")[1] for number in range(3)]
    first = api.get("/payments?first=2").json
    assert [row["id"] for row in first["data"]] == ids[:0:-1]
    second_page = api.get(f"/payments?first=2&after={first['pageInfo']['endCursor']}").json
    assert ([row["id"] for row in second_page["data"]], second_page["pageInfo"]["hasNextPage"]) == (ids[:1], False)
