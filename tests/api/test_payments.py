"""An organization's money in and out over HTTP, as JSON and as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from chalicelib.api.examples import CSV_EXAMPLES, EXAMPLES
from chalicelib.api.http.media_types import prefers_csv
from chalicelib.api.models.movements import MovementList, movement_list
from chalicelib.api.models.movements_csv import movements_csv
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.movements import Movement, MovementKind
from chalicelib.ports.storage import Page
from tests.api.client import Answer, ApiClient
from tests.api.conftest import CONFIG
from tests.boundaries import watched
from tests.world import ORGANIZATION, World

HEADER = (
    "Day,Time,Kind,Status,Amount,Received,Currency,Method,Brand,Last 4,Invoice number,Customer,Reason,ID,Payment ID,"
    "Invoice ID"
).split(",")
CSV = {"Accept": "text/csv"}


@pytest.fixture
def account(world: World) -> str:
    account = world.connect()
    world.customer()
    return account


def paid(world: World, service: str = "svc_1", method: str = "pm_card_visa") -> tuple[Any, str]:
    """Returns a new invoice of 75.00 that was paid a minute ago, and the id of its payment."""
    invoice = world.invoice(service)
    intent = world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), method)["payment_intent"]
    world.deliver()
    world.advance(60)
    return world.now(invoice), str(intent)


def refunds(world: World, account: str, intent: str, amount: int) -> str:
    options: Any = {"stripe_account": account}
    made = world.client.v1.refunds.create({"payment_intent": intent, "amount": amount}, options)
    world.deliver()
    world.advance(60)
    return str(made.id)


def listed(api: ApiClient, query: str = "") -> list[Any]:
    answer = api.get(f"/payments?{query}")
    assert answer.status == 200, answer.text
    return list(answer.json["data"])


def table(answer: Answer) -> Sequence[dict[str, str]]:
    """The rows of an answer that is CSV, by the names of their columns."""
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/csv"), answer.text
    return list(csv.DictReader(StringIO(answer.text), strict=True))


def movement(**changes: Any) -> Movement:
    given: dict[str, Any] = {
        "id": "pi_1",
        "kind": MovementKind.PAYMENT,
        "status": "succeeded",
        "at": 1_800_000_000,
        "amount": 7500,
        "currency": "usd",
        "invoice_id": InvoiceId("inv_1"),
        "customer_id": CustomerId("cust_1"),
    }
    return Movement(**{**given, **changes})


def test_money_in_and_out_is_listed_newest_first(api: ApiClient, world: World, account: str) -> None:
    invoice, intent = paid(world)
    refund = refunds(world, account, intent, 2000)
    back, came = listed(api)
    assert came == {
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
        "reason": None,
    }
    assert (back["id"], back["kind"], back["amount"], back["receivedAmount"]) == (refund, "refund", "20.00", "-20.00")
    assert (back["paymentId"], back["invoiceId"], back["method"]) == (intent, invoice.id, came["method"])


def test_the_rows_of_an_invoice_add_up_to_what_it_received(api: ApiClient, world: World, account: str) -> None:
    invoice, intent = paid(world)
    refunds(world, account, intent, 1250)
    charge = next(each["id"] for each in world.in_stripe(account, "charge") if each["status"] == "succeeded")
    dispute = world.double.open_dispute(account, charge, amount=1000)["id"]
    world.deliver()
    shown = api.get(f"/invoices/{invoice.id}").json
    assert [row["receivedAmount"] for row in listed(api, "kind=dispute")] == ["0.00"], "the bank has not decided"
    assert sum(Decimal(row["receivedAmount"]) for row in listed(api)) == Decimal(shown["receivedAmount"])
    world.advance(60)
    world.double.move_dispute(account, dispute, "lost")
    world.deliver()
    shown = api.get(f"/invoices/{invoice.id}").json
    assert shown["receivedAmount"] == "52.50"
    assert sum(Decimal(row["receivedAmount"]) for row in listed(api)) == Decimal("52.50")


def test_the_list_is_filtered_by_kind_and_method(api: ApiClient, world: World, account: str) -> None:
    _, intent = paid(world, "svc_1")
    refund = refunds(world, account, intent, 500)
    by_hand = world.invoice("svc_2")
    api.post(f"/invoices/{by_hand.id}/mark-paid", {"method": "check", "reference": "No. 7"})

    def ids(query: str) -> set[str]:
        return {row["id"] for row in listed(api, query)}

    outside = f"outside_{by_hand.id}"
    assert ids("") == {intent, refund, outside}
    assert ids("kind=payment") == {intent, outside}
    assert ids("kind=refund") == {refund}
    assert ids("kind=dispute") == set()
    assert ids("method=card") == {intent, refund}
    assert ids("method=check&kind=payment") == {outside}
    [check] = listed(api, "method=check")
    assert (check["method"], check["reason"]) == ({"type": "check", "brand": None, "last4": None}, "No. 7")


def test_days_are_those_of_the_companys_time_zone(api: ApiClient, world: World, account: str) -> None:
    world.advance(22 * 3600 + 1800)  # 06:30 UTC of the 16th, still the 15th in Phoenix
    paid(world)
    assert len(listed(api, "from=2027-01-15&to=2027-01-15")) == 1
    assert listed(api, "from=2027-01-16") == []
    assert len(listed(api, "from=2027-01-16T00:00:00Z&to=2027-01-16T07:00:00Z")) == 1
    assert listed(api, "to=2027-01-16T06:30:00Z") == [], "the end is exclusive"
    assert table(api.get("/payments", headers=CSV))[0]["Day"] == "2027-01-15"


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("from=2027-02-01&to=2027-01-31", 422, "period_invalid", "from"),
        ("from=2027-01-02T00:00:00Z&to=2027-01-01T00:00:00Z", 422, "period_invalid", "from"),
        ("from=yesterday", 400, "invalid_query", "from"),
        ("kind=payout", 400, "invalid_query", "kind"),
        ("first=101", 400, "invalid_query", "first"),
        ("method=", 400, "invalid_query", "method"),
        ("status=paid", 400, "invalid_query", "status"),
        ("after=bm90b3Vycw", 422, "cursor_invalid", "after"),
    ],
)
def test_a_wrong_query_names_its_parameter_whatever_is_accepted(
    api: ApiClient, query: str, status: int, code: str, field: str
) -> None:
    for headers in ({}, CSV):
        answer = api.get(f"/payments?{query}", headers=headers)
        assert (answer.status, answer.code, answer.error["field"]) == (status, code, field)
        assert answer.headers["content-type"] == "application/json"


def test_another_organization_sees_nothing_of_it(api: ApiClient, world: World, account: str) -> None:
    paid(world)
    cursor = api.get("/payments?first=1").json["pageInfo"]["endCursor"]
    stranger = api.acting("admin", organization="org_green")
    assert stranger.get("/payments").json["data"] == []
    assert table(stranger.get("/payments", headers=CSV)) == []
    assert stranger.get(f"/payments?after={cursor}").code == "cursor_invalid"


def test_a_page_takes_one_query_and_days_take_the_time_zone_too(api: ApiClient, world: World, account: str) -> None:
    paid(world)
    boundaries = watched(world)
    listed(api, "kind=payment")
    assert boundaries.calls == ["payments.page"]
    boundaries = watched(world)
    listed(api, "from=2027-01-01")
    assert boundaries.calls == ["settings.get", "connections.get", "payments.page"]
    boundaries = watched(world)
    table(api.get("/payments?from=2027-01-01", headers=CSV))
    assert boundaries.calls == ["settings.get", "connections.get", "payments.page"]


def test_the_list_is_paged(api: ApiClient, world: World, account: str) -> None:
    ids = [paid(world, f"svc_{number}")[1] for number in range(3)]
    first = api.get("/payments?first=2").json
    assert [row["id"] for row in first["data"]] == ids[:0:-1]
    rest = api.get(f"/payments?first=2&after={first['pageInfo']['endCursor']}").json
    assert ([row["id"] for row in rest["data"]], rest["pageInfo"]["hasNextPage"]) == (ids[:1], False)


def test_the_table_has_the_rows_of_the_list(api: ApiClient, world: World, account: str) -> None:
    _, intent = paid(world)
    refunds(world, account, intent, 2000)
    answer = api.get("/payments", headers=CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert "link" not in answer.headers, "there is no next page"
    lines = answer.text.split("\r\n")
    assert (lines[0].split(","), len(lines), lines[-1]) == (HEADER, 4, "")
    for row, shown in zip(table(answer), listed(api), strict=True):
        assert row["Time"] == shown["at"]
        assert (row["Kind"], row["Status"], row["ID"]) == (shown["kind"], shown["status"], shown["id"])
        assert (row["Amount"], row["Received"]) == (shown["amount"], shown["receivedAmount"])
        assert (row["Method"], row["Brand"], row["Last 4"]) == tuple(shown["method"].values())
        assert (row["Invoice number"], row["Invoice ID"]) == (shown["number"], shown["invoiceId"])
        assert (row["Customer"], row["Payment ID"]) == (shown["customerId"], shown["paymentId"] or "")
        assert (row["Day"], row["Currency"]) == ("2027-01-15", "USD")


def test_the_link_of_a_table_leads_through_all_its_pages(api: ApiClient, world: World, account: str) -> None:
    intents = [paid(world, f"svc_{number}")[1] for number in range(5)]
    ids, path, pages = [], "/payments?from=2027-01-01&to=2027-01-15T09:00:00Z&kind=payment&method=card&first=2", 0
    while path:
        answer = api.get(path, headers=CSV)
        ids += [row["ID"] for row in table(answer)]
        pages += 1
        target, _, relation = answer.headers.get("link", "").partition(">; ")
        assert relation in ("", 'rel="next"')
        assert target == "" or target.startswith(f"<{CONFIG.public_api_url}/v1/payments?")
        path = target.removeprefix(f"<{CONFIG.public_api_url}/v1")
        assert "first=2" in urlsplit(path).query or not path
    assert (ids, pages) == (intents[::-1], 3)


def test_a_table_has_a_thousand_rows_a_page_unless_somebody_asks_for_fewer(
    api: ApiClient, world: World, account: str
) -> None:
    rows = world.ports.database.movements
    for number in range(1001):
        row = movement(id=f"pi_{number:04}", at=1_800_000_000 + number)
        rows[ORGANIZATION, row.id] = row
    first = api.get("/payments", headers=CSV)
    assert len(table(first)) == 1000
    link = first.headers["link"]
    rest = api.get(link[link.index("/payments") : link.index(">")], headers=CSV)
    assert [row["ID"] for row in table(rest)] == ["pi_0000"]
    assert "link" not in rest.headers
    assert len(table(api.get("/payments?first=7", headers=CSV))) == 7
    assert len(listed(api)) == 25


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")'])  # noqa: RUF001
def test_no_text_of_a_table_is_taken_for_a_formula(text: str) -> None:
    row = movement(reason=text, number=text, method=text, brand=text)
    [read] = csv.DictReader(StringIO(movements_csv([row], "UTC"), newline=""), strict=True)
    for column in ("Reason", "Invoice number", "Method", "Brand"):
        assert read[column] == f"'{text}"


def test_amounts_of_a_table_are_plain_decimals_of_their_currency() -> None:
    rows = [
        movement(kind=MovementKind.REFUND, amount=50),
        movement(currency="jpy", amount=500),
        movement(currency="kwd", amount=1250, status="pending"),
    ]
    read = list(csv.DictReader(StringIO(movements_csv(rows, "UTC"), newline="")))
    assert [(row["Amount"], row["Received"], row["Currency"]) for row in read] == [
        ("0.50", "-0.50", "USD"),
        ("500", "500", "JPY"),
        ("1.250", "0.000", "KWD"),
    ]


def test_a_text_with_commas_quotes_and_letters_of_any_script_comes_through_whole(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    reference = 'Scheck "7", Müller & 株式会社'
    api.post(f"/invoices/{invoice.id}/mark-paid", {"method": "check", "reference": reference})
    [row] = table(api.get("/payments", headers=CSV))
    assert (row["Reason"], row["Method"]) == (reference, "check")


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/csv, */*", True),
        ("text/csv;q=0.9, application/json;q=0.5", True),
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("application/json, text/csv", False),
        ("application/json, text/csv;q=0.9", False),
        ("text/csv;q=0", False),
        ("text/csv;q=much", False),
        ("application/vnd.ms-excel", False),
        (";;;,,,", False),
    ],
)
def test_only_who_prefers_csv_gets_it(api: ApiClient, accept: str | None, wanted: bool) -> None:
    assert prefers_csv(accept) is wanted
    answer = api.get("/payments", headers={} if accept is None else {"Accept": accept})
    assert (answer.status, answer.headers["content-type"].startswith("text/csv")) == (200, wanted)


def test_the_examples_are_what_is_answered_for_the_same_money() -> None:
    card = {"method": "card", "brand": "mastercard", "last4": "4444", "number": "A1B2C3D4-0001"}
    shown = EXAMPLES[MovementList]["data"]
    about = {"invoice_id": InvoiceId(shown[0]["invoiceId"]), "customer_id": CustomerId("cust_456"), **card}
    rows = (
        movement(
            id=shown[0]["id"],
            kind=MovementKind.REFUND,
            at=1795660200,
            amount=2000,
            payment_id=shown[1]["id"],
            reason="requested_by_customer",
            **about,
        ),
        movement(id=shown[1]["id"], at=1795626760, amount=12150, **about),
    )
    assert msgspec.to_builtins(movement_list(Page(rows, None, False))) == EXAMPLES[MovementList]
    assert movements_csv(rows, "America/Phoenix") == CSV_EXAMPLES[MovementList]
