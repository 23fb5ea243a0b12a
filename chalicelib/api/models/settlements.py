"""The fee of a payment, a refund or a dispute, and the deposits that its money is in, as the API returns them."""

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
    Meta(description="Stripe's fee, in `currency`. It is negative if Stripe gave a fee back.", examples=["3.82"]),
]
Net = Annotated[
    Money, Meta(description="`gross` less `fee`, in `currency`: the change of the balance.", examples=["117.68"])
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
        str, Meta(description="Stripe's word: `stripe_fee`, `application_fee`, `tax` or another that Stripe adds.")
    ]
    amount: Annotated[Money, Meta(description="The part, in the currency of the fee.", examples=["3.82"])]
    description: Annotated[str | None, Meta(description="The purpose of this part, in Stripe's words.")]


class ExchangeView(msgspec.Struct, rename="camel", kw_only=True):
    """How Stripe exchanged an amount into the currency in which it pays out."""

    rate: Annotated[
        str,
        Meta(description="An exact decimal. The amount before the exchange times this is the amount after it."),
    ]
    amount: Annotated[
        Money | None,
        Meta(
            description="The amount before the exchange, in this object's `currency`, as the payment, refund or "
            "dispute has it: without a sign. Null if Stripe names none."
        ),
    ]
    currency: Annotated[
        str | None, Meta(description="The currency before the exchange, ISO 4217 in lower case. Null if unknown.")
    ]


class DepositView(msgspec.Struct, rename="camel", kw_only=True):
    """Where money is. People call a payout of Stripe to the bank account a deposit."""

    status: Annotated[
        DepositStatus,
        Meta(
            description="`not_settled`: the money is not in the Stripe balance yet, as far as POM knows, which is "
            "normal. `expected`: the money can be paid out from the day `on`. `deposit_unknown`: the money could be "
            "paid out from the day `on`, and Stripe has not said which deposit has it; of deposits made by hand, "
            "Stripe never says. `on_its_way`: Stripe has not said that the deposit arrived. `arrived`: the deposit "
            "arrived. `returned`: the deposit failed or was canceled or reversed, and no later one is known to have "
            "the money."
        ),
    ]
    on: Annotated[
        Day | None,
        Meta(
            description="The day of the deposit. Without a deposit, the first day on which the money can be in one. "
            "Null while that is not known. Stripe's date, in no time zone."
        ),
    ]
    payout_id: Annotated[
        str | None, Meta(description="Stripe's id of the deposit. `GET /payouts/{payoutId}` shows it.")
    ]
    message: Annotated[
        str, Meta(description="The same in a sentence for people.", examples=["In the deposit of 3 December 2026."])
    ]


class SettlementView(msgspec.Struct, rename="camel", kw_only=True):
    """One change of the Stripe balance."""

    id: Annotated[str, Meta(description="Stripe's id of the balance transaction.", examples=["txn_1MiN3gLkdIwHu7ix"])]
    category: Annotated[
        str, Meta(description="Stripe's reporting category, such as `charge`, `refund` or `dispute_reversal`.")
    ]
    at: Annotated[Instant, Meta(description="When Stripe booked it. RFC 3339, UTC.")]
    available_on: Annotated[Day, Meta(description="The first day on which the money can be paid out. Stripe's date.")]
    gross: Gross
    fee: Fee
    fee_parts: Annotated[list[FeePartView], Meta(description="The parts of `fee`.")]
    net: Net
    currency: SettlementCurrency
    exchange: Annotated[ExchangeView | None, Meta(description="Null if nothing was exchanged.")]
    payout_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the payout that has this money. Null until Stripe has listed the payout, and "
            "for manual and instant payouts, which Stripe cannot list."
        ),
    ]


class SettledView(msgspec.Struct, rename="camel", kw_only=True):
    """The fee of a payment, a refund or a dispute, and where its money is."""

    fee_status: Annotated[
        FeeStatus | None,
        Meta(
            description="Of a payment that succeeded: `pending` until POM has read the fee from Stripe, then "
            "`known`. Of a refund and of a dispute: null until POM has read the fee from Stripe, then `known`. Null "
            "for money outside Stripe, and for a payment that moved no money."
        ),
    ]
    fee: Annotated[
        Money | None,
        Meta(
            description="Stripe's fee in `settlementCurrency`, the sum of `settlements[].fee`. Null unless "
            "`feeStatus` is `known`.",
            examples=["3.82"],
        ),
    ]
    fee_parts: Annotated[list[FeePartView], Meta(description="The parts of `fee`. They add up to it.")]
    net: Annotated[
        Money | None,
        Meta(
            description="The change of the Stripe balance, in `settlementCurrency`: the sum of "
            "`settlements[].net`. It is negative if money went out. Null unless `feeStatus` is `known`.",
            examples=["117.68"],
        ),
    ]
    settlement_currency: Annotated[
        str | None,
        Meta(
            description="The currency of `fee` and `net`, in which Stripe pays out. These three are null unless "
            "`feeStatus` is `known`, and if `settlements` have several currencies."
        ),
    ]
    exchange: Annotated[
        ExchangeView | None,
        Meta(description="Null if nothing was exchanged. Of several exchanges, the first: `settlements` has all."),
    ]
    settlements: Annotated[
        list[SettlementView],
        Meta(
            description="Each change of the Stripe balance, the earliest first. A bank debit that came back has "
            "two, and so does a dispute that was won. If a card paid after a bank debit had come back, each has its "
            "own."
        ),
    ]
    deposits: Annotated[
        list[DepositView],
        Meta(
            description="Where the money is: one for each of `settlements`, in the same order. While `feeStatus` is "
            "`pending`, and for a bank debit on its way, one more says what the money waits for."
        ),
    ]


def settled_fields(deposited: Deposited | None) -> dict[str, Any]:
    """Returns the fields of `settled_view`, for a model that has more of them."""
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
    """Returns how a balance transaction was exchanged, or None if it was not."""
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
