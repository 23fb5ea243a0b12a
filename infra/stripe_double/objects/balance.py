"""The balance of an account, and its balance transactions (https://docs.stripe.com/api/balance)."""

from __future__ import annotations

from ..errors import InvalidState
from ..state.ledger import JSON
from . import lists
from .call import Call, Route


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/balance."""
    ledger, funds = call.ledger, call.ledger.funds
    default = ledger.account.get("default_currency", "usd")
    currencies = [default, *(each for each in funds.currencies() if each != default)]
    available = [_amount(funds.available(each), each) for each in currencies]
    return {
        "object": "balance",
        "available": available,
        "instant_available": [{**each, "amount": max(0, each["amount"])} for each in available],
        "livemode": ledger.livemode,
        "pending": [_amount(funds.pending(each), each) for each in currencies],
    }


def list_transactions(call: Call) -> JSON:
    """Handles GET /v1/balance_transactions. Raises InvalidState for a `payout` that is not automatic."""
    ledger, params = call.ledger, call.params
    if "payout" in params:
        transactions = _lines(call)
    elif "source" in params:
        # Stripe lists no transactions by the id of a dispute, although they name it, as recorded in September 2026.
        by_dispute = ledger.find("dispute", params["source"]) is not None
        transactions = [] if by_dispute else list(ledger.all("balance_transaction", source=params["source"]))
    else:
        transactions = list(ledger.all("balance_transaction"))
    filtered = lists.filter_by_created(call, lists.filter_by_fields(call, transactions, "source", "type", "currency"))
    return lists.page(call, filtered, "/v1/balance_transactions", kind="balance transaction")


def retrieve_transaction(call: Call) -> JSON:
    """Handles GET /v1/balance_transactions/{id}."""
    return call.ledger.get("balance_transaction", call.id)


def _lines(call: Call) -> list[JSON]:
    """Returns the lines of a payout; only the payout's own transaction until its reconciliation is completed."""
    payout = call.ledger.get("payout", call.params["payout"], "payout", 400)
    if not payout["automatic"]:
        raise InvalidState("Balance transaction history can only be filtered on automatic transfers, not manual.")
    if payout["reconciliation_status"] != "completed":
        return [call.ledger.get("balance_transaction", payout["balance_transaction"])]
    return sorted(call.ledger.funds.lines(payout["id"]), key=lambda line: int(line["created"]))


def _amount(amount: int, currency: str) -> JSON:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


ROUTES = [
    Route("GET", "/v1/balance", "BalanceRetrieveParams", retrieve),
    Route("GET", "/v1/balance_transactions", "BalanceTransactionListParams", list_transactions),
    Route("GET", "/v1/balance_transactions/{id}", "BalanceTransactionRetrieveParams", retrieve_transaction),
]
