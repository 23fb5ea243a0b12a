"""The customer's balance: negative is credit, positive is debt (https://docs.stripe.com/billing/customer/balance)."""

from __future__ import annotations

from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import money


def move(
    world: World, ledger: Ledger, invoice: JSON, amount: int, type_: str, *, credit_note: str | None = None
) -> str | None:
    """Adds `amount` to the balance of the invoice's customer; returns the id of the transaction that records it.

    Returns None if there is nothing to move, or if the customer was deleted.
    """
    customer = ledger.find("customer", invoice["customer"])
    if not amount or customer is None or customer.get("_deleted"):
        return None
    before = world.snapshot(ledger, customer)
    customer["balance"] += amount
    world.updated(ledger, customer, before)
    entry = ledger.add(
        {
            "id": f"cbtxn_1{world.ids.token(23)}",
            "object": "customer_balance_transaction",
            "amount": amount,
            "created": world.now(),
            "credit_note": credit_note,
            "currency": invoice["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": customer["balance"],
            "invoice": invoice["id"],
            "livemode": ledger.livemode,
            "metadata": {},
            "type": type_,
        }
    )
    return str(entry["id"])


def settle(world: World, ledger: Ledger, invoice: JSON, customer: JSON) -> int:
    """Applies the balance to an invoice that is being finalized; returns what is due.

    A credit pays as far as it goes, a debt is asked for as well, and a sum too small to charge becomes a debt.
    """
    start = customer["balance"]
    wanted = invoice["total"] + start
    due = wanted if wanted >= money.minimum(invoice["currency"]) else 0
    end = 0 if due else wanted
    invoice["starting_balance"], invoice["ending_balance"] = start, end
    too_small = max(0, end - max(0, start))
    move(world, ledger, invoice, end - start - too_small, "applied_to_invoice")
    move(world, ledger, invoice, too_small, "invoice_too_small")
    return int(due)


def give_back(world: World, ledger: Ledger, invoice: JSON) -> None:
    """Undoes `settle` for an invoice that was voided.

    https://docs.stripe.com/changelog/2019-12-03/customer-balances-returned-voided-invoices
    """
    applied = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    move(world, ledger, invoice, -applied, "unapplied_from_invoice")


def overpaid(world: World, ledger: Ledger, invoice: JSON, surplus: int) -> None:
    """Puts a surplus on the customer's credit balance, as the SDK says of `amount_overpaid`."""
    move(world, ledger, invoice, -surplus, "invoice_overpaid")
