"""Payouts, and the lines of one payout, as CSV for bookkeepers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.api.examples import CSV_EXAMPLES
from chalicelib.api.examples.common import LAST_PAGE
from chalicelib.api.models.payout_lines import PayoutDetail
from chalicelib.api.models.payouts import PayoutList
from chalicelib.api.models.payouts_csv import payout_lines_csv, payouts_csv
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.payout_lines import Owner, PayoutLine
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.ports.storage import Page
from tests.api.client import ApiClient
from tests.api.conftest import CONFIG
from tests.api.example_money import LINES, NAMES, PAYOUT
from tests.api.money_moved import CSV, csv_rows
from tests.api.settled_money import account_fee, of_pom, payment_transaction, payout_fact, store_payout
from tests.boundaries import count_calls
from tests.world import World

LINES_OF_ONE = [
    of_pom(payment_transaction("txn_1", 12150, 382)),
    of_pom(
        payment_transaction("txn_2", -2000, type="refund", category="refund", source_type="refund", source_id="re_1")
    ),
    PayoutLine(payment_transaction("txn_3", 5000, 175, description="Web shop")),
    PayoutLine(account_fee("txn_4", 200, description="Billing - usage fee")),
]
AMOUNT = sum(line.transaction.net for line in LINES_OF_ONE)


def lines_of(api: ApiClient, payout_id: str) -> list[dict[str, str]]:
    """Returns the rows of all pages of a payout's CSV, following the links as a client does."""
    rows, path = [], f"/payouts/{payout_id}?first=100"
    while path:
        response = api.get(path, headers=CSV)
        rows += csv_rows(response)
        target = response.headers.get("link", "").partition(">; ")[0]
        path = target.removeprefix(f"<{CONFIG.public_api_url}/v1")
    return rows


def net(rows: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["Net"]) for row in rows), Decimal())


def test_the_csv_of_payouts_has_the_amounts_of_the_json(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", AMOUNT, statement_descriptor="BLUE POOLS"), LINES_OF_ONE)
    store_payout(world, payout_fact("po_2", AMOUNT + 5, status="failed", failure_code="no_account"), LINES_OF_ONE)
    store_payout(world, payout_fact("po_3", 700, automatic=False, destination=None, last4=None))
    rows, payouts = csv_rows(api.get("/payouts", headers=CSV)), api.get("/payouts").json["data"]
    for row, payout in zip(rows, payouts, strict=True):
        bank, totals = payout["bank"] or {"name": "", "last4": ""}, payout["totals"] or {}
        assert (row["ID"], row["Arrival"], row["Created"]) == (payout["id"], payout["arrivesOn"], payout["createdAt"])
        assert (row["Amount"], row["Currency"]) == (payout["amount"], payout["currency"].upper())
        assert row["Bank amount"] == payout["bankAmount"]
        assert (row["Bank"], row["Last 4"], row["Status"]) == (bank["name"], bank["last4"], payout["status"])
        parts = ("Payments", "Refunds", "Disputes", "Fees", "Other", "Outside POM", "Unexplained")
        assert [row[part] for part in parts] == [*totals.values()] if totals else [""] * 7
        assert (row["Message"], row["Next step"]) == (payout["message"], payout["nextStep"] or "")
        assert row["Tied out"] == {True: "yes", False: "no", None: ""}[payout["tiedOut"]]
        assert row["Invoices"] == ("" if payout["invoiceCount"] is None else str(payout["invoiceCount"]))
    assert {row["ID"]: row["Tied out"] for row in rows} == {"po_1": "yes", "po_2": "no", "po_3": ""}


def test_the_csv_of_a_payout_has_the_lines_of_the_json(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", AMOUNT), LINES_OF_ONE)
    rows, payout = lines_of(api, "po_1"), api.get("/payouts/po_1").json
    for row, line in zip(rows, payout["lines"], strict=True):
        assert (row["ID"], row["Time"], row["Day"]) == (line["id"], line["at"], "2027-01-15")
        assert (row["Kind"], row["Category"]) == (line["kind"], line["category"])
        assert (row["Gross"], row["Fee"], row["Net"]) == (line["gross"], line["fee"], line["net"])
        assert (row["Invoice number"], row["Customer"]) == (line["number"] or "", line["customerId"] or "")
        assert row["Customer name"] == (line["customerName"] or "")
        assert (row["Invoice ID"], row["Payment ID"]) == (line["invoiceId"] or "", line["paymentId"] or "")
        assert (row["Description"], row["Outside POM"]) == (
            line["description"] or "",
            "yes" if line["outsidePom"] else "no",
        )
        assert (row["Payout"], row["Arrival"], row["Payout status"]) == ("po_1", "2027-01-20", "paid")
        assert row["Currency"] == "USD"
    assert net(rows) == Decimal(payout["amount"])


def test_a_remainder_is_one_row_so_that_the_csv_adds_up(api: ApiClient, world: World) -> None:
    lines = [of_pom(payment_transaction(f"txn_{number:03}", 100)) for number in range(250)]
    store_payout(world, payout_fact("po_1", 25_123), lines)
    rows = lines_of(api, "po_1")
    assert len(rows) == 251
    assert (rows[-1]["Kind"], rows[-1]["Gross"], rows[-1]["Fee"], rows[-1]["Net"]) == (
        "unexplained",
        "1.23",
        "0.00",
        "1.23",
    )
    assert "1.23 USD of it is not explained" in rows[-1]["Description"]
    assert net(rows) == Decimal("251.23")


@pytest.mark.parametrize("amount", [70_000, -70_000])
@pytest.mark.parametrize(
    "changes", [{"automatic": False}, {"method": "instant"}, {"reconciliation_status": "in_progress"}]
)
def test_a_payout_without_lines_is_one_row_with_the_reason(
    api: ApiClient, world: World, amount: int, changes: dict[str, Any]
) -> None:
    store_payout(world, payout_fact("po_1", amount, **changes))
    [row] = lines_of(api, "po_1")
    payout = api.get("/payouts/po_1").json
    assert (row["Kind"], row["Net"], row["Description"]) == ("not itemized", payout["amount"], payout["message"])


def test_the_bank_amounts_of_all_payouts_equal_the_amounts_on_the_bank_account(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 9_680, status="failed"), returned_in="po_2")
    store_payout(world, payout_fact("po_2", 9_680))
    store_payout(world, payout_fact("po_3", 500, status="canceled"))
    store_payout(world, payout_fact("po_4", 700, status="in_transit"))
    store_payout(world, payout_fact("po_5", -2_000))
    store_payout(world, payout_fact("po_6", 300, reversed_by_id="po_7", automatic=False))
    store_payout(world, payout_fact("po_7", -300, original_payout_id="po_6", automatic=False))
    rows = {row["ID"]: row for row in csv_rows(api.get("/payouts", headers=CSV))}
    assert sum(Decimal(row["Bank amount"]) for row in rows.values()) == Decimal("96.80") - 20
    assert [rows[f"po_{number}"]["Bank amount"] for number in (1, 3, 4)] == ["0.00"] * 3
    assert rows["po_1"]["Paid again in"] == "po_2"
    assert (rows["po_6"]["Reversed by"], rows["po_7"]["Reverses"]) == ("po_7", "po_6")


def test_a_converted_line_has_the_amount_before_the_conversion_too(api: ApiClient, world: World) -> None:
    exchanged_payment = payment_transaction(
        "txn_1", 9210, exchange_rate="0.921", source_amount=10000, source_currency="cad", currency="eur"
    )
    store_payout(world, payout_fact("po_1", 9210, currency="eur"), [of_pom(exchanged_payment)])
    [row] = lines_of(api, "po_1")
    columns = ("Gross", "Currency", "Exchange rate", "Amount before exchange", "Currency before exchange")
    assert [row[column] for column in columns] == ["92.10", "EUR", "0.921", "100.00", "CAD"]


def test_a_payout_that_reverses_another_is_one_row_that_names_it(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 100, reversed_by_id="po_2"))
    store_payout(world, payout_fact("po_2", -100, original_payout_id="po_1", automatic=False))
    [row] = lines_of(api, "po_2")
    assert (row["Kind"], row["Net"]) == ("reversal", "-1.00")
    assert "It reverses the payout po_1" in row["Description"]
    assert "Stripe cannot tell" not in row["Description"]
    table_rows = {each["ID"]: each for each in csv_rows(api.get("/payouts", headers=CSV))}
    assert (table_rows["po_2"]["Reverses"], table_rows["po_1"]["Reversed by"]) == ("po_1", "po_2")


