"""A payout, and pages of payouts.

Users call a payout a deposit, and a negative payout a debit of the bank account.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Day, Instant, Money, PageInfo, instant, page_info
from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout, PayoutFact, Totals
from chalicelib.domain.payout_wording import payouts_paid_again_by, story_of
from chalicelib.domain.related_payouts import RelatedPayouts
from chalicelib.ports.storage import Page


class BankView(msgspec.Struct, rename="camel", kw_only=True):
    """The bank account or the debit card that a payout goes to, or that a negative payout is taken from."""

    name: Annotated[str | None, Meta(description="The bank's name, or the card's brand. Null if Stripe names none.")]
    last4: Annotated[str | None, Meta(description="The last four digits of the account or of the card.")]


class PayoutTotals(msgspec.Struct, rename="camel", kw_only=True):
    """The amounts that make up a payout, each with its effect on the payout. All seven add up to `amount` exactly."""

    payments: Annotated[
        str,
        Meta(
            description="The payments of POM's invoices, before fees, in the payout's currency.", examples=["1215.00"]
        ),
    ]
    refunds: Annotated[
        str, Meta(description="The refunds of these payments. Negative if money went out.", examples=["-20.00"])
    ]
    disputes: Annotated[
        str, Meta(description="The disputes of these payments. Negative if banks took back more than they returned.")
    ]
    fees: Annotated[
        str,
        Meta(
            description="Stripe's fees: those of the payments, refunds and disputes, and those of the account, "
            "such as monthly ones. Negative, because they lower the payout.",
            examples=["-38.20"],
        ),
    ]
    other: Annotated[
        str,
        Meta(
            description="All other amounts that Stripe added or took, such as money that it holds back or releases."
        ),
    ]
    outside_pom: Annotated[
        str,
        Meta(
            description="The payments, refunds and disputes of the company's business outside POM, after their fees."
        ),
    ]
    unexplained: Annotated[
        str,
        Meta(
            description="`amount` less the sum of all lines. It is 0 unless Stripe's lines do not explain the "
            "whole payout."
        ),
    ]


class PayoutView(msgspec.Struct, rename="camel", kw_only=True):
    """A payout: money that Stripe sends from the account's balance to the bank account, or debits from there."""

    id: Annotated[str, Meta(description="Stripe's id of the payout.", examples=["po_1OaFDbEcg9tTZuTgNYmX0PKB"])]
    arrives_on: Annotated[
        Day,
        Meta(
            description="The day on which the money arrives at the bank, or is expected to arrive. For a negative "
            "payout, the day on which Stripe debits the bank account. It is Stripe's date, without a time zone."
        ),
    ]
    created_at: Annotated[Instant, Meta(description="Time at which the payout was created in Stripe. RFC 3339, UTC.")]
    amount: Annotated[
        Money,
        Meta(
            description="The amount in `currency`. It is negative if Stripe debits the bank account because the "
            "balance was negative.",
            examples=["1156.80"],
        ),
    ]
    bank_amount: Annotated[
        Money,
        Meta(
            description="The amount that the bank account has received by this payout, in `currency`; negative if "
            "the account was debited. It is `amount` while `status` is `paid`, and otherwise 0. The sum over all "
            "payouts counts no money twice.",
            examples=["1156.80"],
        ),
    ]
    currency: Annotated[str, Meta(description="ISO 4217, in lower case.", examples=["usd"])]
    bank: Annotated[BankView | None, Meta(description="The bank account or debit card. Null if Stripe names none.")]
    status: Annotated[
        str,
        Meta(
            description="Stripe's status: `pending`, `in_transit`, `paid`, `failed` or `canceled`. Stripe may add "
            "others. A paid payout may still fail within five business days, or be reversed; `message` has the "
            "state of a reversal."
        ),
    ]
    message: Annotated[
        str,
        Meta(
            description="The status and its reason, in sentences for people.",
            examples=["Arrived at the bank on 3 December 2026."],
        ),
    ]
    next_step: Annotated[
        str | None, Meta(description="What a person should do about the payout. Null if there is nothing to do.")
    ]
    method: Annotated[str, Meta(description="Stripe's method: `standard` or `instant`.")]
    automatic: Annotated[
        bool,
        Meta(
            description="False if a person created the payout manually. Stripe cannot list the lines of a manual "
            "payout."
        ),
    ]
    statement_descriptor: Annotated[
        str | None, Meta(description="The text on the bank's statement. Null if Stripe has none.")
    ]
    trace_id: Annotated[
        str | None,
        Meta(
            description="The bank's reference, with which the bank can find a deposit that did not arrive. Null if "
            "Stripe has none."
        ),
    ]
    totals: Annotated[
        PayoutTotals | None,
        Meta(
            description="The amounts that make up the payout; they add up to `amount` exactly. Null if POM does "
            "not have the payout's lines; `message` says why."
        ),
    ]
    invoice_count: Annotated[
        int | None,
        Meta(description="The number of invoices with a line in the payout. Null if POM does not have the lines."),
    ]
    line_count: Annotated[
        int | None, Meta(description="The number of lines of the payout. Null if POM does not have the lines.")
    ]
    tied_out: Annotated[
        bool | None,
        Meta(
            description="True if the lines add up to `amount` exactly, false if `totals.unexplained` is not 0. Null "
            "if POM does not have the lines."
        ),
    ]
    original_payout_id: Annotated[
        str | None, Meta(description="Stripe's id of the payout that this one reverses. Null if it reverses none.")
    ]
    reversed_by_id: Annotated[
        str | None, Meta(description="Stripe's id of the payout that reverses this one. Null if there is none.")
    ]
    paid_again_in: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the later payout that paid this payout's money out again, after this "
            "payout failed, was canceled or was reversed. Null if Stripe has reported none."
        ),
    ]
    pays_again: Annotated[
        list[str],
        Meta(
            description="Stripe's ids of the earlier payouts whose amounts came back to the balance and are lines "
            "of this payout."
        ),
    ]
    account_connected: Annotated[
        bool,
        Meta(
            description="True if the payout's Stripe account is the connected one. If false, POM receives no "
            "further changes of the payout."
        ),
    ]


