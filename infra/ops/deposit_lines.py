"""The rows and lines that `explain` prints about fees and deposits, one for each balance transaction.

A payment that Stripe has not booked yet has a row too. Amounts are decimal strings, and `currency` is a field of its
own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.deposits import Deposit
from chalicelib.domain.money import decimal_string
from chalicelib.domain.movements import Movement
from chalicelib.usecases.payouts.show_deposits import Deposited
from infra.ops.invoice_lines import Forms
from infra.ops.screen import Row
from infra.timeline_words import money


def deposit_rows(deposits: Iterable[Deposited]) -> Iterator[dict[str, Any]]:
    """Yields a row for each balance transaction of an invoice's payments, refunds and disputes."""
    for each in deposits:
        movement, settlements = each.settled.movement, each.settled.settlements
        booked_count = len(settlements)
        for settlement, deposit in zip(settlements, each.deposits[:booked_count], strict=True):
            yield _row(movement, settlement.transaction, deposit)
        yield from (_row(movement, None, deposit) for deposit in each.deposits[booked_count:])


def _row(movement: Movement, transaction: BalanceTransaction | None, deposit: Deposit) -> dict[str, Any]:
    return {
        "id": movement.id,
        "kind": movement.kind.value,
        **(_booked_fields(transaction) if transaction is not None else _pending_fields(movement)),
        "status": deposit.status.value,
        "on": deposit.on.isoformat() if deposit.on is not None else None,
        "payout": deposit.payout_id,
        "message": deposit.message,
    }


def _booked_fields(transaction: BalanceTransaction) -> dict[str, Any]:
    currency = transaction.currency
    parts = [{"type": part.type, "amount": decimal_string(part.amount, currency)} for part in transaction.fee_parts]
    return {
        "amount": decimal_string(transaction.amount, currency),
        "fee": decimal_string(transaction.fee, currency),
        "fee_parts": parts,
        "net": decimal_string(transaction.net, currency),
        "currency": currency,
        "exchange_rate": transaction.exchange_rate,
        "transaction": transaction.id,
    }


def _pending_fields(movement: Movement) -> dict[str, Any]:
    return {
        "amount": decimal_string(movement.amount, movement.currency),
        "fee": None,
        "fee_parts": [],
        "net": None,
        "currency": movement.currency,
        "exchange_rate": None,
        "transaction": None,
    }


def deposit_line(row: Row) -> Forms:
    """Returns the line of a row. The longer forms add the parts of the fee, the exchange rate and the payout's id."""
    beginning = f"{row['kind'].capitalize()} {money(row['amount'], row['currency'])}"
    if row["fee"] is None:
        return (f"{beginning}, fee pending. {row['message']}",)
    short = f"{beginning}, fee {row['fee']}, net {row['net']}. {row['message']}"
    full = f"{beginning}{_exchange(row)}, fee {row['fee']}{_parts(row)}, net {row['net']}. {row['message']}"
    with_id = [f"{full}  {row['payout']}"] if row["payout"] else []
    return *with_id, full, short


def _exchange(row: Row) -> str:
    return f" (exchanged at {row['exchange_rate']})" if row["exchange_rate"] else ""


def _parts(row: Row) -> str:
    parts = [f"{part['type']} {part['amount']}".replace("_", " ") for part in row["fee_parts"]]
    return f" ({', '.join(parts)})" if len(parts) > 1 else ""
