"""The examples of the OpenAPI document are true: a reader who adds them up or compares them finds no mistake."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest
from jsonschema import Draft202012Validator

from chalicelib.api import blueprints
from chalicelib.api.examples import EXAMPLES, RESPONSES
from chalicelib.api.http.route_table import ROUTES
from chalicelib.api.models.exact import decoder
from chalicelib.api.openapi_document import document

assert blueprints
OPENAPI = document(ROUTES)
OPEN = {"pending", "failed"}
NO_LINK = {"creating", "draft"}


class Example(NamedTuple):
    """An example of a body in the document, with its schema. `status` is None for a request."""

    operation: str
    status: str | None
    name: str
    schema: dict[str, Any]
    value: Any

    @property
    def where(self) -> str:
        return " ".join(part for part in (self.operation, self.status, self.name) if part)


def examples() -> Iterator[Example]:
    for methods in OPENAPI["paths"].values():
        for operation in methods.values():
            bodies = [(None, operation.get("requestBody"))]
            bodies += [(status, answer) for status, answer in operation["responses"].items()]
            for status, body in bodies:
                content = (body or {}).get("content", {}).get("application/json", {})
                several = content.get("examples", {})
                if "example" in content:
                    several = {"": {"value": content["example"]}}
                for name, each in several.items():
                    yield Example(operation["operationId"], status, name, content["schema"], each["value"])


ALL = list(examples())


def objects(value: Any, having: str) -> Iterator[dict[str, Any]]:
    """Yields every object in a value that has this field."""
    if isinstance(value, dict):
        if having in value:
            yield value
        for each in value.values():
            yield from objects(each, having)
    elif isinstance(value, list):
        for each in value:
            yield from objects(each, having)


def invoices() -> list[dict[str, Any]]:
    """Returns every invoice in an answer of the examples. Nothing is paid on a preview or an order."""
    answers = [example for example in ALL if example.status and example.operation != "getInvoicePreview"]
    found = [each for example in answers for each in objects(example.value, "lineItems") if "paidAmount" in each]
    assert len(found) > 10
    return found


def money(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize("example", ALL, ids=[example.where for example in ALL])
def test_every_example_is_of_its_schema(example: Example) -> None:
    schema = {**example.schema, "components": OPENAPI["components"]}
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(example.value)]
    assert errors == []


def test_every_example_of_an_answer_belongs_to_a_route() -> None:
    routes = {(route.name, status): model for route in ROUTES for status, model in route.responses.items()}
    assert set(RESPONSES) <= set(routes)
    for key, named in RESPONSES.items():
        for example in named.values():
            assert isinstance(decoder(routes[key]).decode(msgspec.json.encode(example)), routes[key] or object)


def test_each_statuss_own_example_is_shown() -> None:
    answered = {(example.operation, example.status, example.name): example.value for example in ALL}
    assert answered["createInvoice", "201", "sent"]["status"] == "pending"
    assert answered["createInvoice", "201", "draft"]["status"] == "draft"
    assert answered["createInvoice", "202", ""]["status"] == "creating"
    assert answered["createInvoice", "202", ""]["stripeInvoiceId"] is None
    assert (
        answered["correctInvoice", "201", ""]["correctsInvoiceId"] == answered["createInvoice", "201", "sent"]["id"]
    )
    assert answered["sendInvoiceBatch", "202", ""]["sendRequestedAt"] is not None
    assert answered["markInvoicePaid", "200", ""]["status"] == "paid"
    assert answered["voidInvoice", "200", ""]["status"] == "void"


def test_the_sums_of_every_invoice_add_up() -> None:
    for invoice in invoices():
        lines = [money(line["amount"]) for line in invoice["lineItems"]]
        off = sum(money(each["amount"]) for each in invoice["deductions"])
        assert all(
            money(line["quantity"]) * money(line["unitPrice"]) == money(line["amount"])
            for line in invoice["lineItems"]
        )
        assert sum(lines) == money(invoice["subtotal"])
        ordered = money(invoice["subtotal"]) - off + money(invoice["tax"])
        assert money(invoice["total"]) - ordered == money(invoice["totalDifference"])
        received = money(invoice["paidAmount"]) - money(invoice["refundedAmount"]) - money(invoice["lostAmount"])
        assert received == money(invoice["receivedAmount"])
        if invoice["status"] != "void":
            paid = money(invoice["paidAmount"]) - money(invoice["overpaidAmount"])
            settled = paid + money(invoice["balanceAppliedAmount"]) + money(invoice["creditedBeforePaymentAmount"])
            assert money(invoice["total"]) == settled + money(invoice["balance"])


def test_the_status_of_every_invoice_agrees_with_its_amounts_dates_and_links() -> None:
    for invoice in invoices():
        status, paid = invoice["status"], money(invoice["paidAmount"])
        assert (status == "paid") == (money(invoice["balance"]) == 0 and paid > 0)
        assert (invoice["paidAt"] is not None) == (invoice["paidOn"] is not None) == (status == "paid")
        assert (invoice["sentAt"] is None) == (invoice["number"] is None) == (status in NO_LINK)
        assert (invoice["paymentUrl"] is None) == (status in NO_LINK)
        assert (invoice["stripeInvoiceId"] is None) == (invoice["dashboardUrl"] is None)
        assert status == "creating" or invoice["stripeInvoiceId"] is not None
        assert (invoice["failure"] is None) == (status != "failed")
        assert invoice["partiallyRefunded"] == (money(invoice["refundedAmount"]) > 0)
        moments = [invoice["createdAt"], invoice["sentAt"] or invoice["createdAt"], invoice["updatedAt"]]
        assert moments == sorted(moments)


def test_an_order_has_a_deduction_and_a_service_date_and_the_answer_to_it_has_the_same() -> None:
    made = {(example.operation, example.status, example.name): example.value for example in ALL}
    order, invoice = made["createInvoice", None, ""], made["createInvoice", "201", "sent"]
    assert order["deductions"] == invoice["deductions"] != []
    assert order["lineItems"][0]["serviceDate"] == invoice["lineItems"][0]["serviceDate"] is not None
    assert [line["serviceId"] for line in order["lineItems"]] == [each["serviceId"] for each in invoice["lineItems"]]
    assert (order["customerId"], order["memo"], order["tax"]) == (
        invoice["customerId"], invoice["memo"], invoice["tax"],
    )  # fmt: skip


def test_the_draft_of_the_example_has_what_it_was_edited_to() -> None:
    made = {(example.operation, example.status): example.value for example in ALL}
    order, draft = made["editInvoice", None], made["editInvoice", "200"]
    assert [line["serviceId"] for line in order["lineItems"]] == [line["serviceId"] for line in draft["lineItems"]]
    assert (order["deductions"], order["tax"]) == (draft["deductions"], draft["tax"])
    assert (draft["status"], made["editInvoice", "202"]["status"]) == ("draft", "creating")


def test_the_preview_of_the_example_is_of_the_draft_of_the_example() -> None:
    made = {(example.operation, example.status, example.name): example.value for example in ALL}
    preview, draft = made["getInvoicePreview", "200", ""], made["createInvoice", "201", "draft"]
    assert (preview["invoiceId"], preview["billTo"]["customerId"]) == (draft["id"], draft["customerId"])
    for name in ("currency", "subtotal", "tax", "total", "memo"):
        assert preview[name] == draft[name], name
    for name in ("quantity", "unitPrice", "amount", "serviceDate"):
        assert [line[name] for line in preview["lineItems"]] == [line[name] for line in draft["lineItems"]], name
    assert [(each["text"], each["amount"]) for each in preview["deductions"]] == [
        (each["description"], each["amount"]) for each in draft["deductions"]
    ]


def test_the_order_of_the_draft_of_the_example_is_what_the_draft_shows_and_what_put_takes() -> None:
    made = {(example.operation, example.status, example.name): example.value for example in ALL}
    draft = made["getInvoice", "200", "draft"]
    order = draft["order"]
    shown = [{name: value for name, value in line.items() if name != "amount"} for line in draft["lineItems"]]
    assert (order["lineItems"], order["deductions"]) == (shown, draft["deductions"])
    assert (order["tax"], order["memo"]) == (draft["tax"], draft["memo"])
    schema = {"$ref": "#/components/schemas/DraftOrder", "components": OPENAPI["components"]}
    assert not list(Draft202012Validator(schema).iter_errors(order))


def test_one_id_is_one_thing_on_every_route() -> None:
    numbers: dict[str, set[Any]] = {}
    customers: dict[str, set[Any]] = {}
    for example in ALL:
        for each in objects(example.value, "number"):
            invoice_id = each.get("invoiceId") or (each["id"] if "lineItems" in each else None)
            if invoice_id and each["number"]:
                numbers.setdefault(invoice_id, set()).add(each["number"])
                customers.setdefault(invoice_id, set()).add(each.get("customerId"))
    assert len(numbers) > 1
    assert all(len(each) == 1 for each in numbers.values()), numbers
    assert all(len(each - {None}) == 1 for each in customers.values()), customers


def test_the_money_of_the_invoice_is_the_money_of_its_payments_and_of_the_list() -> None:
    made = {(example.operation, example.status): example.value for example in ALL if example.name != "draft"}
    shown, listed = made["getInvoice", "200"], made["listPayments", "200"]["data"]
    rows = [row for row in listed if row["invoiceId"] == shown["id"]]
    assert sum(money(row["receivedAmount"]) for row in rows) == money(shown["receivedAmount"])
    [payment] = shown["payments"]
    refunded = sum(money(refund["amount"]) for refund in payment["refunds"])
    assert (payment["amount"], refunded) == (shown["paidAmount"], money(shown["refundedAmount"]))
    assert money(payment["refundable"]) == money(payment["amount"]) - refunded
    assert {row["id"] for row in rows} == {payment["id"], *(refund["id"] for refund in payment["refunds"])}
    assert [entry["at"] for entry in shown["history"]] == sorted(entry["at"] for entry in shown["history"])
    assert shown["history"] == made["getInvoiceHistory", "200"]["data"]
    assert shown in [{**each, **{name: shown[name] for name in ("order", "explanation", "payments", "history")}}
                     for each in made["listInvoices", "200"]["data"]]  # fmt: skip


def test_the_totals_of_a_payout_add_up() -> None:
    made = {(example.operation, example.status): example.value for example in ALL}
    payout = made["getPayout", "200"]
    assert sum(money(each) for each in payout["totals"].values()) == money(payout["amount"])
    assert sum(money(line["net"]) for line in payout["lines"]) == money(payout["amount"])
    assert all(money(line["gross"]) - money(line["fee"]) == money(line["net"]) for line in payout["lines"])
    assert len(payout["lines"]) == payout["lineCount"]


def test_the_counts_of_bulk_work_add_up_to_its_total() -> None:
    work = [each for example in ALL for each in objects(example.value, "counts") if "total" in each]
    assert len(work) > 4
    for each in work:
        assert sum(each["counts"].values()) == each["total"]
        assert (each["status"] == "running") == (each["counts"]["queued"] > 0)
    shown = next(each for example in ALL if example.operation == "getInvoiceBatch" for each in [example.value])
    statuses = [item["status"] for item in shown["items"]]
    assert {name: statuses.count(name) for name in shown["counts"]} == shown["counts"]


def test_an_import_of_the_example_has_the_rows_of_the_request() -> None:
    made = {(example.operation, example.status): example.value for example in ALL}
    asked, shown = made["importCustomers", None], made["getCustomerImport", "200"]
    assert [row["id"] for row in asked["customers"]] == [row["customerId"] for row in shown["rows"]]
    assert made["importCustomers", "202"]["total"] == len(asked["customers"])
    ids = [row["id"] for row in asked["customers"]]
    repeated = [number for number, each in enumerate(ids, start=1) if each in ids[: number - 1]]
    assert [row["row"] for row in shown["rows"] if row["outcome"] == "failed"] == repeated != []


def test_a_list_that_fits_on_one_page_has_no_other() -> None:
    for example in ALL:
        rows = example.value.get("data") if example.status and isinstance(example.value, dict) else None
        if rows is not None and "pageInfo" in example.value:
            assert len(rows) < 25
            assert example.value["pageInfo"]["hasNextPage"] is False, example.where


def test_every_example_of_a_model_is_shown_somewhere() -> None:
    shown = {example.schema["$ref"].rpartition("/")[2] for example in ALL if "$ref" in example.schema}
    assert {model.__name__ for model in EXAMPLES} <= shown
