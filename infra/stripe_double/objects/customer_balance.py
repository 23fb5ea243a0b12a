"""The customer's balance. A negative balance is credit, a positive one is debt
(https://docs.stripe.com/billing/customer/balance).
"""

from __future__ import annotations

from ..errors import NotModelled
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import customers, lists, money, rules
from .call import Call, Route


def create(call: Call) -> JSON:
    """Handles POST /v1/customers/{id}/balance_transactions: an adjustment. A negative amount is credit."""
    params = call.params
    customer = customers.existing(call.ledger, call.id)
    currency = money.currency(params["currency"])
    if currency != (customer["currency"] or currency):
        raise NotModelled("a balance in a currency that is not the customer's", "currency")
    return _record(
        call.world, call.ledger, customer, params["amount"], currency, "adjustment",
        description=params.get("description"), metadata=rules.metadata({}, params.get("metadata")),
    )  # fmt: skip


def list_(call: Call) -> JSON:
    """Handles GET /v1/customers/{id}/balance_transactions, optionally for one `invoice`."""
    customers.existing(call.ledger, call.id)
    transactions = lists.filter_by_fields(
        call, call.ledger.all("customer_balance_transaction", customer=call.id), "invoice"
    )
    url = f"/v1/customers/{call.id}/balance_transactions"
    return lists.page(call, lists.filter_by_created(call, transactions), url, kind="customer balance transaction")


def move(
    world: World, ledger: Ledger, invoice: JSON, amount: int, type_: str, *, credit_note: str | None = None
) -> str | None:
    """Adds `amount` to the balance of the invoice's customer. Returns the id of the transaction that records it.

    Returns None if the amount is 0, or if the customer was deleted.
    """
    customer = ledger.find("customer", invoice["customer"])
    if not amount or customer is None or customer.get("_deleted"):
        return None
    references = {"invoice": invoice["id"], "credit_note": credit_note}
    return str(_record(world, ledger, customer, amount, invoice["currency"], type_, **references)["id"])


def _record(
    world: World, ledger: Ledger, customer: JSON, amount: int, currency: str, type_: str, **fields: object
) -> JSON:
    """Changes the balance, and returns the new transaction with these `fields`."""
    before = world.snapshot(ledger, customer)
    customer["balance"] += amount
    customer["currency"] = customer["currency"] or currency
    world.emit_updated(ledger, customer, before)
    return ledger.add(
        {
            "id": f"cbtxn_1{world.ids.token(23)}",
            "object": "customer_balance_transaction",
            "amount": amount,
            "created": world.now(),
            "credit_note": None,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": customer["balance"],
            "invoice": None,
            "livemode": ledger.livemode,
            "metadata": {},
            "type": type_,
            **fields,
        }
    )


def apply_balance(world: World, ledger: Ledger, invoice: JSON, customer: JSON) -> int:
    """Applies the balance to an invoice that is being finalized. Returns the amount due.

    A credit pays the invoice as far as it goes. A debt is added to the invoice. An amount too small to charge becomes
    a debt.
    """
    start = customer["balance"]
    total_with_balance = invoice["total"] + start
    due = total_with_balance if total_with_balance >= money.minimum(invoice["currency"]) else 0
    end = 0 if due else total_with_balance
    invoice["starting_balance"], invoice["ending_balance"] = start, end
    too_small = max(0, end - max(0, start))
    move(world, ledger, invoice, end - start - too_small, "applied_to_invoice")
    move(world, ledger, invoice, too_small, "invoice_too_small")
    return int(due)


def unapply_balance(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Reverses `apply_balance` for an invoice that was voided.

    https://docs.stripe.com/changelog/2019-12-03/customer-balances-returned-voided-invoices
    """
    applied_amount = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    move(world, ledger, invoice, -applied_amount, "unapplied_from_invoice")


def credit_surplus(world: World, ledger: Ledger, invoice: JSON, surplus: int) -> None:
    """Adds a surplus to the customer's credit balance, as the SDK documents at `amount_overpaid`."""
    move(world, ledger, invoice, -surplus, "invoice_overpaid")


ROUTES = [
    Route("POST", "/v1/customers/{id}/balance_transactions", "CustomerBalanceTransactionCreateParams", create),
    Route("GET", "/v1/customers/{id}/balance_transactions", "CustomerBalanceTransactionListParams", list_),
]
