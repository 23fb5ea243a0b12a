"""The summary of a company whose customers pay, or fail to, over HTTP."""

from __future__ import annotations

from typing import Any

from infra.demo.people import Payer
from tests.e2e.company import Company, eventually, line, refused


def test_the_summary_follows_the_invoices(newcomer: Company) -> None:
    company = newcomer.connect()
    company.customer()
    _, pay, decline, void = (company.bill(f"svc_{n}").json for n in range(4))
    yen = company.bill("svc_yen", currency="jpy", lineItems=[line("svc_yen", unitPrice="500")]).json
    for invoice, card in ((pay, "4242424242424242"), (yen, "4242424242424242"), (decline, "4000000000009995")):
        Payer(invoice["paymentUrl"]).pays_by_card(card)
    assert company.office.call("POST", f"/invoices/{void['id']}/void").status == 200

    def sums() -> dict[str, Any]:
        return {each["currency"]: each for each in company.member.get("/summary")["data"]}

    def settled(summary: dict[str, Any]) -> bool:
        paid = [summary[currency]["paidInPeriod"]["count"] for currency in ("jpy", "usd")]
        return paid == [1, 1] and bool(summary["usd"]["byStatus"]["failed"]["count"])

    summary = eventually(sums, settled, "two payments and a failure")
    counts = {name: each["count"] for name, each in summary["usd"]["byStatus"].items() if each["count"]}
    assert counts == {"pending": 1, "paid": 1, "failed": 1, "void": 1}
    assert summary["usd"]["byStatus"]["failed"] == {"count": 1, "total": "75.00", "balance": "75.00"}
    assert summary["usd"]["paidInPeriod"]["amount"] == "75.00"
    assert summary["jpy"]["paidInPeriod"]["amount"] == "500"
    refused(company.office.call("GET", "/summary?from=2026-01-01&to=2030-01-01"), 422, "period_invalid", "from")
