"""The routes of payouts (https://docs.stripe.com/api/payouts). `payout_steps` has the rules of payouts."""

from __future__ import annotations

from ..errors import InvalidParams, NotModelled
from ..state.ledger import JSON
from . import lists, money, payout_steps, rules
from .call import Call, Route
from .rules import within

_CREATE = ("amount", "currency", "description", "metadata", "method", "statement_descriptor", "expand")


def create(call: Call) -> JSON:
    """Handles POST /v1/payouts: a manual payout of the owner. Its lines cannot be listed."""
    params = call.params
    for name in params:
        if name not in _CREATE:
            raise NotModelled(f"the parameter {name} of payouts", name)
    if params["amount"] < 1:
        raise InvalidParams("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    return payout_steps.pay_out_by_hand(
        call.world,
        call.ledger,
        money.currency(params["currency"]),
        params["amount"],
        method=params.get("method", "standard"),
        description=params.get("description"),
        metadata=rules.metadata({}, params.get("metadata")),
        statement_descriptor=params.get("statement_descriptor"),
    )


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/payouts/{id}."""
    return call.ledger.get("payout", call.id)


def list_(call: Call) -> JSON:
    """Handles GET /v1/payouts. Filters: `status`, `destination`, `arrival_date`, `created`."""
    payouts = lists.filter_by_created(
        call, lists.filter_by_fields(call, call.ledger.all("payout"), "status", "destination")
    )
    filtered = (each for each in payouts if within(each["arrival_date"], call.params.get("arrival_date")))
    return lists.page(call, filtered, "/v1/payouts", kind="payout")


ROUTES = [
    Route("POST", "/v1/payouts", "PayoutCreateParams", create),
    Route("GET", "/v1/payouts", "PayoutListParams", list_),
    Route("GET", "/v1/payouts/{id}", "PayoutRetrieveParams", retrieve),
]
