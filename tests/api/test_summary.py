"""The summary over HTTP."""

from __future__ import annotations

import pytest

from chalicelib.domain.status import InvoiceStatus
from tests.api.client import ApiClient
from tests.world import World, line

NONE = {"count": 0, "total": "0.00", "balance": "0.00"}


def test_the_summary_has_totals_for_each_currency(office: ApiClient, world: World) -> None:
    world.invoice("svc_1")
    paid_invoice = world.invoice("svc_2", currency="kwd", line_items=(line("svc_2", "1.250"),))
    world.double.pay(paid_invoice.stripe_account_id, paid_invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    response = office.acting("member").get("/summary")
    assert response.status == 200
    assert list(response.json) == ["today", "timeZone", "data"]
    assert (response.json["today"], response.json["timeZone"]) == ("2027-01-15", "America/Phoenix")
    kwd, usd = response.json["data"]
    pending = {"count": 1, "total": "75.00", "balance": "75.00"}
    assert usd == {
        "currency": "usd",
        "byStatus": {status.value: NONE for status in InvoiceStatus} | {"pending": pending},
        "overdue": {"count": 0, "balance": "0.00"},
        "paidInPeriod": {"from": "2027-01-01", "to": "2027-01-31", "count": 0, "amount": "0.00"},
        "refunded": {"count": 0, "amount": "0.00"},
        "disputed": {"count": 0, "amount": "0.00"},
        "lost": {"count": 0, "amount": "0.00"},
    }
    assert kwd["byStatus"]["paid"] == {"count": 1, "total": "1.250", "balance": "0.000"}
    assert kwd["paidInPeriod"] == {"from": "2027-01-01", "to": "2027-01-31", "count": 1, "amount": "1.250"}


def test_an_organization_without_invoices_has_no_currencies(api: ApiClient) -> None:
    assert api.get("/summary").json["data"] == []


def test_the_period_is_given_in_days(office: ApiClient, world: World) -> None:
    paid_invoice = world.invoice()
    world.double.pay(paid_invoice.stripe_account_id, paid_invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    counts = {
        query: office.get(f"/summary?{query}").json["data"][0]["paidInPeriod"]["count"]
        for query in ("from=2027-01-15&to=2027-01-15", "from=2027-01-16&to=2027-02-01", "to=2027-01-14")
    }
    assert list(counts.values()) == [1, 0, 0]


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("from=2027-02-01&to=2027-01-31", 422, "period_invalid", "from"),
        ("from=2026-01-01&to=2027-01-02", 422, "period_invalid", "from"),
        ("from=2027-02-30", 400, "invalid_query", "from"),
        ("to=tomorrow", 400, "invalid_query", "to"),
        ("from=2027-01-01&from=2027-01-02", 400, "invalid_query", "from"),
        ("first=2027-01-01", 400, "invalid_query", "first"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(
    api: ApiClient, query: str, status: int, code: str, field: str
) -> None:
    response = api.get(f"/summary?{query}")
    assert (response.status, response.code, response.error["field"]) == (status, code, field)
