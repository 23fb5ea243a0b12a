"""The fee of a payment, a refund or a dispute, and the deposits that have its money."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, Instant, Money, instant
from chalicelib.domain.balance_transactions import BalanceTransaction, FeePart, Settlement
from chalicelib.domain.deposits import Deposit, DepositStatus
from chalicelib.domain.money import decimal_string
from chalicelib.domain.terms import day_of
from chalicelib.usecases.payouts.show_deposits import Deposited

Gross = Annotated[
    Money,
    Meta(
        description="The amount before the fee, in `currency`. It is negative if money went out.", examples=["121.50"]
    ),
]
Fee = Annotated[
    Money,
    Meta(description="Stripe's fee, in `currency`. It is negative if Stripe returned a fee.", examples=["3.82"]),
]
Net = Annotated[
    Money,
    Meta(description="`gross` less `fee`, in `currency`. The balance changed by this amount.", examples=["117.68"]),
]
SettlementCurrency = Annotated[
    str, Meta(description="The currency in which Stripe pays out, ISO 4217 in lower case.", examples=["usd"])
]


class FeeStatus(StrEnum):
    """`pending`: POM has not read the fee from Stripe yet. `known`: Stripe has charged the amount in `fee`."""

    PENDING = "pending"
    KNOWN = "known"


class FeePartView(msgspec.Struct, rename="camel", kw_only=True):
    """A part of a fee."""

    type: Annotated[
        str,
        Meta(
            description="Stripe's type of fee: `stripe_fee`, `application_fee`, `tax` or another one that Stripe "
            "adds."
        ),
    ]
    amount: Annotated[
        Money, Meta(description="The amount of the part, in the currency of the fee.", examples=["3.82"])
    ]
    description: Annotated[str | None, Meta(description="Stripe's description of the part. Null if there is none.")]


class ExchangeView(msgspec.Struct, rename="camel", kw_only=True):
    """The exchange of an amount into the currency in which Stripe pays out."""

    rate: Annotated[
        str,
        Meta(
            description="The exchange rate, an exact decimal. The amount before the exchange times the rate is the "
            "amount after it."
        ),
    ]
    amount: Annotated[
        Money | None,
        Meta(
            description="The amount before the exchange, in this object's `currency`, without a sign, as the "
            "payment, refund or dispute has it. Null if Stripe reports none."
        ),
    ]
    currency: Annotated[
        str | None,
        Meta(description="The currency before the exchange, ISO 4217 in lower case. Null if Stripe reports none."),
    ]


class DepositView(msgspec.Struct, rename="camel", kw_only=True):
    """The deposit of money. Users call Stripe's payout to the bank account a deposit."""

    status: Annotated[
        DepositStatus,
        Meta(
            description="The state of the money. `not_settled`: the money is not in the Stripe balance yet, which "
            "is normal. `expected`: the money can be paid out from the day `on`. `deposit_unknown`: the money "
            "could be paid out from the day `on`, and Stripe has not reported which deposit has it; for manual "
            "deposits, Stripe never reports it. `on_its_way`: the deposit has not arrived yet. `arrived`: the "
            "deposit arrived. `returned`: the deposit failed, was canceled or was reversed, and no later deposit "
            "of the money is known."
        ),
    ]
    on: Annotated[
        Day | None,
        Meta(
            description="The day of the deposit. Without a deposit, the first day on which the money can be "
            "deposited. Null while neither is known. It is Stripe's date, without a time zone."
        ),
    ]
    payout_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the deposit's payout, for `GET /payouts/{payoutId}`. Null if no deposit is "
            "known."
        ),
    ]
    message: Annotated[
        str, Meta(description="The state in a sentence for people.", examples=["In the deposit of 3 December 2026."])
    ]


class SettlementView(msgspec.Struct, rename="camel", kw_only=True):
    """A change of the Stripe balance."""

    id: Annotated[str, Meta(description="Stripe's id of the balance transaction.", examples=["txn_1MiN3gLkdIwHu7ix"])]
    category: Annotated[
        str, Meta(description="Stripe's reporting category, such as `charge`, `refund` or `dispute_reversal`.")
    ]
    at: Annotated[Instant, Meta(description="Time at which Stripe booked the change. RFC 3339, UTC.")]
    available_on: Annotated[
        Day,
        Meta(
            description="The first day on which the money can be paid out. It is Stripe's date, without a time zone."
        ),
    ]
    gross: Gross
    fee: Fee
    fee_parts: Annotated[list[FeePartView], Meta(description="The parts of `fee`.")]
    net: Net
    currency: SettlementCurrency
    exchange: Annotated[
        ExchangeView | None, Meta(description="The currency exchange. Null if the amount was not exchanged.")
    ]
    payout_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the payout that has this money. Null until Stripe has listed the payout, "
            "and for manual and instant payouts, which Stripe cannot list."
        ),
    ]


