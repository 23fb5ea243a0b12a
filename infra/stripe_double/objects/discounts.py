"""Coupons, and the discounts that draft invoices get from them
(https://docs.stripe.com/billing/subscriptions/coupons).

A discount of the whole invoice is split over its lines in proportion. Discounts together with tax rates are not
implemented.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from ..errors import InvalidParams, NotModelled
from ..state.ledger import JSON, Ledger
from . import money, rules
from .call import Call, Route

_MODELLED = {"amount_off", "currency", "duration", "expand", "id", "metadata", "name", "percent_off"}


def create_coupon(call: Call) -> JSON:
    """Handles POST /v1/coupons: a fixed amount or a percentage off."""
    params, world = call.params, call.world
    for name in params:
        if name not in _MODELLED:
            raise NotModelled(f"the parameter {name} of coupons", name)
    if ("amount_off" in params) == ("percent_off" in params):
        raise InvalidParams("You must pass exactly one of amount_off and percent_off.", param="amount_off")
    if params.get("amount_off", 1) < 1:
        raise InvalidParams("Invalid positive integer", param="amount_off", code="parameter_invalid_integer")
    if not 0 < float(params.get("percent_off", 1)) <= 100:
        raise InvalidParams("percent_off must be greater than 0 and at most 100.", param="percent_off")
    if "amount_off" in params and "currency" not in params:
        raise InvalidParams("You must pass currency when passing amount_off.", param="currency")
    coupon: JSON = {
        "id": params.get("id") or world.ids.token(8),
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": world.now(),
        "currency": money.currency(params["currency"]) if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "duration_in_months": None,
        "livemode": call.ledger.livemode,
        "max_redemptions": None,
        "metadata": rules.metadata({}, params.get("metadata")),
        "name": params.get("name"),
        "percent_off": float(params["percent_off"]) if "percent_off" in params else None,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }
    call.ledger.add(coupon)
    world.emit(call.ledger, "coupon.created", coupon)
    return coupon


def retrieve_coupon(call: Call) -> JSON:
    """Handles GET /v1/coupons/{id}."""
    return call.ledger.get("coupon", call.id)


def replace_discounts(call: Call, invoice: JSON) -> None:
    """Replaces the discounts of a draft, if the request has `discounts`."""
    if "discounts" not in call.params:
        return
    discount_ids = []
    for index, discount_params in enumerate(call.params["discounts"] or []):
        name = f"discounts[{index}]"
        if set(discount_params) != {"coupon"}:
            raise NotModelled("discounts that are not made of a coupon", name)
        coupon = call.ledger.get("coupon", discount_params["coupon"], f"{name}[coupon]", 400)
        if coupon["currency"] not in (None, invoice["currency"]):
            raise InvalidParams(
                "The coupon's currency does not match the invoice's currency.", param=f"{name}[coupon]"
            )
        coupon["times_redeemed"] += 1
        discount_ids.append(_discount(call, invoice, coupon)["id"])
    invoice["discounts"] = discount_ids


def apply_discounts(ledger: Ledger, invoice: JSON, lines: list[JSON]) -> int:
    """Sets the amount of each discount on the invoice and on each line. Returns their sum in minor units."""
    for line in lines:
        line["discount_amounts"] = []
    remaining = [line["amount"] if line["discountable"] else 0 for line in lines]
    amounts = []
    for discount_id in invoice["discounts"]:
        discount_amount = _amount(
            ledger.get("coupon", ledger.get("discount", discount_id)["source"]["coupon"]), sum(remaining)
        )
        if discount_amount and any(line["taxes"] for line in lines):
            raise NotModelled("discounts together with tax rates", "discounts")
        amounts.append({"amount": discount_amount, "discount": discount_id})
        for line, share, position in zip(lines, _shares(discount_amount, remaining), range(len(lines)), strict=True):
            remaining[position] -= share
            if share:
                line["discount_amounts"].append({"amount": share, "discount": discount_id})
    invoice["total_discount_amounts"] = amounts
    return sum(each["amount"] for each in amounts)


def _amount(coupon: JSON, base: int) -> int:
    if coupon["amount_off"] is not None:
        return min(int(coupon["amount_off"]), base)
    exact = Decimal(base) * Decimal(str(coupon["percent_off"])) / 100
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _shares(discount_amount: int, remaining: list[int]) -> list[int]:
    """Splits `discount_amount` over the lines in proportion to their remaining amounts. The shares add up exactly."""
    base, shared, amount_so_far = sum(remaining), 0, 0
    shares = []
    for amount in remaining:
        amount_so_far += amount
        share = discount_amount * amount_so_far // base - shared if base else 0
        shared += share
        shares.append(share)
    return shares


def _discount(call: Call, invoice: JSON, coupon: JSON) -> JSON:
    return call.ledger.add(
        {
            "id": f"di_1{call.world.ids.token(23)}",
            "object": "discount",
            "checkout_session": None,
            "customer": invoice["customer"],
            "customer_account": None,
            "end": None,
            "invoice": invoice["id"],
            "invoice_item": None,
            "promotion_code": None,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": call.world.now(),
            "subscription": None,
            "subscription_item": None,
        }
    )


ROUTES = [
    Route("POST", "/v1/coupons", "CouponCreateParams", create_coupon),
    Route("GET", "/v1/coupons/{id}", "CouponRetrieveParams", retrieve_coupon),
]
