"""Tax rates and manual tax on lines (https://docs.stripe.com/billing/taxes/tax-rates)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from ..errors import InvalidParams
from ..state.ledger import JSON
from . import lists, rules
from .call import Call, Route


def create(call: Call) -> JSON:
    """Handles POST /v1/tax_rates."""
    rules.length(call.params, {"display_name": 50, "jurisdiction": 50})
    rate = make(call, call.params)
    call.world.emit(call.ledger, "tax_rate.created", rate)
    return rate


def make(call: Call, rate_params: JSON) -> JSON:
    """Stores and returns a tax rate."""
    percentage = float(rate_params.get("percentage") or 0)
    if not 0 <= percentage <= 100:
        raise InvalidParams("Percentage must be between 0 and 100", param="percentage")
    rate: JSON = {
        "id": f"txr_1{call.world.ids.token(23)}",
        "object": "tax_rate",
        "active": rate_params.get("active", True),
        "country": rate_params.get("country"),
        "created": call.world.now(),
        "description": rate_params.get("description"),
        "display_name": rate_params["display_name"],
        "effective_percentage": percentage,
        "flat_amount": None,
        "inclusive": rate_params["inclusive"],
        "jurisdiction": rate_params.get("jurisdiction"),
        "jurisdiction_level": None,
        "livemode": call.ledger.livemode,
        "metadata": rules.metadata({}, rate_params.get("metadata")),
        "percentage": percentage,
        "rate_type": "percentage",
        "state": rate_params.get("state"),
        "tax_type": rate_params.get("tax_type"),
    }
    return call.ledger.add(rate)


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/tax_rates/{id}."""
    return call.ledger.get("tax_rate", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/tax_rates."""
    rates = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("tax_rate"), "active", "inclusive")
    )
    return lists.page(call, rates, "/v1/tax_rates", kind="tax rate")


def on_line(call: Call, invoice: JSON, line_params: JSON, amount: int, name: str) -> list[JSON]:
    """Returns the taxes of one line: from its `tax_amounts`, or its own rates, or else the invoice's default
    rates.
    """
    if line_params.get("tax_amounts"):
        taxes = []
        for manual in line_params["tax_amounts"]:
            data = {"inclusive": False, "percentage": 0.0, "display_name": "Tax", **manual["tax_rate_data"]}
            taxable = manual.get("taxable_amount", amount)
            taxes.append(_tax(make(call, data), manual["amount"], taxable))
        return taxes
    if line_params.get("tax_rates"):
        rates = [call.ledger.get("tax_rate", r, f"{name}[tax_rates]", 400) for r in line_params["tax_rates"]]
    else:
        rates = list(invoice["default_tax_rates"])
    inclusive_percentage = sum((Decimal(str(r["percentage"])) for r in rates if r["inclusive"]), Decimal(0))
    net = Decimal(amount) / (1 + inclusive_percentage / 100)
    return [_tax(r, _round(net * Decimal(str(r["percentage"])) / 100), _round(net)) for r in rates]


def _round(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _tax(rate: JSON, amount: int, taxable: int) -> JSON:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


ROUTES = [
    Route("POST", "/v1/tax_rates", "TaxRateCreateParams", create),
    Route("GET", "/v1/tax_rates", "TaxRateListParams", list_),
    Route("GET", "/v1/tax_rates/{id}", "TaxRateRetrieveParams", retrieve),
]
