"""Where a payment's money is: in the balance, in a deposit, or on its way. Users know a payout as a deposit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.movements import Movement, MovementKind
from chalicelib.domain.payment_methods import BANK_DEBITS
from chalicelib.domain.payments import OUTSIDE_ID
from chalicelib.domain.payout import Payout
from chalicelib.domain.related_payouts import RelatedPayouts, deposit_name, noun_of, reversal_in_words
from chalicelib.domain.terms import day_in_words, day_of

BANK_DEBIT = "The bank debit is on its way. That takes some days and is normal."
UNDER_WAY = "The payment has not arrived yet. A bank debit takes some days, which is normal."
"""The text for a payment whose method POM does not know until it arrives or fails."""


class DepositStatus(StrEnum):
    """Where the money is that a payment brought in, or that a refund or a dispute took out."""

    NOT_SETTLED = "not_settled"
    """A bank debit is on its way, or POM has not read the booking from Stripe yet. Both are normal."""
    EXPECTED = "expected"
    """Stripe has booked it, and it is in no deposit yet."""
    DEPOSIT_UNKNOWN = "deposit_unknown"
    """It may have been paid out, and Stripe has not named the deposit."""
    ON_ITS_WAY = "on_its_way"
    ARRIVED = "arrived"
    RETURNED = "returned"
    """The deposit that had it failed, was canceled or was reversed, and no later deposit is known to have it."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Where the money of one balance transaction is. `on` is the deposit's day, or the first day it can be paid
    out.
    """

    status: DepositStatus
    message: str
    on: dt.date | None = None
    payout_id: str | None = None


NOT_READ = Deposit(DepositStatus.NOT_SETTLED, "POM has not read yet when Stripe will pay out this money.")


@dataclass(frozen=True, slots=True)
class SettledMovement:
    """A payment, refund or dispute with the balance transactions that Stripe booked for it, the earliest first.

    A store keeps the settlements of all charges of a payment with the payment's row. `with_own_settlements` assigns
    them to the rows of the charges.
    """

    movement: Movement
    settlements: tuple[Settlement, ...] = ()

    @property
    def in_no_payout(self) -> bool:
        """Returns True if Stripe has, or may have, money of this payment that is in no payout known to POM."""
        in_a_payout = any(settlement.payout_id for settlement in self.settlements)
        return not in_a_payout and not self.movement.id.startswith(OUTSIDE_ID)

    @property
    def fee_pending(self) -> bool:
        """Returns True if Stripe charges a fee for this payment that POM does not know yet.

        The settlements of an earlier charge that came back do not show the fee of the charge that succeeded.
        """
        row = self.movement
        is_payment = (
            row.kind is MovementKind.PAYMENT and row.status == "succeeded" and not row.id.startswith(OUTSIDE_ID)
        )
        return is_payment and not any(row.charged_by(each.transaction.source_id) for each in self.settlements)


def with_own_settlements(
    rows: Iterable[Movement], stored: Mapping[str, SettledMovement]
) -> Iterator[SettledMovement]:
    """Yields each row with the settlements of its own charge.

    A payment may have several charges, such as a bank debit that came back and the card that then paid. Each charge
    has a row, and the settlements of all charges are stored with the payment's row. `stored` maps each
    `settlements_row_id` to the stored row.
    """
    for row in rows:
        payment_row = stored.get(row.settlements_row_id)
        settlements = payment_row.settlements if payment_row is not None else ()
        yield SettledMovement(row, tuple(each for each in settlements if row.shows(each.transaction.source_id)))


def deposits_of(settled: SettledMovement, payouts: Mapping[str, Payout], today: dt.date) -> list[Deposit]:
    """Returns where the money of a payment, refund or dispute is: one deposit for each balance transaction.

    If Stripe's transaction of the payment itself is missing, a further item says what the money waits for. `payouts`
    holds the payouts that the settlements name, and the payouts that those name (`ids_named_by`). `today` is the day
    in UTC.
    """
    if settled.settlements:
        related = RelatedPayouts(payouts, today)
        deposits = [_deposit_of(settlement, related, today) for settlement in settled.settlements]
        return [*deposits, NOT_READ] if settled.fee_pending else deposits
    movement = settled.movement
    if movement.kind is not MovementKind.PAYMENT or movement.id.startswith(OUTSIDE_ID):
        return []
    if movement.status == "pending":
        return [Deposit(DepositStatus.NOT_SETTLED, BANK_DEBIT if movement.method in BANK_DEBITS else UNDER_WAY)]
    if settled.fee_pending:
        return [NOT_READ]
    return []


def _deposit_of(settlement: Settlement, related: RelatedPayouts, today: dt.date) -> Deposit:
    payout = related.by_id.get(settlement.payout_id or "")
    if payout is None:
        return _without_deposit(settlement, today)
    if related.gave_back(payout):
        return _after_return(payout, related)
    on, takes = payout.fact.arrives_on, payout.fact.takes
    if payout.fact.status == "paid":
        why = ": the balance was negative, so Stripe took the amount from the bank account" if takes else ""
        message = f"In the {deposit_name(payout)}{why}.{_reversal(payout, related)}"
        return Deposit(DepositStatus.ARRIVED, message, on, payout.id)
    why = ": the balance was negative, so Stripe takes the amount from the bank account" if takes else ""
    text = f"In the {noun_of(payout)} that {related.expected(payout)}{why}."
    return Deposit(DepositStatus.ON_ITS_WAY, text, on, payout.id)


def _without_deposit(settlement: Settlement, today: dt.date) -> Deposit:
    """Returns where the money of a settlement is for which Stripe has not named a deposit.

    Stripe names automatic payouts some hours after it created them, and never names manual ones
    (https://docs.stripe.com/payouts/reconciliation). So money that can be paid out may already have left the balance.
    """
    transaction = settlement.transaction
    available = day_of(transaction.available_on, "UTC")
    day, is_incoming = day_in_words(available), transaction.net >= 0
    if available > today:
        when = f"The money can be paid out from {day} on." if is_incoming else f"It lowers a deposit from {day} on."
        return Deposit(DepositStatus.EXPECTED, when, available)
    since = f"The money became available on {day}." if is_incoming else f"It lowers the balance since {day}."
    return Deposit(DepositStatus.DEPOSIT_UNKNOWN, f"{since} {NOT_NAMED}", available)


NOT_NAMED = "Stripe has not said which deposit has it. For deposits that are made by hand, Stripe never says it."


def _after_return(payout: Payout, related: RelatedPayouts) -> Deposit:
    """Returns the deposit that has the money of a payout that came back. Later payouts may have come back as well."""
    beginning = f"The {deposit_name(payout)} {_ENDED.get(payout.fact.status, 'was reversed')}"
    subject = "its amount" if payout.fact.takes else "its money"
    *_, latest_attempt = (payout, *related.later_attempts(payout))
    on = latest_attempt.fact.arrives_on
    if related.gave_back(latest_attempt):
        return Deposit(
            DepositStatus.RETURNED, f"{beginning}; {subject} came back to the Stripe balance.", on, latest_attempt.id
        )
    if latest_attempt.fact.status == "paid":
        message = (
            f"{beginning}; {subject} is in the {deposit_name(latest_attempt)}.{_reversal(latest_attempt, related)}"
        )
        return Deposit(DepositStatus.ARRIVED, message, on, latest_attempt.id)
    later_payout = f"the {noun_of(latest_attempt)} that {related.expected(latest_attempt)}"
    message = f"{beginning}; {subject} is in {later_payout}."
    return Deposit(DepositStatus.ON_ITS_WAY, message, on, latest_attempt.id)


_ENDED = {"failed": "failed", "canceled": "was canceled"}


def _reversal(payout: Payout, related: RelatedPayouts) -> str:
    """Returns a further sentence if the reversal of a payout is pending or failed, or an empty text if there is
    none.
    """
    if payout.fact.reversed_by_id is None:
        return ""
    return f" {reversal_in_words(payout, related)}"


def payout_ids(settled: Iterable[SettledMovement]) -> list[str]:
    """Returns the ids of the payouts that these settlements name."""
    ids = (settlement.payout_id for each in settled for settlement in each.settlements)
    return sorted({payout_id for payout_id in ids if payout_id})
