"""The sentences about a payout: its state, the reason, and what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.related_payouts import RelatedPayouts, deposit_name, reversal_in_words
from chalicelib.domain.terms import day_in_words

SUPPORT = "Look at it in the Stripe dashboard. Stripe's support can say more."

LATE_AFTER = 10
"""Business days after which the bank can search for a payout (https://docs.stripe.com/payouts/trace-id)."""


@dataclass(frozen=True, slots=True)
class PayoutStory:
    """The state of a payout, in sentences, and what a person should do. `next_step` is None if nothing is to be
    done.
    """

    message: str
    next_step: str | None = None


def story_of(payout: Payout, related: RelatedPayouts | None = None) -> PayoutStory:
    """Returns the state of a payout in sentences. Without `related`, the sentences name no other payout."""
    related = related or RelatedPayouts()
    remarks = [_status(payout, related), *_reversal(payout, related), *_paid_again(payout, related), *_lines(payout)]
    if not related.is_followed(payout):
        remarks.append(
            f"Its Stripe account {payout.account_id} is no longer connected, so POM receives no news of it."
        )
    next_step = _next_step(payout, related)
    if next_step is None and payout.tied_out is False:
        next_step = "There is nothing for you to do: support has been notified and is looking into it."
    return PayoutStory(" ".join(remarks), next_step)


def _status(payout: Payout, related: RelatedPayouts) -> str:
    fact, on = payout.fact, day_in_words(payout.fact.arrives_on)
    match fact.status:
        case "pending" | "in_transit" if fact.takes and related.late(payout):
            return f"Stripe was to take this amount from the bank account on {on}, and has not said that it did."
        case "pending" | "in_transit" if fact.takes:
            return f"Stripe takes this amount from the bank account, expected on {on}."
        case "pending" | "in_transit" if related.late(payout):
            return f"It was expected at the bank on {on}; Stripe has not said that it arrived."
        case "pending" | "in_transit":
            return f"On its way to the bank; expected on {on}."
        case "paid" if fact.takes and fact.original_payout_id:
            return f"Stripe took this amount from the bank account on {on}."
        case "paid" if fact.takes:
            return f"Stripe took this amount from the bank account on {on}, because the balance was negative."
        case "paid":
            return f"Arrived at the bank on {on}."
        case "failed" if fact.takes:
            return f"Stripe could not take this amount from the bank account. {_why(fact)}"
        case "failed":
            late = payout.paid_seen_at is not None
            came_back = "The bank sent it back after it had been paid." if late else "The bank did not accept it."
            return f"{came_back} {_why(fact)} {_where_its_money_went(payout, related)}"
        case "canceled" if fact.takes:
            return "It was canceled: Stripe took nothing from the bank account."
        case "canceled":
            return f"It was canceled. {_where_its_money_went(payout, related)}"
        case other:
            return f"Stripe says '{other}', which POM does not know."


def _why(fact: PayoutFact) -> str:
    if fact.failure_code in FAILURES:
        return FAILURES[fact.failure_code].why
    return fact.failure_message or "Stripe gives no reason."


def _where_its_money_went(payout: Payout, related: RelatedPayouts) -> str:
    """Returns where the money went that a payout gave back. For manual payouts, Stripe does not name the next one."""
    if payout.returned_in is None:
        return "Its money came back to the Stripe balance."
    went = f"Its money came back to the Stripe balance. It went out again with the payout {payout.returned_in}"
    again = list(related.later_attempts(payout))
    if not again:
        return f"{went}."
    if related.gave_back(again[-1]):
        return f"{went}, and came back once more."
    with_another = f", came back, and went out with the payout {again[-1].id}" if len(again) > 1 else ""
    if again[-1].fact.status == "paid":
        return f"{went}{with_another}, which arrived at the bank on {day_in_words(again[-1].fact.arrives_on)}."
    return f"{went}{with_another}, which {related.expected(again[-1])}."


def _reversal(payout: Payout, related: RelatedPayouts) -> list[str]:
    sentences = []
    if payout.fact.reversed_by_id and not payout.fact.returned:
        sentences.append(reversal_in_words(payout, related))
        if related.gave_back(payout) and payout.returned_in is not None:
            sentences.append(_where_its_money_went(payout, related))
    if payout.fact.original_payout_id:
        original = related.by_id.get(payout.fact.original_payout_id)
        of_it = f", the {deposit_name(original)}" if original is not None else ""
        sentences.append(
            f"It reverses the payout {payout.fact.original_payout_id}{of_it}: its amount is that payout's."
        )
    return sentences


def _paid_again(payout: Payout, related: RelatedPayouts) -> list[str]:
    """Returns which earlier payouts' amounts are in this one."""
    return [
        f"It has what the {deposit_name(earlier)} gave back, the payout {earlier.id}."
        for earlier in payouts_paid_again_by(payout, related)
    ]


def payouts_paid_again_by(payout: Payout, related: RelatedPayouts) -> list[Payout]:
    """Returns the earlier payouts whose amounts this one pays out again, as far as POM knows them, sorted by day.

    The amount of a reversed payout came back by the payout that reversed it.
    """
    payout_ids = payout.itemized.pays_again if payout.itemized is not None else ()
    earlier_payouts: dict[str, Payout] = {}
    for each in payout_ids:
        earlier = related.by_id.get(each)
        if earlier is not None and not earlier.fact.returned and earlier.fact.original_payout_id:
            earlier = related.by_id.get(earlier.fact.original_payout_id)
        if earlier is not None:
            earlier_payouts[earlier.id] = earlier
    return sorted(earlier_payouts.values(), key=lambda earlier: (earlier.fact.arrival_date, earlier.id))


def _lines(payout: Payout) -> list[str]:
    fact = payout.fact
    if fact.original_payout_id:
        return []
    if not fact.can_be_itemized:
        origin = "It is an instant payout." if fact.method == "instant" else "It was made by hand."
        return [f"{origin} Stripe cannot tell which payments are in such a payout."]
    if payout.itemized is None:
        if fact.reconciled:
            return ["POM is still reading from Stripe which payments are in it."]
        return [] if fact.returned else ["Stripe has not said yet which payments are in it."]
    if not payout.itemized.tied_out:
        unexplained = decimal_string(payout.itemized.totals.unexplained, fact.currency)
        return [f"{unexplained} {fact.currency.upper()} of it is not explained by the lines that Stripe lists."]
    return []


def _next_step(payout: Payout, related: RelatedPayouts) -> str | None:
    fact = payout.fact
    match fact.status:
        case "paid" | "canceled":
            return None
        case "pending" | "in_transit":
            return _if_late(payout, related)
        case "failed":
            return None if related.went_out_again(payout) else _how_to_fix(fact)
        case _:
            return SUPPORT


def _how_to_fix(fact: PayoutFact) -> str:
    failure = FAILURES.get(fact.failure_code or "")
    if failure is None:
        return SUPPORT
    if not failure.tried_again:
        return failure.next_step
    again = "Stripe then tries again." if fact.automatic else "Then make the payout again."
    return f"{failure.next_step} {again}"


def _if_late(payout: Payout, related: RelatedPayouts) -> str | None:
    """Returns what to do about a payout that is long overdue, or None if it is not."""
    if related.today is None or related.today <= _business_days_after(payout.fact.arrives_on, LATE_AFTER):
        return None
    if payout.fact.takes:
        return SUPPORT
    if payout.fact.trace_id is None:
        return "Look at it in the Stripe dashboard. If it has a trace ID, the bank can find the deposit by it."
    return (
        f"If it is not on the bank's statement, ask the bank to look for it by the trace ID {payout.fact.trace_id}."
    )


def _business_days_after(day: dt.date, count: int) -> dt.date:
    """Returns the day that is `count` weekdays after `day`. Holidays are not considered."""
    while count:
        day += dt.timedelta(days=1)
        count -= day.weekday() < 5
    return day


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a payout failed, and what to do. `tried_again` is True if Stripe pays out again once that is done."""

    why: str
    next_step: str
    tried_again: bool = False


_CHANGE_BANK = "Enter the bank account again in the Stripe dashboard, under Settings, Payouts."
_OTHER_BANK = "Enter another bank account in the Stripe dashboard, under Settings, Payouts."
_OTHER_CARD = "Enter another debit card or a bank account in the Stripe dashboard, under Settings, Payouts."
_ASK_BANK = "Ask the bank, or choose another bank account in the Stripe dashboard, under Settings, Payouts."

FAILURES: dict[str, Failure] = {
    "account_closed": Failure("The bank account has been closed.", _OTHER_BANK, tried_again=True),
    "account_frozen": Failure("The bank account is frozen.", _ASK_BANK),
    "bank_account_restricted": Failure("The bank account does not take this kind of payment.", _ASK_BANK),
    "bank_ownership_changed": Failure(
        "The bank account belongs to somebody else now.", _OTHER_BANK, tried_again=True
    ),
    "could_not_process": Failure("The bank could not process it.", _ASK_BANK),
    "debit_not_authorized": Failure("The bank does not let Stripe take money from the account.", _ASK_BANK),
    "declined": Failure("The bank declined it.", _ASK_BANK),
    "incorrect_account_holder_address": Failure(
        "The address of the account's holder is not the bank's.", _CHANGE_BANK, tried_again=True
    ),
    "incorrect_account_holder_name": Failure(
        "The name of the account's holder is not the bank's.", _CHANGE_BANK, tried_again=True
    ),
    "incorrect_account_holder_tax_id": Failure(
        "The tax number of the account's holder is not the bank's.", _CHANGE_BANK, tried_again=True
    ),
    "insufficient_funds": Failure(
        "There was not enough money for it.",
        "Wait until enough is available in the Stripe balance, or make sure that the bank account covers the debit.",
    ),
    "invalid_account_number": Failure("The account number is wrong.", _CHANGE_BANK, tried_again=True),
    "invalid_card": Failure("The debit card is not valid.", _OTHER_CARD, tried_again=True),
    "invalid_currency": Failure("The bank account does not take this currency.", _OTHER_BANK, tried_again=True),
    "no_account": Failure("The bank has no such account.", _CHANGE_BANK, tried_again=True),
    "unsupported_card": Failure("The bank does not take payouts to this debit card.", _OTHER_CARD, tried_again=True),
}
"""The meaning of Stripe's failure codes, and what to do (https://docs.stripe.com/api/payouts/failures)."""
