"""Each list of invoices, requested with the deployed permissions."""

from __future__ import annotations

from typing import Any

from chalicelib.api.models.invoice_query import COMBINATIONS
from tests.e2e.company import Company, eventually

VALUES = {"createdFrom": "2026-01-01", "createdTo": "2099-01-01", "dueFrom": "2026-01-01", "dueTo": "2099-01-01",
          "updatedFrom": "2026-01-01", "updatedTo": "2099-01-01"}  # fmt: skip


def test_every_list_of_invoices_has_totals_and_customer_names(newcomer: Company) -> None:
    """The function may query each index, and read the references, the tallies and the customers."""
    company = newcomer.connect()
    company.customer()
    invoice = company.bill("svc_1").json
    customers = eventually(
        lambda: company.member.get(f"/invoices/{invoice['id']}"), lambda seen: bool(seen["number"]), "a number"
    )
    names = {
        "customerId": customers["customerId"],
        "number": customers["number"],
        "stripeInvoiceId": customers["stripeInvoiceId"],
    }
    row: dict[str, list[Any]] = {}
    for combination in COMBINATIONS:
        queries = [""]
        for name, values in combination.needs.items():
            queries = [f"{name}={value}&" for value in values or (names[name],)]
        ends = "&".join(f"{name}={VALUES[name]}" for name in combination.range)
        for query in queries:
            row[query + ends] = company.member.get(f"/invoices?totals=true&{query}{ends}")["data"]
    holding = {query for query, invoices in row.items() if invoices}
    assert {each["id"] for query in holding for each in row[query]} == {invoice["id"]}
    assert {each["customerName"] for query in holding for each in row[query]} == {customers["customerName"]}
    assert customers["customerName"]
    for query in names:
        assert any(each.startswith(f"{query}=") for each in holding), query
    for status in ("pending", "open", "unpaid"):
        assert any(each.startswith(f"status={status}&") for each in holding), status
    assert not any(each.startswith(("status=paid&", "status=settled&", "overdue", "disputed")) for each in holding)
    [total] = company.member.get("/invoices?totals=true")["totals"]
    assert (total["invoices"], total["total"]) == (1, customers["total"])
