"""Invoice lines and totals (https://docs.stripe.com/api/invoice-line-item)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..errors import InvalidParams, InvalidState, NoSuchObject, NotModelled, missing
from ..state.ledger import JSON, Ledger
from ..state.render import as_list
from . import discounts, lists, money, rules, tax_rates
from .call import Call, Route

MAX_LINES = 250
"""The number of lines that an invoice has at most (https://docs.stripe.com/invoicing/integration)."""
_LENGTHS = {"description": 5000}


def add(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/add_lines: adds all lines to a draft, or none."""
    ledger, world = call.ledger, call.world
    line_params: list[JSON] = call.params["lines"]
    for index, line in enumerate(line_params):
        _check(line, f"lines[{index}]")
    invoice = ledger.get("invoice", call.id, "invoice")
    if invoice["status"] != "draft":
        raise _not_editable()
    lines = ledger.lines.setdefault(invoice["id"], [])
    if len(lines) + len(line_params) > MAX_LINES:
        raise InvalidState(f"Invoices can have at most {MAX_LINES} line items.", param="lines")
    new_lines = [make(call, invoice, line, f"lines[{i}]") for i, line in enumerate(line_params)]
    before = world.snapshot(ledger, invoice)
    invoice["metadata"] = rules.metadata(invoice["metadata"], call.params.get("invoice_metadata"), "invoice_metadata")
    for line in new_lines:
        lines.append(line)
        world.emit(ledger, "invoiceitem.created", item_of(ledger, invoice, line))
    total(ledger, invoice)
    world.emit_updated(ledger, invoice, before)
    return invoice


def _not_editable() -> InvalidState:
    return InvalidState("Invalid invoice: This invoice is no longer editable", code="invoice_not_editable")


def remove(call: Call) -> JSON:
    """Handles POST /v1/invoices/{id}/remove_lines: removes all named lines from a draft, or none."""
    ledger, world = call.ledger, call.world
    removals: list[JSON] = call.params["lines"]
    for index, line in enumerate(removals):
        if line["behavior"] not in ("delete", "unassign"):
            raise InvalidParams(
                "Invalid behavior: must be one of delete or unassign", param=f"lines[{index}][behavior]"
            )
        if line["behavior"] == "unassign":
            raise NotModelled("unassigned lines", f"lines[{index}][behavior]")
    invoice = ledger.get("invoice", call.id)
    if invoice["status"] != "draft":
        raise _not_editable()
    lines = {line["id"]: line for line in ledger.lines.get(invoice["id"], [])}
    for index, line in enumerate(removals):
        if lines.pop(line["id"], None) is None:
            raise NoSuchObject("line item", line["id"], f"lines[{index}][id]", status=400)
    before = world.snapshot(ledger, invoice)
    removed_lines = [line for line in ledger.lines[invoice["id"]] if line["id"] not in lines]
    ledger.lines[invoice["id"]] = list(lines.values())
    for line in removed_lines:
        item = ledger.get("invoiceitem", line["parent"]["invoice_item_details"]["invoice_item"])
        world.emit(ledger, "invoiceitem.deleted", item)
        ledger.remove("invoiceitem", item["id"])
    total(ledger, invoice)
    world.emit_updated(ledger, invoice, before)
    return invoice


def list_(call: Call) -> JSON:
    """Handles GET /v1/invoices/{id}/lines, in the order in which the lines were added."""
    invoice = call.ledger.get("invoice", call.id)
    lines = call.ledger.lines.get(invoice["id"], [])
    page_items, has_more = lists.cut_page(call.params, lines, "line item")
    return as_list(
        f"/v1/invoices/{invoice['id']}/lines", [dict(x) for x in page_items], has_more, total_count=len(lines)
    )


def total(ledger: Ledger, invoice: JSON) -> None:
    """Computes the sums of a draft from its lines."""
    lines = ledger.lines.get(invoice["id"], [])
    subtotal = sum(line["amount"] for line in lines)
    by_rate: dict[str, JSON] = {}
    for tax in (t for line in lines for t in line["taxes"]):
        key = tax["tax_rate_details"]["tax_rate"]
        if key in by_rate:
            by_rate[key]["amount"] += tax["amount"]
            by_rate[key]["taxable_amount"] += tax["taxable_amount"]
        else:
            by_rate[key] = dict(tax)
    taxes = list(by_rate.values())
    exclusive_taxes = sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")
    all_taxes = sum(t["amount"] for t in taxes)
    invoice["subtotal"] = subtotal
    subtotal_after_discounts = subtotal - discounts.apply_discounts(ledger, invoice, lines)
    invoice["total"] = subtotal_after_discounts + exclusive_taxes
    invoice["subtotal_excluding_tax"] = subtotal - (all_taxes - exclusive_taxes)
    invoice["total_excluding_tax"] = invoice["total"] - all_taxes
    invoice["total_taxes"] = taxes
    customer = ledger.find("customer", invoice["customer"]) or {}
    invoice["starting_balance"] = customer.get("balance") or 0
    invoice["amount_due"] = max(0, invoice["total"] + invoice["starting_balance"])
    invoice["amount_remaining"] = invoice["amount_due"] - invoice["amount_paid"]


def _check(line: JSON, name: str) -> None:
    rules.length(line, _LENGTHS)
    rules.metadata({}, line.get("metadata"), f"{name}[metadata]")
    for field in ("discounts", "invoice_item"):
        if line.get(field):
            raise NotModelled(f"{field} on lines", f"{name}[{field}]")
    pricing_parameters = [w for w in ("amount", "price_data", "pricing") if w in line]
    if not pricing_parameters:
        raise missing(f"{name}[amount]")
    if len(pricing_parameters) > 1 or ("amount" in line and ("quantity" in line or "quantity_decimal" in line)):
        given_parameters = [*pricing_parameters, *(q for q in ("quantity", "quantity_decimal") if q in line)]
        raise InvalidParams(
            f"You may only specify one of these parameters: {', '.join(given_parameters)}.",
            param=f"{name}[{given_parameters[0]}]",
        )
    if "quantity" in line and "quantity_decimal" in line:
        raise InvalidParams("You may only specify one of quantity and quantity_decimal.", param=f"{name}[quantity]")
    if line.get("quantity", 0) < 0 or line.get("quantity_decimal", 0) < 0:
        raise InvalidParams("Invalid non-negative integer", param=f"{name}[quantity]")
    period = line.get("period")
    if period and period["end"] < period["start"]:
        raise InvalidParams("period[end] must be at or after period[start]", param=f"{name}[period][end]")
    if "price_data" in line:
        _check_price(line["price_data"], f"{name}[price_data]")
    if line.get("tax_rates") and line.get("tax_amounts"):
        raise InvalidParams("You cannot set tax_amounts together with tax_rates.", param=f"{name}[tax_amounts]")


def _check_price(price: JSON, name: str) -> None:
    money.currency(price["currency"], f"{name}[currency]")
    if ("product" in price) == ("product_data" in price):
        raise InvalidParams("You must specify exactly one of product and product_data.", param=f"{name}[product]")
    if ("unit_amount" in price) == ("unit_amount_decimal" in price):
        raise InvalidParams(
            "You must specify exactly one of unit_amount and unit_amount_decimal.", param=f"{name}[unit_amount]"
        )


def make(call: Call, invoice: JSON, line_params: JSON, name: str) -> JSON:
    """Returns a line from the parameters under `name`, without adding it to the invoice."""
    ledger, world = call.ledger, call.world
    if "pricing" in line_params:
        raise NoSuchObject("price", str(line_params["pricing"].get("price")), f"{name}[pricing][price]", status=400)
    quantity = Decimal(
        line_params["quantity"] if "quantity" in line_params else line_params.get("quantity_decimal", Decimal(1))
    )
    product = world.ids.new("prod", 14)
    if "price_data" in line_params:
        price = line_params["price_data"]
        if price["currency"].lower() != invoice["currency"]:
            raise InvalidState(
                f"The currency of the line ({price['currency']}) must match the invoice's ({invoice['currency']}).",
                param=f"{name}[price_data][currency]",
            )
        if "product" in price:
            raise NoSuchObject("product", price["product"], f"{name}[price_data][product]", status=400)
        unit = Decimal(price["unit_amount"] if "unit_amount" in price else price["unit_amount_decimal"])
        amount = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
        description = line_params.get("description") or price["product_data"]["name"]
    else:
        amount, unit, description = (
            line_params["amount"],
            Decimal(line_params["amount"]),
            line_params.get("description"),
        )
    if abs(amount) > money.MAX_CARD:
        raise InvalidState(
            f"Amount must be no more than {money.MAX_CARD}", code="amount_too_large", param=f"{name}[amount]"
        )
    now = world.now()
    item = f"ii_1{world.ids.token(23)}"
    line: JSON = {
        "id": f"il_1{world.ids.token(23)}",
        "object": "line_item",
        "amount": amount,
        "currency": invoice["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": line_params.get("discountable", amount >= 0),
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": ledger.livemode,
        "metadata": rules.metadata({}, line_params.get("metadata")),
        "parent": {
            "invoice_item_details": {
                "invoice_item": item,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": line_params.get("period") or {"end": now, "start": now},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": f"price_1{world.ids.token(23)}", "product": product},
            "type": "price_details",
            "unit_amount_decimal": _plain(unit),
        },
        "quantity": int(quantity) if quantity == int(quantity) else None,
        "quantity_decimal": _plain(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
    }
    line["taxes"] = tax_rates.on_line(call, invoice, line_params, amount, name)
    return line


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def item_of(ledger: Ledger, invoice: JSON, line: JSON) -> JSON:
    """Stores and returns the invoice item of a line, as its event contains it."""
    item: dict[str, Any] = {
        "id": line["parent"]["invoice_item_details"]["invoice_item"],
        "object": "invoiceitem",
        "amount": line["amount"],
        "currency": line["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "date": line["period"]["start"],
        "description": line["description"],
        "discountable": line["discountable"],
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": line["livemode"],
        "metadata": line["metadata"],
        "net_amount": line["amount"],
        "parent": None,
        "period": line["period"],
        "pricing": line["pricing"],
        "proration": False,
        "quantity": line["quantity"],
        "quantity_decimal": line["quantity_decimal"],
        "tax_rates": [],
        "test_clock": None,
    }
    return ledger.add(item)


ROUTES = [
    Route("POST", "/v1/invoices/{id}/add_lines", "InvoiceAddLinesParams", add),
    Route("POST", "/v1/invoices/{id}/remove_lines", "InvoiceRemoveLinesParams", remove),
    Route("GET", "/v1/invoices/{id}/lines", "InvoiceListLinesParams", list_),
]