class PayoutList(msgspec.Struct, rename="camel"):
    """A page of payouts, the latest `arrivesOn` first."""

    data: Annotated[list[PayoutView], Meta(description="The payouts, the latest `arrivesOn` first.")]
    page_info: PageInfo


def payout_list(page: Page[Payout], related_payouts: RelatedPayouts) -> PayoutList:
    return PayoutList([payout_view(payout, related_payouts) for payout in page.items], page_info(page))


def payout_view(payout: Payout, related_payouts: RelatedPayouts) -> PayoutView:
    """Returns a payout. `related_payouts` has the other payouts of the same money."""
    fact, story, itemized = payout.fact, story_of(payout, related_payouts), payout.itemized
    return PayoutView(
        id=payout.id,
        arrives_on=fact.arrives_on.isoformat(),
        created_at=instant(fact.created),
        amount=decimal_string(fact.amount, fact.currency),
        bank_amount=decimal_string(fact.amount if fact.status == "paid" else 0, fact.currency),
        currency=fact.currency,
        bank=_bank_view(fact),
        status=fact.status,
        message=story.message,
        next_step=story.next_step,
        method=fact.method,
        automatic=fact.automatic,
        statement_descriptor=fact.statement_descriptor,
        trace_id=fact.trace_id,
        totals=_totals_view(itemized.totals, fact.currency) if itemized is not None else None,
        invoice_count=itemized.invoices if itemized is not None else None,
        line_count=itemized.lines if itemized is not None else None,
        tied_out=payout.tied_out,
        original_payout_id=fact.original_payout_id,
        reversed_by_id=fact.reversed_by_id,
        paid_again_in=payout.returned_in,
        pays_again=[earlier.id for earlier in payouts_paid_again_by(payout, related_payouts)],
        account_connected=related_payouts.is_followed(payout),
    )


def _bank_view(fact: PayoutFact) -> BankView | None:
    if fact.destination is None and fact.last4 is None:
        return None
    return BankView(name=fact.destination, last4=fact.last4)


def _totals_view(totals: Totals, currency: str) -> PayoutTotals:
    money = partial(decimal_string, currency=currency)
    return PayoutTotals(
        payments=money(totals.payments),
        refunds=money(totals.refunds),
        disputes=money(totals.disputes),
        fees=money(totals.fees),
        other=money(totals.other),
        outside_pom=money(totals.outside_pom),
        unexplained=money(totals.unexplained),
    )