def test_a_text_of_stripe_in_a_csv_is_not_read_as_a_formula(api: ApiClient, world: World) -> None:
    text = '=HYPERLINK("x")'
    owner = Owner(InvoiceId("inv_1"), CustomerId("-cust"), text)
    line = of_pom(payment_transaction("txn_1", 100, description=text, category=text), owner)
    fact = payout_fact(
        "po_1", 100, status=text, destination=text, last4="-123", statement_descriptor=text, trace_id=text
    )
    store_payout(world, fact, [line])
    [payout] = csv_rows(api.get("/payouts", headers=CSV))
    [row] = lines_of(api, "po_1")
    for name in ("Status", "Bank", "Statement", "Trace ID"):
        assert payout[name] == f"'{text}"
    for name in ("Category", "Invoice number", "Description", "Payout status"):
        assert row[name] == f"'{text}"
    assert (payout["Last 4"], row["Customer"]) == ("'-123", "'-cust")


def test_the_link_header_leads_through_all_pages_of_payouts(api: ApiClient, world: World) -> None:
    for number in range(5):
        store_payout(world, payout_fact(f"po_{number}", 100))
    ids, path = [], "/payouts?from=2027-01-01&to=2027-01-31&first=2"
    while path:
        response = api.get(path, headers=CSV)
        ids += [row["ID"] for row in csv_rows(response)]
        target = response.headers.get("link", "").partition(">; ")[0]
        assert not target or ("from=2027-01-01" in target and "first=2" in target)
        path = target.removeprefix(f"<{CONFIG.public_api_url}/v1")
    assert ids == ["po_4", "po_3", "po_2", "po_1", "po_0"]


def test_a_csv_page_of_a_thousand_lines_takes_five_reads(api: ApiClient, world: World) -> None:
    store_payout(
        world,
        payout_fact("po_1", 100_100),
        [of_pom(payment_transaction(f"txn_{number:04}", 100)) for number in range(1001)],
    )
    boundaries = count_calls(world)
    response = api.get("/payouts/po_1", headers=CSV)
    assert sorted(boundaries.calls) == [
        *["connections.get"] * 2,
        "customers.several",
        "payouts.get",
        "payouts.lines",
        "settings.get",
    ]
    assert len(csv_rows(response)) == 1000
    assert "link" in response.headers


def test_the_examples_equal_the_response_for_the_same_payout() -> None:
    page = Page(LINES, LAST_PAGE["endCursor"], False)
    assert payouts_csv([PAYOUT], RelatedPayouts()) == CSV_EXAMPLES[PayoutList]
    assert payout_lines_csv(PAYOUT, page, "America/Phoenix", RelatedPayouts(), NAMES) == CSV_EXAMPLES[PayoutDetail]
