"""The booking of a charge, the balance, a payout by hand, and a day later the automatic payouts with their lines."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.domain.errors import PayoutNotItemized, StripeRefused
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import shared_payer
from infra.sandbox.stories.payer import pay_apart
from infra.sandbox.stories.story import Story

DAY = 86_400
WEEK = 7 * DAY
NEWEST = 3
"""The number of automatic payouts whose lines are read."""


class DoesNotTieOut(Exception):
    """Raised when the lines of a payout do not add up to its amount."""


def _available(session: Session) -> None:
    """Takes a payment whose money is available as soon as it is booked. Call it as `session.once(_available)`."""
    customer = shared_payer(session)
    with session.step("a payment that is available at once"):
        # https://docs.stripe.com/testing#available-balance
        intent = pay_apart(session, 5000, "pm_card_bypassPending", customer=customer)
    with session.step("booked"):
        expected = {"latest_charge.balance_transaction.object": "balance_transaction"}
        session.until(lambda: session.gateway.balance_transaction_of(session.account, intent), expected, 60)


@dataclass(frozen=True)
class ManualPayout:
    """A payout by hand, and Stripe's response to a request for its lines."""

    payout: Any
    lines: Any


def pay_out(session: Session) -> ManualPayout:
    """Pays out some money by hand. Call it as `session.once(pay_out)`."""
    session.once(_available)
    payout = session.v1.payouts.create(
        {"amount": 1000, "currency": "usd", "metadata": session.marks}, session.on_account()
    )
    payout_json = session.recorder.last("/v1/payouts")
    session.gateway.payout(session.account, payout.id)
    with suppress(PayoutNotItemized, StripeRefused):  # the product expects the first; the response is compared
        list(session.gateway.balance_transactions(session.account, payout.id))
    return ManualPayout(payout_json, session.recorder.last("/v1/balance_transactions"))


def _play(session: Session) -> None:
    session.once(_available)
    with session.step("balance"):
        session.gateway.balance(session.account)
    with session.where_allowed("paid out by hand"):
        session.once(pay_out)
    with session.step("payouts listed"):
        list(session.gateway.payouts(session.account, session.began))


def _play_later(session: Session) -> None:
    with session.step("payouts of the week"):
        payouts = list(session.gateway.payouts(session.account, session.began - WEEK))
    for payout in islice((each for each in payouts if each.reconciled), NEWEST):
        with session.step("lines of a payout"):
            pages = session.gateway.balance_transactions(session.account, payout.id)
            lines = [line for page in pages for line in page]
        sum_of_lines = sum(line.net for line in lines if line.source_id != payout.id)
        if sum_of_lines != payout.amount:
            raise DoesNotTieOut(
                f"The lines of the payout {payout.id} add up to {sum_of_lines}, not to {payout.amount}."
            )


PAYOUTS = Story("payouts", "A payment is booked, and some of its money is paid out by hand.", _play)
PAYOUTS_LATER = Story(
    "payouts later", "Automatic payouts of the last week tie out with their lines.", _play_later, later=True
)
