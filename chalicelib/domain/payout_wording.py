"""What people are told of a payout: how it stands, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.money import decimal_string
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.terms import day_in_words

SUPPORT = "Look at it in the Stripe dashboard; Stripe's support can say more."


@dataclass(frozen=True, slots=True)
class PayoutStory:
    """How a payout stands, in sentences, and what a person should do; None if there is nothing to do."""

    message: str
    next_step: str | None = None


def story_of(payout: Payout) -> PayoutStory:
    """Returns how the payout stands."""
    message, next_step = _status(payout, takes=payout.fact.amount < 0)
    remarks = [message, *_reversal(payout.fact), *_lines(payout)]
    if next_step is None and payout.tied_out is False:
        next_step = "There is nothing to do for you: support has been told, and looks into it."
    return PayoutStory(" ".join(remarks), next_step)


def _status(payout: Payout, *, takes: bool) -> tuple[str, str | None]:
    fact, on = payout.fact, day_in_words(payout.fact.arrives_on)
    match fact.status:
        case "pending" | "in_transit":
            if takes:
                return f"Stripe takes this amount from the bank account, expected on {on}.", None
            return f"On its way to the bank; expected on {on}.", None
        case "paid":
            if takes:
                return (
                    f"Stripe took this amount from the bank account on {on}, because the balance was negative.",
                    None,
                )
            return f"Arrived at the bank on {on}.", None
        case "failed":
            return _failed(payout, takes=takes)
        case "canceled":
            return f"It was canceled, and its money is back in the Stripe balance.{_paid_again(payout)}", None
        case other:
            return f"Stripe says '{other}', which POM does not know.", SUPPORT


def _failed(payout: Payout, *, takes: bool) -> tuple[str, str]:
    code = payout.fact.failure_code or ""
    why, next_step = FAILURES.get(code, (payout.fact.failure_message or "Stripe gives no reason.", SUPPORT))
    if takes:
        return f"Stripe could not take this amount from the bank account. {why}", next_step
    late = payout.paid_seen_at is not None
    came_back = "The bank sent it back after it had been paid." if late else "The bank did not accept it."
    return f"{came_back} {why} Its money is back in the Stripe balance.{_paid_again(payout)}", next_step


def _paid_again(payout: Payout) -> str:
    return f" It went out again with the payout {payout.returned_in}." if payout.returned_in else ""


def _reversal(fact: PayoutFact) -> list[str]:
    told = []
    if fact.reversed_by_id:
        told.append(f"It was reversed by the payout {fact.reversed_by_id}, which takes its money back from the bank.")
    if fact.original_payout_id:
        told.append(f"It reverses the payout {fact.original_payout_id}.")
    return told


def _lines(payout: Payout) -> list[str]:
    fact = payout.fact
    if not fact.can_be_itemized:
        made = "It is an instant payout." if fact.method == "instant" else "It was made by hand."
        return [f"{made} Stripe cannot tell which payments are in such a payout."]
    if payout.itemized is None:
        if fact.reconciled:
            return ["POM is still reading from Stripe which payments are in it."]
        return [] if fact.returned else ["Stripe has not said yet which payments are in it."]
    if not payout.itemized.tied_out:
        rest = decimal_string(payout.itemized.totals.unexplained, fact.currency)
        return [f"{rest} {fact.currency.upper()} of it is not explained by the lines that Stripe lists."]
    return []


_CHANGE_BANK = (
    "Enter the bank account again in the Stripe dashboard, under Settings, Payouts. Stripe then tries again."
)
_ASK_BANK = "Ask the bank, or choose another bank account in the Stripe dashboard, under Settings, Payouts."

FAILURES: dict[str, tuple[str, str]] = {
    "account_closed": ("The bank account has been closed.", _CHANGE_BANK),
    "account_frozen": ("The bank account is frozen.", _ASK_BANK),
    "bank_account_restricted": ("The bank account does not take this kind of payment.", _ASK_BANK),
    "bank_ownership_changed": ("The bank account belongs to somebody else now.", _CHANGE_BANK),
    "could_not_process": ("The bank could not process it.", _ASK_BANK),
    "debit_not_authorized": ("The bank does not let Stripe take money from the account.", _ASK_BANK),
    "declined": ("The bank declined it.", _ASK_BANK),
    "incorrect_account_holder_address": ("The address of the account's holder is not the bank's.", _CHANGE_BANK),
    "incorrect_account_holder_name": ("The name of the account's holder is not the bank's.", _CHANGE_BANK),
    "incorrect_account_holder_tax_id": ("The tax number of the account's holder is not the bank's.", _CHANGE_BANK),
    "insufficient_funds": (
        "The balance did not cover it.",
        "Wait until enough is available in the Stripe balance, or make sure that the bank account covers the debit.",
    ),
    "invalid_account_number": ("The account number is wrong.", _CHANGE_BANK),
    "invalid_card": ("The debit card is not valid.", _CHANGE_BANK),
    "invalid_currency": ("The bank account does not take this currency.", _CHANGE_BANK),
    "no_account": ("The bank has no such account.", _CHANGE_BANK),
    "unsupported_card": ("The bank does not take payouts to this debit card.", _CHANGE_BANK),
}
"""What Stripe's failure codes mean, and what to do (https://docs.stripe.com/api/payouts/failures)."""
