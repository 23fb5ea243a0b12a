"""Payouts, read (https://docs.stripe.com/api/payouts). What becomes of them is in `payout_steps`."""

from __future__ import annotations

from ..state.ledger import JSON
from . import lists
from .call import Call, Route
from .rules import within


def retrieve(call: Call) -> JSON:
    """GET /v1/payouts/{id}."""
    return call.ledger.get("payout", call.id)


def list_(call: Call) -> JSON:
    """GET /v1/payouts. Filters: `status`, `destination`, `arrival_date`, `created`."""
    found = lists.created(call, lists.matching(call, call.ledger.all("payout"), "status", "destination"))
    arriving = (each for each in found if within(each["arrival_date"], call.params.get("arrival_date")))
    return lists.page(call, arriving, "/v1/payouts", kind="payout")


ROUTES = [
    Route("GET", "/v1/payouts", "PayoutListParams", list_),
    Route("GET", "/v1/payouts/{id}", "PayoutRetrieveParams", retrieve),
]
