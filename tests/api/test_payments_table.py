"""The list of payments as CSV, for spreadsheets and bookkeeping programs."""

from __future__ import annotations

import csv
from io import StringIO
from urllib.parse import urlsplit

import msgspec
import pytest

from chalicelib.api.examples import CSV_EXAMPLES, EXAMPLES
from chalicelib.api.examples.common import LAST_PAGE
from chalicelib.api.http.media_types import prefers_csv
from chalicelib.api.models.movements import MovementList, movement_list
from chalicelib.api.models.movements_csv import movements_csv
from chalicelib.domain.movements import MovementKind
from chalicelib.ports.storage import Page
from tests.api.client import ApiClient
from tests.api.conftest import CONFIG
from tests.api.example_money import NAMES, PAYOUT, ROWS, SETTLED
from tests.api.money_moved import CSV, csv_rows, movement, paid_invoice, payment_rows, refund_payment
from tests.api.settled_money import settled_payment
from tests.world import ORGANIZATION, World

HEADER = (
    "Day,Time,Kind,Status,Amount,Received,Currency,Method,Brand,Last 4,Invoice number,Customer,"
    "Customer name,Reason,ID,Payment ID,"
    "Invoice ID,Fee status,Fee,Net,Settlement currency,Exchange rate,"
    "Amount before exchange,Currency before exchange,Deposit,Deposit status,Payout"
).split(",")


def test_the_csv_has_the_rows_of_the_json(api: ApiClient, world: World, account: str) -> None:
    _, intent = paid_invoice(world)
    refund_payment(world, account, intent, 2000)
    response = api.get("/payments", headers=CSV)
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert "link" not in response.headers, "there is no next page"
    lines = response.text.split("\r\n")
    assert (lines[0].split(","), len(lines), lines[-1]) == (HEADER, 4, "")
    for row, payment in zip(csv_rows(response), payment_rows(api), strict=True):
        assert row["Time"] == payment["at"]
        assert (row["Kind"], row["Status"], row["ID"]) == (payment["kind"], payment["status"], payment["id"])
        assert (row["Amount"], row["Received"]) == (payment["amount"], payment["receivedAmount"])
        assert (row["Method"], row["Brand"], row["Last 4"]) == tuple(payment["method"].values())
        assert (row["Invoice number"], row["Invoice ID"]) == (payment["number"], payment["invoiceId"])
        assert (row["Customer"], row["Payment ID"]) == (payment["customerId"], payment["paymentId"] or "")
        assert row["Customer name"] == payment["customerName"]
        assert (row["Day"], row["Currency"]) == ("2027-01-15", "USD")


def test_the_link_header_leads_through_all_pages(api: ApiClient, world: World, account: str) -> None:
    intents = [paid_invoice(world, f"svc_{number}")[1] for number in range(5)]
    ids, path, pages = [], "/payments?from=2027-01-01&to=2027-01-15T09:00:00Z&kind=payment&method=card&first=2", 0
    while path:
        response = api.get(path, headers=CSV)
        ids += [row["ID"] for row in csv_rows(response)]
        pages += 1
        target, _, relation = response.headers.get("link", "").partition(">; ")
        assert relation in ("", 'rel="next"')
        assert target == "" or target.startswith(f"<{CONFIG.public_api_url}/v1/payments?")
        path = target.removeprefix(f"<{CONFIG.public_api_url}/v1")
        assert "first=2" in urlsplit(path).query or not path
    assert (ids, pages) == (intents[::-1], 3)


def test_a_csv_page_has_a_thousand_rows_unless_fewer_are_requested(
    api: ApiClient, world: World, account: str
) -> None:
    rows = world.ports.database.movements
    for number in range(1001):
        row = movement(id=f"pi_{number:04}", at=1_800_000_000 + number)
        rows[ORGANIZATION, row.id] = row
    first = api.get("/payments", headers=CSV)
    assert len(csv_rows(first)) == 1000
    link = first.headers["link"]
    second_page = api.get(link[link.index("/payments") : link.index(">")], headers=CSV)
    assert [row["ID"] for row in csv_rows(second_page)] == ["pi_0000"]
    assert "link" not in second_page.headers
    assert len(csv_rows(api.get("/payments?first=7", headers=CSV))) == 7
    assert len(payment_rows(api)) == 25


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("x")'])  # noqa: RUF001
def test_no_text_in_a_csv_is_read_as_a_formula(text: str) -> None:
    row = movement(reason=text, number=text, method=text, brand=text)
    [csv_row] = csv.DictReader(StringIO(movements_csv([settled_payment(row)], {}, "UTC"), newline=""), strict=True)
    for column in ("Reason", "Invoice number", "Method", "Brand"):
        assert csv_row[column] == f"'{text}"


def test_amounts_in_a_csv_are_plain_decimals_of_their_currency() -> None:
    rows = [
        settled_payment(movement(kind=MovementKind.REFUND, amount=50)),
        settled_payment(movement(currency="jpy", amount=500)),
        settled_payment(movement(currency="kwd", amount=1250, status="pending")),
    ]
    rows_read = list(csv.DictReader(StringIO(movements_csv(rows, {}, "UTC"), newline="")))
    assert [(row["Amount"], row["Received"], row["Currency"]) for row in rows_read] == [
        ("0.50", "-0.50", "USD"),
        ("500", "500", "JPY"),
        ("1.250", "0.000", "KWD"),
    ]


def test_text_with_commas_quotes_and_any_script_is_unchanged_in_a_csv(
    api: ApiClient, world: World, account: str
) -> None:
    invoice = world.invoice()
    reference = 'Scheck "7", Müller & 株式会社'
    api.post(f"/invoices/{invoice.id}/mark-paid", {"method": "check", "reference": reference})
    [row] = csv_rows(api.get("/payments", headers=CSV))
    assert (row["Reason"], row["Method"]) == (reference, "check")


@pytest.mark.parametrize(
    ("accept", "prefers"),
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
def test_only_a_client_that_prefers_csv_gets_csv(api: ApiClient, accept: str | None, prefers: bool) -> None:
    assert prefers_csv(accept) is prefers
    response = api.get("/payments", headers={} if accept is None else {"Accept": accept})
    assert (response.status, response.headers["content-type"].startswith("text/csv")) == (200, prefers)


def test_the_examples_equal_the_response_for_the_same_payments() -> None:
    refund, payment = (
        settled_payment(row, settlement, payouts=[PAYOUT]) for row, settlement in zip(ROWS, SETTLED, strict=True)
    )
    page = Page((refund, payment), LAST_PAGE["endCursor"], False)
    assert msgspec.to_builtins(movement_list(page, NAMES)) == EXAMPLES[MovementList]
    assert movements_csv(page.items, NAMES, "America/Phoenix") == CSV_EXAMPLES[MovementList]
