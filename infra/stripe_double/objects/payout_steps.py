"""The steps of a payout: created, submitted to the bank, arrived, failed, canceled, reversed.

https://docs.stripe.com/payouts and, for the lines, https://docs.stripe.com/payouts/reconciliation
"""

from __future__ import annotations

from ..clock import DAY
from ..errors import InvalidState
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import bank_accounts, fees
from .balance_transactions import record
from .exchange import Gross

SUBMITTED_AFTER = 600
"""The number of seconds for which a payout stays `pending`."""
MESSAGES = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "could_not_process": "The bank could not process this transfer.",
    "debit_not_authorized": "Debit transactions are not approved on the bank account.",
    "declined": "The bank has declined this transfer.",
    "insufficient_funds": "The Stripe account has insufficient funds to cover the payout.",
    "invalid_account_number": "The routing number seems correct, but the account number is invalid.",
    "no_account": "The bank account details on file are probably incorrect.",
}
"""The failure messages by failure code (https://docs.stripe.com/api/payouts/failures)."""


def pay_out_all(world: World, ledger: Ledger, currency: str) -> JSON | None:
    """Pays out the available balance except the minimum balance, and returns the payout; None if there is nothing to
    pay out.

    A negative balance is debited from the bank account. The minimum balance is held as a line of the payout, and
    released after the payout (https://docs.stripe.com/changelog/acacia/2024-12-18/payout-minimum-balance).
    """
    funds = ledger.funds
    funds.mature(world.now())
    available = funds.available(currency)
    held_amount = ledger.settlement.minimum_balance.get(currency, 0) if available > 0 else 0
    if available == 0 or 0 < available <= held_amount:
        return None
    payout = _make(world, ledger, available - held_amount, currency, automatic=True, method="standard")
    if held_amount:
        hold = "payout_minimum_balance_hold"
        record(world, ledger, hold, hold, Gross(-held_amount, currency), payout["id"])
    _debit(world, ledger, payout)
    funds.take(currency, payout["id"])
    if held_amount:
        release = "payout_minimum_balance_release"
        record(world, ledger, release, release, Gross(held_amount, currency), payout["id"])
    world.emit(ledger, "payout.created", payout)
    later = world.config.reconciliation_seconds
    world.scheduler.after(later, "payout_reconcile", payout["id"], lambda: _reconcile(world, ledger, payout))
    return payout


def pay_out_by_hand(
    world: World,
    ledger: Ledger,
    currency: str,
    amount: int | None,
    *,
    method: str = "standard",
    **owner_fields: object,
) -> JSON:
    """Creates a manual payout of an amount, or of the available balance, and returns it. An instant payout has a fee.

    `owner_fields` are fields that the owner chose, such as `metadata`. Stripe does not record which payments are in a
    manual payout. Raises InvalidState if the balance does not cover the payout.
    """
    ledger.funds.mature(world.now())
    available = ledger.funds.available(currency)
    if amount is None:
        amount = available - _fee(_instant_fee(ledger, available, currency, method))
    fee_details = _instant_fee(ledger, amount, currency, method)
    if amount <= 0 or amount + _fee(fee_details) > available:
        raise InvalidState("You have insufficient funds in your Stripe account for this transfer.",
                           code="balance_insufficient")  # fmt: skip
    payout = _make(world, ledger, amount, currency, automatic=False, method=method)
    payout.update(owner_fields)
    _debit(world, ledger, payout, fee_details)
    world.emit(ledger, "payout.created", payout)
    return payout


def fail(world: World, ledger: Ledger, payout_id: str, code: str, message: str | None = None) -> JSON:
    """Makes the bank send a payout back, even after it was `paid`, and returns it. Its money returns to the balance.

    The bank account becomes `errored`. Automatic payouts stop until there is another bank account.
    """
    payout = ledger.get("payout", payout_id)
    if payout["status"] not in ("pending", "in_transit", "paid") or payout["reversed_by"]:
        raise InvalidState(f"The payout is {payout['status']} and cannot fail.")
    payout["failure_code"] = code
    payout["failure_message"] = message or MESSAGES.get(code, "The bank returned this transfer.")
    ledger.get("bank_account", payout["destination"])["status"] = "errored"
    return _return_to_balance(world, ledger, payout, "failed", "payout_failure")


