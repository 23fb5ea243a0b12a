"""The examples of the OpenAPI document are consistent: their amounts add up, and their ids agree with each other."""

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
            bodies += [(status, response) for status, response in operation["responses"].items()]
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
    """Returns every invoice in the response examples. Previews and orders are left out, because they have no
    payments.
    """
    response_examples = [example for example in ALL if example.status and example.operation != "getInvoicePreview"]
    with_amounts = [
        each for example in response_examples for each in objects(example.value, "lineItems") if "paidAmount" in each
    ]
    assert len(with_amounts) > 10
    return with_amounts


def money(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize("example", ALL, ids=[example.where for example in ALL])
def test_every_example_matches_its_schema(example: Example) -> None:
    schema = {**example.schema, "components": OPENAPI["components"]}
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(example.value)]
    assert errors == []


def test_every_response_example_belongs_to_a_route() -> None:
    routes = {(route.name, status): model for route in ROUTES for status, model in route.responses.items()}
    assert set(RESPONSES) <= set(routes)
    for key, examples_by_name in RESPONSES.items():
        for example in examples_by_name.values():
            assert isinstance(decoder(routes[key]).decode(msgspec.json.encode(example)), routes[key] or object)


def test_each_statuss_own_example_is_used() -> None:
    examples = {(example.operation, example.status, example.name): example.value for example in ALL}
    assert examples["createInvoice", "201", "sent"]["status"] == "pending"
    assert examples["createInvoice", "201", "draft"]["status"] == "draft"
    assert examples["createInvoice", "202", ""]["status"] == "creating"
    assert examples["createInvoice", "202", ""]["stripeInvoiceId"] is None
    assert (
        examples["correctInvoice", "201", ""]["correctsInvoiceId"] == examples["createInvoice", "201", "sent"]["id"]
    )
    assert examples["sendInvoiceBatch", "202", ""]["sendRequestedAt"] is not None
    assert examples["markInvoicePaid", "200", ""]["status"] == "paid"
    assert examples["voidInvoice", "200", ""]["status"] == "void"


def test_the_sums_of_every_invoice_add_up() -> None:
    for invoice in invoices():
        lines = [money(line["amount"]) for line in invoice["lineItems"]]
        off = sum(money(each["amount"]) for each in invoice["deductions"])
        assert all(
            money(line["quantity"]) * money(line["unitPrice"]) == money(line["amount"])
            for line in invoice["lineItems"]
        )
        assert sum(lines) == money(invoice["subtotal"])
        order_total = money(invoice["subtotal"]) - off + money(invoice["tax"])
        assert money(invoice["total"]) - order_total == money(invoice["totalDifference"])
        received_amount = (
            money(invoice["paidAmount"]) - money(invoice["refundedAmount"]) - money(invoice["lostAmount"])
        )
        assert received_amount == money(invoice["receivedAmount"])
        if invoice["status"] != "void":
            applied_payments = money(invoice["paidAmount"]) - money(invoice["overpaidAmount"])
            settled_amount = (
                applied_payments
                + money(invoice["balanceAppliedAmount"])
                + money(invoice["creditedBeforePaymentAmount"])
            )
            assert money(invoice["total"]) == settled_amount + money(invoice["balance"])


def test_the_status_of_every_invoice_agrees_with_its_amounts_dates_and_links() -> None:
    for invoice in invoices():
        status, paid_amount = invoice["status"], money(invoice["paidAmount"])
        assert (status == "paid") == (money(invoice["balance"]) == 0 and paid_amount > 0)
        assert (invoice["paidAt"] is not None) == (invoice["paidOn"] is not None) == (status == "paid")
        assert (invoice["sentAt"] is None) == (invoice["number"] is None) == (status in NO_LINK)
        assert (invoice["paymentUrl"] is None) == (status in NO_LINK)
        assert (invoice["stripeInvoiceId"] is None) == (invoice["dashboardUrl"] is None)
        assert status == "creating" or invoice["stripeInvoiceId"] is not None
        assert (invoice["failure"] is None) == (status != "failed")
        assert invoice["partiallyRefunded"] == (money(invoice["refundedAmount"]) > 0)
        moments = [invoice["createdAt"], invoice["sentAt"] or invoice["createdAt"], invoice["updatedAt"]]
        assert moments == sorted(moments)


def test_an_orders_deduction_and_service_date_are_in_its_response() -> None:
    examples_by_key = {(example.operation, example.status, example.name): example.value for example in ALL}
    order, invoice = examples_by_key["createInvoice", None, ""], examples_by_key["createInvoice", "201", "sent"]
    assert order["deductions"] == invoice["deductions"] != []
    assert order["lineItems"][0]["serviceDate"] == invoice["lineItems"][0]["serviceDate"] is not None
    assert [line["serviceId"] for line in order["lineItems"]] == [each["serviceId"] for each in invoice["lineItems"]]
    assert (order["customerId"], order["memo"], order["tax"]) == (
        invoice["customerId"], invoice["memo"], invoice["tax"],
    )  # fmt: skip


def test_the_draft_in_the_example_has_the_values_of_its_edit() -> None:
    examples_by_key = {(example.operation, example.status): example.value for example in ALL}
    order, draft = examples_by_key["editInvoice", None], examples_by_key["editInvoice", "200"]
    assert [line["serviceId"] for line in order["lineItems"]] == [line["serviceId"] for line in draft["lineItems"]]
    assert (order["deductions"], order["tax"]) == (draft["deductions"], draft["tax"])
    assert (draft["status"], examples_by_key["editInvoice", "202"]["status"]) == ("draft", "creating")