class SettledView(msgspec.Struct, rename="camel", kw_only=True):
    """The fee of a payment, a refund or a dispute, and the deposits that have its money."""

    fee_status: Annotated[
        FeeStatus | None,
        Meta(
            description="For a payment that succeeded: `pending` until POM has read the fee from Stripe, then "
            "`known`. For a refund or a dispute: null until POM has read the fee from Stripe, then `known`. Null "
            "for money outside Stripe, and for a payment that moved no money."
        ),
    ]
    fee: Annotated[
        Money | None,
        Meta(
            description="Stripe's fee in `settlementCurrency`: the sum of `settlements[].fee`. Null unless "
            "`feeStatus` is `known`.",
            examples=["3.82"],
        ),
    ]
    fee_parts: Annotated[list[FeePartView], Meta(description="The parts of the fee, which add up to `fee`.")]
    net: Annotated[
        Money | None,
        Meta(
            description="The amount by which the Stripe balance changed, in `settlementCurrency`: the sum of "
            "`settlements[].net`. It is negative if money went out. Null unless `feeStatus` is `known`.",
            examples=["117.68"],
        ),
    ]
    settlement_currency: Annotated[
        str | None,
        Meta(
            description="The currency of `fee` and `net`, in which Stripe pays out. `fee`, `net` and this field "
            "are null unless `feeStatus` is `known`, and if `settlements` have several currencies."
        ),
    ]
    exchange: Annotated[
        ExchangeView | None,
        Meta(
            description="The first currency exchange; `settlements` have all of them. Null if the amount was not "
            "exchanged."
        ),
    ]
    settlements: Annotated[
        list[SettlementView],
        Meta(
            description="The changes of the Stripe balance, oldest first. A returned bank debit has two, and so "
            "does a dispute that was won. If a card paid after a bank debit was returned, both payments have their "
            "own changes."
        ),
    ]
    deposits: Annotated[
        list[DepositView],
        Meta(
            description="The deposits of the money: one for each of `settlements`, in the same order. While "
            "`feeStatus` is `pending`, and for a bank debit on its way, one more says why the money is not settled "
            "yet."
        ),
    ]


def settled_fields(deposited: Deposited | None) -> dict[str, Any]:
    """Returns the fields of `settled_view`, for a model that adds fields of its own."""
    return msgspec.structs.asdict(settled_view(deposited))


def settled_view(deposited: Deposited | None) -> SettledView:
    """Returns the fee and the deposits of a payment, refund or dispute. None stands for one that moved no money."""
    settlements = deposited.settled.settlements if deposited is not None else ()
    transactions = [settlement.transaction for settlement in settlements]
    currencies = {transaction.currency for transaction in transactions}
    fee_status = _fee_status(deposited)
    currency = currencies.pop() if fee_status is FeeStatus.KNOWN and len(currencies) == 1 else None
    exchanges = (exchange_view(transaction) for transaction in transactions)
    return SettledView(
        fee_status=fee_status,
        fee=decimal_string(sum(each.cost for each in transactions), currency) if currency else None,
        fee_parts=[part for each in transactions for part in fee_part_views(each.cost_parts, each.currency)],
        net=decimal_string(sum(each.net for each in transactions), currency) if currency else None,
        settlement_currency=currency,
        exchange=next((exchange for exchange in exchanges if exchange is not None), None),
        settlements=[_settlement_view(settlement) for settlement in settlements],
        deposits=[_deposit_view(deposit) for deposit in deposited.deposits] if deposited is not None else [],
    )


def _fee_status(deposited: Deposited | None) -> FeeStatus | None:
    if deposited is None:
        return None
    if deposited.settled.fee_pending:
        return FeeStatus.PENDING
    return FeeStatus.KNOWN if deposited.settled.settlements else None


def fee_part_views(parts: Iterable[FeePart], currency: str) -> list[FeePartView]:
    """Returns the parts of a fee."""
    return [_fee_part_view(part, currency) for part in parts]


def exchange_view(transaction: BalanceTransaction) -> ExchangeView | None:
    """Returns the exchange of a balance transaction, or None if it was not exchanged."""
    if transaction.exchange_rate is None:
        return None
    amount, currency = transaction.source_amount, transaction.source_currency
    if amount is None or currency is None:
        return ExchangeView(rate=transaction.exchange_rate, amount=None, currency=None)
    return ExchangeView(rate=transaction.exchange_rate, amount=decimal_string(amount, currency), currency=currency)


def _fee_part_view(part: FeePart, currency: str) -> FeePartView:
    return FeePartView(type=part.type, amount=decimal_string(part.amount, currency), description=part.description)


def _settlement_view(settlement: Settlement) -> SettlementView:
    transaction = settlement.transaction
    return SettlementView(
        id=transaction.id,
        category=transaction.category,
        at=instant(transaction.created),
        available_on=day_of(transaction.available_on, "UTC").isoformat(),
        gross=decimal_string(transaction.gross, transaction.currency),
        fee=decimal_string(transaction.cost, transaction.currency),
        fee_parts=fee_part_views(transaction.cost_parts, transaction.currency),
        net=decimal_string(transaction.net, transaction.currency),
        currency=transaction.currency,
        exchange=exchange_view(transaction),
        payout_id=settlement.payout_id,
    )


def _deposit_view(deposit: Deposit) -> DepositView:
    return DepositView(
        status=deposit.status,
        on=deposit.on.isoformat() if deposit.on is not None else None,
        payout_id=deposit.payout_id,
        message=deposit.message,
    )
