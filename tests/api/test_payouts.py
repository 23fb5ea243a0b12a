"""Payouts over HTTP: the lines of each, and why some have none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from chalicelib.api.examples import EXAMPLES
from chalicelib.api.examples.common import LAST_PAGE
from chalicelib.api.models.payout_lines import PayoutDetail, payout_detail
from chalicelib.api.models.payouts import PayoutList, payout_list
from chalicelib.domain.balance_transactions import FeePart
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.payout_lines import Owner, PayoutLine
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.ports.storage import Page
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.api.example_money import LINES, NAMES, PAYOUT
from tests.api.settled_money import account_fee, midnight, of_pom, payment_transaction, payout_fact, store_payout
from tests.boundaries import count_calls
from tests.world import World

NEIGHBOUR = Owner(InvoiceId("inv_2"), CustomerId("cust_2"), "A1-0002")

LINES_OF_EVERY_KIND = [
    of_pom(payment_transaction("txn_1", 12150, 382)),
    of_pom(payment_transaction("txn_2", 7500, 248), NEIGHBOUR),
    of_pom(
        payment_transaction("txn_3", -2000, type="refund", category="refund", source_type="refund", source_id="re_1")
    ),
    of_pom(
        payment_transaction(
            "txn_4", -7500, 1500, type="adjustment", category="dispute", source_type="dispute", source_id="du_1"
        )
    ),
    PayoutLine(payment_transaction("txn_5", 5000, 175, description="Web shop")),
    PayoutLine(account_fee("txn_6", 200, description="Billing - usage fee")),
    PayoutLine(
        payment_transaction(
            "txn_7", -100, type="climate", category="contribution", source_type="climate", source_id="cl_1"
        )
    ),
]
"""Lines of every kind, including one of a category that POM does not have."""
MIXED_AMOUNT = sum(line.transaction.net for line in LINES_OF_EVERY_KIND)


def payout_json(api: ApiClient, payout_id: str, query: str = "") -> Any:
    response = api.get(f"/payouts/{payout_id}?{query}")
    assert response.status == 200, response.text
    return response.json


def listed_payouts(api: ApiClient, query: str = "") -> list[Any]:
    response = api.get(f"/payouts?{query}")
    assert response.status == 200, response.text
    return list(response.json["data"])


def money(values: Any) -> Decimal:
    return sum((Decimal(value) for value in values), Decimal())


def test_a_payout_has_totals_by_kind(api: ApiClient, world: World) -> None:
    store_payout(
        world,
        payout_fact("po_1", MIXED_AMOUNT, statement_descriptor="BLUE POOLS", trace_id="0910"),
        LINES_OF_EVERY_KIND,
    )
    [payout] = listed_payouts(api)
    assert payout == {
        "id": "po_1",
        "arrivesOn": "2027-01-20",
        "createdAt": "2027-01-15T08:00:00Z",
        "amount": "125.45",
        "bankAmount": "125.45",
        "currency": "usd",
        "bank": {"name": "STRIPE TEST BANK", "last4": "6789"},
        "status": "paid",
        "message": "Arrived at the bank on 20 January 2027.",
        "nextStep": None,
        "method": "standard",
        "automatic": True,
        "statementDescriptor": "BLUE POOLS",
        "traceId": "0910",
        "totals": {
            "payments": "196.50",
            "refunds": "-20.00",
            "disputes": "-75.00",
            "fees": "-23.30",
            "other": "-1.00",
            "outsidePom": "48.25",
            "unexplained": "0.00",
        },
        "invoiceCount": 2,
        "lineCount": 7,
        "tiedOut": True,
        "originalPayoutId": None,
        "reversedById": None,
        "paidAgainIn": None,
        "paysAgain": [],
        "accountConnected": True,
    }
    assert money(payout["totals"].values()) == Decimal(payout["amount"])


def test_the_lines_of_a_payout_name_their_invoices_and_add_up_to_its_totals_and_its_amount(
    api: ApiClient, world: World
) -> None:
    store_payout(world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    payout = payout_json(api, "po_1")
    lines = {line["id"]: line for line in payout["lines"]}
    assert lines["txn_1"] == {
        "id": "txn_1",
        "kind": "payment",
        "category": "charge",
        "type": "charge",
        "outsidePom": False,
        "at": "2027-01-15T08:00:00Z",
        "availableOn": "2027-01-18",
        "gross": "121.50",
        "fee": "3.82",
        "feeParts": [{"type": "stripe_fee", "amount": "3.82", "description": "Stripe processing fees"}],
        "net": "117.68",
        "currency": "usd",
        "exchange": None,
        "description": None,
        "invoiceId": "inv_1",
        "number": "A1-0001",
        "customerId": "cust_1",
        "customerName": None,
        "paymentId": "pi_txn_1",
    }
    assert {line["number"] for line in payout["lines"]} == {"A1-0001", "A1-0002", None}
    assert money(line["net"] for line in payout["lines"]) == Decimal(payout["amount"])
    for line in payout["lines"]:
        assert Decimal(line["gross"]) - Decimal(line["fee"]) == Decimal(line["net"])
        assert money(part["amount"] for part in line["feeParts"]) == Decimal(line["fee"])
    own = [line for line in payout["lines"] if not line["outsidePom"]]
    for total, kind in (("payments", "payment"), ("refunds", "refund"), ("disputes", "dispute"), ("other", "other")):
        assert money(line["gross"] for line in own if line["kind"] == kind) == Decimal(payout["totals"][total])
    assert -money(line["fee"] for line in own) == Decimal(payout["totals"]["fees"])
    [monthly] = [line for line in own if line["kind"] == "fee"]
    assert (monthly["gross"], -Decimal(monthly["fee"])) == ("0.00", Decimal(monthly["net"]))


def test_a_transaction_of_an_unknown_type_is_a_line_with_stripes_name(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    [line] = [line for line in payout_json(api, "po_1")["lines"] if line["kind"] == "other"]
    assert (line["category"], line["type"], line["net"]) == ("contribution", "climate", "-1.00")


def test_transactions_of_another_business_are_marked_and_belong_to_no_invoice(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    [line] = [line for line in payout_json(api, "po_1")["lines"] if line["outsidePom"]]
    assert (line["kind"], line["description"], line["net"]) == ("payment", "Web shop", "48.25")
    assert (line["invoiceId"], line["number"], line["customerId"]) == (None, None, None)


def test_an_unexplained_remainder_is_in_the_totals_with_a_sentence(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 12000), [of_pom(payment_transaction("txn_1", 12150, 382))])
    payout = payout_json(api, "po_1")
    assert (payout["tiedOut"], payout["totals"]["unexplained"]) == (False, "2.32")
    assert "2.32 USD of it is not explained" in payout["message"]
    assert payout["nextStep"]
    assert money(payout["totals"].values()) == Decimal(payout["amount"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"automatic": False, "reconciliation_status": "not_applicable"},
            "It was made by hand. Stripe cannot tell which payments are in such a payout.",
        ),
        (
            {"method": "instant", "automatic": False, "reconciliation_status": "not_applicable"},
            "It is an instant payout. Stripe cannot tell which payments are in such a payout.",
        ),
        ({"reconciliation_status": "in_progress"}, "Stripe has not said yet which payments are in it."),
        ({}, "POM is still reading from Stripe which payments are in it."),
    ],
    ids=["by_hand", "instant", "not_yet", "being_read"],
)
def test_a_payout_without_lines_says_why(api: ApiClient, world: World, changes: Any, why: str) -> None:
    store_payout(world, payout_fact("po_1", 11768, **changes))
    world.ports.payouts.put_lines(
        PAYOUT.organization_id, "po_1", [of_pom(payment_transaction("txn_1", 5000))]
    )  # incomplete
    payout = payout_json(api, "po_1")
    assert (payout["lines"], payout["pageInfo"]) == ([], {"endCursor": None, "hasNextPage": False})
    assert [payout[name] for name in ("totals", "invoiceCount", "lineCount", "tiedOut")] == [None] * 4
    assert payout["message"].endswith(why)


def test_a_negative_payout_is_described_as_taken_from_the_bank(api: ApiClient, world: World) -> None:
    lines = [
        of_pom(
            payment_transaction(
                "txn_1", -2000, type="refund", category="refund", source_type="refund", source_id="re_1"
            )
        )
    ]
    store_payout(world, payout_fact("po_1", -2000), lines)
    [payout] = listed_payouts(api)
    assert (payout["amount"], payout["totals"]["refunds"], payout["tiedOut"]) == ("-20.00", "-20.00", True)
    assert payout["message"] == (
        "Stripe took this amount from the bank account on 20 January 2027, because the balance was negative."
    )


def test_a_failed_payout_has_the_reason_the_next_step_and_the_payout_that_replaced_it(
    api: ApiClient, world: World
) -> None:
    failed_payout = payout_fact("po_1", 11768, status="failed", failure_code="account_closed")
    store_payout(
        world,
        failed_payout,
        [of_pom(payment_transaction("txn_1", 12150, 382))],
        paid_seen_at=midnight("2027-01-20"),
        returned_in="po_2",
    )
    payout = payout_json(api, "po_1")
    assert payout["message"] == (
        "The bank sent it back after it had been paid. The bank account has been closed. Its money came back to "
        "the Stripe balance. It went out again with the payout po_2."
    )
    assert payout["nextStep"].startswith("Enter another bank account in the Stripe dashboard")
    assert (payout["status"], payout["paidAgainIn"], payout["tiedOut"]) == ("failed", "po_2", True)


def test_a_payout_of_a_former_account_stays_listed_and_is_marked(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 100, status="in_transit"), account_id="acct_before")
    [payout] = listed_payouts(api)
    assert payout["accountConnected"] is False
    assert "Its Stripe account acct_before is no longer connected" in payout["message"]


def test_a_payout_names_the_failed_payouts_whose_money_it_contains(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 100, status="failed"), returned_in="po_2")
    back = payment_transaction(
        "txn_1", 100, type="payout_failure", category="payout_reversal", source_type="payout", source_id="po_1",
        payment_id=None,
    )  # fmt: skip
    store_payout(world, payout_fact("po_2", 100), [PayoutLine(back)])
    first, second = payout_json(api, "po_1"), payout_json(api, "po_2")
    assert (first["paidAgainIn"], first["nextStep"], second["paysAgain"]) == ("po_2", None, ["po_1"])
    assert "It has what the deposit of 20 January 2027 gave back, the payout po_1." in second["message"]


def test_a_payout_and_the_one_that_reverses_it_name_each_other(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 100, reversed_by_id="po_2", automatic=False))
    store_payout(world, payout_fact("po_2", -100, original_payout_id="po_1", automatic=False))
    first, second = payout_json(api, "po_1"), payout_json(api, "po_2")
    assert (first["reversedById"], second["originalPayoutId"]) == ("po_2", "po_1")
    assert "It was reversed: the payout po_2 took its money back" in first["message"]
    assert (
        "It reverses the payout po_1, the deposit of 20 January 2027: its amount is that payout's."
        in second["message"]
    )


def test_each_currency_has_its_own_payouts_and_a_conversion_is_returned(api: ApiClient, world: World) -> None:
    exchanged_payment = payment_transaction(
        "txn_1", 9210, 310, exchange_rate="0.921", source_amount=10000, source_currency="usd", currency="eur"
    )
    parts = (FeePart("stripe_fee", 260, "Stripe processing fees"), FeePart("tax", 50, "VAT"))
    store_payout(
        world, payout_fact("po_eur", 8900, currency="eur"), [of_pom(replace(exchanged_payment, fee_parts=parts))]
    )
    store_payout(
        world, payout_fact("po_jpy", 500, currency="jpy"), [of_pom(payment_transaction("txn_2", 500, currency="jpy"))]
    )
    assert [(each["currency"], each["amount"]) for each in listed_payouts(api)] == [("jpy", "500"), ("eur", "89.00")]
    [line] = payout_json(api, "po_eur")["lines"]
    assert line["exchange"] == {"rate": "0.921", "amount": "100.00", "currency": "usd"}
    assert [(part["type"], part["amount"]) for part in line["feeParts"]] == [("stripe_fee", "2.60"), ("tax", "0.50")]
    assert (line["gross"], line["fee"], line["net"], line["currency"]) == ("92.10", "3.10", "89.00", "eur")


def test_the_bank_is_null_if_stripe_does_not_say_where_the_payout_goes(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", 100, destination=None, last4=None))
    assert listed_payouts(api)[0]["bank"] is None


def test_the_list_is_ordered_by_arrival_day_in_any_time_zone(api: ApiClient, world: World) -> None:
    for day in ("2027-01-18", "2027-01-19", "2027-01-20"):
        store_payout(world, payout_fact(f"po_{day}", 100, arrival_date=midnight(day)))

    def days(query: str) -> list[str]:
        return [payout["arrivesOn"] for payout in listed_payouts(api, query)]

    assert days("") == ["2027-01-20", "2027-01-19", "2027-01-18"]
    assert days("from=2027-01-19") == ["2027-01-20", "2027-01-19"]
    assert days("to=2027-01-19") == ["2027-01-19", "2027-01-18"]
    assert days("from=2027-01-19&to=2027-01-19") == ["2027-01-19"]
    assert days("from=0001-01-01&to=9999-12-31") == days("")
    assert days("from=9999-12-31") == days("to=0001-01-01") == []


def test_the_list_and_the_lines_are_paged(api: ApiClient, world: World) -> None:
    for number in range(3):
        store_payout(world, payout_fact(f"po_{number}", 100))
    first = api.get("/payouts?first=2").json
    second_page = api.get(f"/payouts?first=2&after={first['pageInfo']['endCursor']}").json
    assert [each["id"] for each in (*first["data"], *second_page["data"])] == ["po_2", "po_1", "po_0"]
    assert (first["pageInfo"]["hasNextPage"], second_page["pageInfo"]["hasNextPage"]) == (True, False)
    lines = [of_pom(payment_transaction(f"txn_{number:03}", 100)) for number in range(250)]
    store_payout(world, payout_fact("po_long", 25000), lines)
    ids, after = [], ""
    while True:
        page = payout_json(api, "po_long", f"first=100{after}")
        ids += [line["id"] for line in page["lines"]]
        assert (page["lineCount"], page["tiedOut"]) == (250, True)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f"&after={page['pageInfo']['endCursor']}"
    assert ids == [f"txn_{number:03}" for number in reversed(range(250))]


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/payouts?from=2027-02-01&to=2027-01-31", 422, "period_invalid", "from"),
        ("/payouts?from=yesterday", 400, "invalid_query", "from"),
        ("/payouts?to=2027-02-30", 400, "invalid_query", "to"),
        ("/payouts?first=1001", 400, "invalid_query", "first"),
        ("/payouts?status=paid", 400, "invalid_query", "status"),
        ("/payouts?after=bm90b3Vycw", 422, "cursor_invalid", "after"),
        ("/payouts/po_1?after=bm90b3Vycw", 422, "cursor_invalid", "after"),
        ("/payouts/po_1?from=2027-01-01", 400, "invalid_query", "from"),
        ("/payouts/po_2", 404, "payout_not_found", "payoutId"),
    ],
)
def test_a_wrong_request_names_the_field_in_either_format(
    api: ApiClient, world: World, path: str, status: int, code: str, field: str
) -> None:
    store_payout(world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    for headers in ({}, {"Accept": "text/csv"}):
        response = api.get(path, headers=headers)
        assert (response.status, response.code, response.error["field"]) == (status, code, field)
        assert response.error["nextStep"] or code == "cursor_invalid"


def test_another_organization_cannot_read_a_payout_or_use_its_cursors(api: ApiClient, world: World) -> None:
    for number in range(2):
        store_payout(world, payout_fact(f"po_{number}", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    cursor = api.get("/payouts?first=1").json["pageInfo"]["endCursor"]
    lines = payout_json(api, "po_1", "first=1")["pageInfo"]["endCursor"]
    other_organization = api.acting("admin", organization=OTHER_ORGANIZATION)
    assert other_organization.get("/payouts").json["data"] == []
    assert other_organization.get(f"/payouts?after={cursor}").code == "cursor_invalid"
    assert other_organization.get("/payouts/po_1").code == "payout_not_found"
    store_payout(
        world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND, organization=OrganizationId(OTHER_ORGANIZATION)
    )
    assert other_organization.get(f"/payouts/po_1?after={lines}").code == "cursor_invalid"
    assert api.get(f"/payouts/po_0?after={lines}").code == "cursor_invalid", "it is from another payout"


def test_a_page_takes_two_reads_and_a_payout_with_its_lines_takes_four(api: ApiClient, world: World) -> None:
    store_payout(world, payout_fact("po_1", MIXED_AMOUNT), LINES_OF_EVERY_KIND)
    boundaries = count_calls(world)
    listed_payouts(api, "from=2027-01-01")
    assert boundaries.calls == ["payouts.page", "connections.get"]
    boundaries = count_calls(world)
    payout_json(api, "po_1")
    assert boundaries.calls == ["payouts.get", "payouts.lines", "connections.get", "customers.several"]


def test_the_examples_equal_the_response_for_the_same_payout() -> None:
    cursor = LAST_PAGE["endCursor"]
    assert msgspec.to_builtins(payout_list(Page((PAYOUT,), cursor, False), RelatedPayouts())) == EXAMPLES[PayoutList]
    assert (
        msgspec.to_builtins(payout_detail(PAYOUT, Page(LINES, cursor, False), RelatedPayouts(), NAMES))
        == EXAMPLES[PayoutDetail]
    )