def test_the_preview_example_is_of_the_example_draft() -> None:
    examples_by_key = {(example.operation, example.status, example.name): example.value for example in ALL}
    preview, draft = examples_by_key["getInvoicePreview", "200", ""], examples_by_key["createInvoice", "201", "draft"]
    assert (preview["invoiceId"], preview["billTo"]["customerId"]) == (draft["id"], draft["customerId"])
    for name in ("currency", "subtotal", "tax", "total", "memo"):
        assert preview[name] == draft[name], name
    for name in ("quantity", "unitPrice", "amount", "serviceDate"):
        assert [line[name] for line in preview["lineItems"]] == [line[name] for line in draft["lineItems"]], name
    assert [(each["text"], each["amount"]) for each in preview["deductions"]] == [
        (each["description"], each["amount"]) for each in draft["deductions"]
    ]


def test_the_example_drafts_order_matches_its_lines_and_is_accepted_by_put() -> None:
    examples_by_key = {(example.operation, example.status, example.name): example.value for example in ALL}
    draft = examples_by_key["getInvoice", "200", "draft"]
    order = draft["order"]
    line_items = [{name: value for name, value in line.items() if name != "amount"} for line in draft["lineItems"]]
    assert (order["lineItems"], order["deductions"]) == (line_items, draft["deductions"])
    assert (order["tax"], order["memo"]) == (draft["tax"], draft["memo"])
    schema = {"$ref": "#/components/schemas/DraftOrder", "components": OPENAPI["components"]}
    assert not list(Draft202012Validator(schema).iter_errors(order))


def test_an_id_means_the_same_object_on_every_route() -> None:
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


def test_the_example_invoices_amounts_equal_its_payments_and_the_list() -> None:
    examples_by_key = {
        (example.operation, example.status): example.value for example in ALL if example.name != "draft"
    }
    invoice, payment_rows = examples_by_key["getInvoice", "200"], examples_by_key["listPayments", "200"]["data"]
    rows = [row for row in payment_rows if row["invoiceId"] == invoice["id"]]
    assert sum(money(row["receivedAmount"]) for row in rows) == money(invoice["receivedAmount"])
    [payment] = invoice["payments"]
    refunded_amount = sum(money(refund["amount"]) for refund in payment["refunds"])
    assert (payment["amount"], refunded_amount) == (invoice["paidAmount"], money(invoice["refundedAmount"]))
    assert money(payment["refundable"]) == money(payment["amount"]) - refunded_amount
    assert {row["id"] for row in rows} == {payment["id"], *(refund["id"] for refund in payment["refunds"])}
    assert [entry["at"] for entry in invoice["history"]] == sorted(entry["at"] for entry in invoice["history"])
    assert invoice["history"] == examples_by_key["getInvoiceHistory", "200"]["data"]
    assert invoice in [{**each, **{name: invoice[name] for name in ("order", "explanation", "payments", "history")}}
                     for each in examples_by_key["listInvoices", "200"]["data"]]  # fmt: skip


def test_the_totals_of_a_payout_add_up() -> None:
    examples_by_key = {(example.operation, example.status): example.value for example in ALL}
    payout = examples_by_key["getPayout", "200"]
    assert sum(money(each) for each in payout["totals"].values()) == money(payout["amount"])
    assert sum(money(line["net"]) for line in payout["lines"]) == money(payout["amount"])
    assert all(money(line["gross"]) - money(line["fee"]) == money(line["net"]) for line in payout["lines"])
    assert len(payout["lines"]) == payout["lineCount"]


def test_the_counts_of_a_batch_add_up_to_its_total() -> None:
    work = [each for example in ALL for each in objects(example.value, "counts") if "total" in each]
    assert len(work) > 4
    for each in work:
        assert sum(each["counts"].values()) == each["total"]
        assert (each["status"] == "running") == (each["counts"]["queued"] > 0)
    counts = next(each for example in ALL if example.operation == "getInvoiceBatch" for each in [example.value])
    statuses = [item["status"] for item in counts["items"]]
    assert {name: statuses.count(name) for name in counts["counts"]} == counts["counts"]


def test_the_example_import_has_the_rows_of_its_request() -> None:
    examples_by_key = {(example.operation, example.status): example.value for example in ALL}
    import_request, import_response = (
        examples_by_key["importCustomers", None],
        examples_by_key["getCustomerImport", "200"],
    )
    assert [row["id"] for row in import_request["customers"]] == [
        row["customerId"] for row in import_response["rows"]
    ]
    assert examples_by_key["importCustomers", "202"]["total"] == len(import_request["customers"])
    ids = [row["id"] for row in import_request["customers"]]
    repeated_rows = [number for number, each in enumerate(ids, start=1) if each in ids[: number - 1]]
    assert [row["row"] for row in import_response["rows"] if row["outcome"] == "failed"] == repeated_rows != []


def test_a_list_that_fits_on_one_page_has_no_next_page() -> None:
    for example in ALL:
        rows = example.value.get("data") if example.status and isinstance(example.value, dict) else None
        if rows is not None and "pageInfo" in example.value:
            assert len(rows) < 25
            assert example.value["pageInfo"]["hasNextPage"] is False, example.where


def test_every_example_of_a_model_is_used() -> None:
    model_names = {example.schema["$ref"].rpartition("/")[2] for example in ALL if "$ref" in example.schema}
    assert {model.__name__ for model in EXAMPLES} <= model_names