def cancel(world: World, ledger: Ledger, payout_id: str) -> JSON:
    """Cancels a payout and returns it. Raises InvalidState if it is no longer pending."""
    payout = ledger.get("payout", payout_id)
    if payout["status"] != "pending":
        raise InvalidState("Payouts can only be canceled while they are pending.")
    return _return_to_balance(world, ledger, payout, "canceled", "payout_cancel")


def reverse(world: World, ledger: Ledger, payout_id: str) -> JSON:
    """Creates a negative payout that reverses a paid one, and returns it. Raises InvalidState if it cannot be
    reversed.
    """
    original = ledger.get("payout", payout_id)
    if original["status"] != "paid" or original["amount"] <= 0 or original["reversed_by"]:
        raise InvalidState("Only a payout that was paid, and not reversed before, can be reversed.")
    before = world.snapshot(ledger, original)
    reversal = _make(world, ledger, -original["amount"], original["currency"], automatic=False, method="standard")
    reversal["original_payout"], original["reversed_by"] = original["id"], reversal["id"]
    _debit(world, ledger, reversal)
    world.emit(ledger, "payout.created", reversal)
    world.emit_updated(ledger, original, before)
    return reversal


def _make(world: World, ledger: Ledger, amount: int, currency: str, *, automatic: bool, method: str) -> JSON:
    now = world.now()
    days = ledger.settlement.arrival_days if method == "standard" else 0
    payout: JSON = {
        "id": f"po_1{world.ids.token(23)}",
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now // DAY * DAY + days * DAY,
        "automatic": automatic,
        "balance_transaction": None,
        "created": now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": bank_accounts.current(world, ledger, currency)["id"],
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": ledger.livemode,
        "metadata": {},
        "method": method,
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    submission_time = now + SUBMITTED_AFTER
    world.scheduler.at(submission_time, "payout_submit", payout["id"], lambda: _submit(world, ledger, payout))
    arrival_time = max(submission_time, payout["arrival_date"])
    world.scheduler.at(arrival_time, "payout_arrive", payout["id"], lambda: _arrive(world, ledger, payout))
    return ledger.add(payout)


def _debit(world: World, ledger: Ledger, payout: JSON, fee_details: list[JSON] | None = None) -> None:
    """Takes the payout's amount from the balance by the payout's own transaction, which is one of its lines."""
    gross = Gross(-payout["amount"], payout["currency"])
    transaction = record(
        world, ledger, "payout", "payout", gross, payout["id"], fee_details=fee_details, description="STRIPE PAYOUT"
    )
    payout["balance_transaction"] = transaction["id"]


def _instant_fee(ledger: Ledger, amount: int, currency: str, method: str) -> list[JSON]:
    fee = fees.instant_payout(amount) if method == "instant" else 0
    return fees.details(ledger, fee, currency, "Instant payout fee")


def _fee(fee_details: list[JSON]) -> int:
    return sum(part["amount"] for part in fee_details)


def _submit(world: World, ledger: Ledger, payout: JSON) -> None:
    if payout["status"] == "pending":
        before = world.snapshot(ledger, payout)
        payout["status"] = "in_transit"
        world.emit_updated(ledger, payout, before)


def _arrive(world: World, ledger: Ledger, payout: JSON) -> None:
    if payout["status"] == "in_transit":
        payout["status"] = "paid"
        payout["trace_id"] = {"status": "supported", "value": f"{payout['created']:015d}"}
        world.emit(ledger, "payout.paid", payout)


def _reconcile(world: World, ledger: Ledger, payout: JSON) -> None:
    payout["reconciliation_status"] = "completed"
    world.emit(ledger, "payout.reconciliation_completed", payout)


def _return_to_balance(world: World, ledger: Ledger, payout: JSON, status: str, type_: str) -> JSON:
    """Sets a status with which the payout's money returns to the balance, records the transaction, and returns the
    payout.
    """
    gross = Gross(payout["amount"], payout["currency"])
    transaction = record(world, ledger, type_, "payout_reversal", gross, payout["id"], description="STRIPE PAYOUT")
    payout.update(status=status, failure_balance_transaction=transaction["id"])
    world.emit(ledger, f"payout.{status}", payout)
    return payout
