"""Payouts that refer to each other: one gave its money back, another paid it out again, a third reverses the
first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.payout import Payout
from chalicelib.domain.terms import day_in_words

UNDER_WAY = frozenset({"pending", "in_transit"})


@dataclass(frozen=True, slots=True)
class RelatedPayouts:
    """The data needed besides a payout to describe its state.

    `by_id` holds the payouts that it names, as `ids_named_by` lists them. `today` is the day in UTC. `accounts` are
    the accounts whose payouts POM follows: the connected one, or none. If `today` or `accounts` is None, sentences
    that depend on it are left out.
    """

    by_id: Mapping[str, Payout] = field(default_factory=dict)
    today: dt.date | None = None
    accounts: Collection[StripeAccountId] | None = None

    def reversal_of(self, payout: Payout) -> Payout | None:
        """Returns the payout that reverses this one, if POM knows it."""
        return self.by_id.get(payout.fact.reversed_by_id or "")

    def gave_back(self, payout: Payout) -> bool:
        """Returns True if the payout's amount went back to the balance.

        A reversal gives nothing back until it is paid, because it is a debit of the bank account, which may fail too.
        """
        reversal = self.reversal_of(payout)
        return payout.fact.returned or (reversal is not None and reversal.fact.status == "paid")

    def later_attempts(self, payout: Payout) -> Iterator[Payout]:
        """Yields the payouts that paid out again what this one gave back, in their order."""
        visited_ids = {payout.id}
        while self.gave_back(payout):
            following = self.by_id.get(payout.returned_in or "")
            if following is None or following.id in visited_ids:
                return
            yield following
            visited_ids.add(following.id)
            payout = following

    def went_out_again(self, payout: Payout) -> bool:
        """Returns True if a later payout paid out again what this one gave back, and did not come back too."""
        again = list(self.later_attempts(payout))
        return bool(again) and not self.gave_back(again[-1])

    def late(self, payout: Payout) -> bool:
        """Returns True if its day has passed and Stripe does not show it as arrived."""
        return payout.fact.status in UNDER_WAY and self.today is not None and payout.fact.arrives_on < self.today

    def expected(self, payout: Payout) -> str:
        """Returns when a payout is, or was, expected at the bank, as the end of a sentence."""
        day = day_in_words(payout.fact.arrives_on)
        if self.late(payout):
            outcome = "was taken" if payout.fact.takes else "arrived"
            return f"was expected on {day}; Stripe has not said that it {outcome}"
        return f"is expected on {day}"

    def is_followed(self, payout: Payout) -> bool:
        """Returns True if POM learns what happens to the payout, because its account is connected."""
        return self.accounts is None or payout.account_id in self.accounts


def ids_named_by(payouts: Iterable[Payout]) -> set[str]:
    """Returns the ids of the other payouts that are needed to describe the state of `payouts`."""
    return {
        named
        for payout in payouts
        for named in (
            payout.returned_in,
            payout.fact.reversed_by_id,
            payout.fact.original_payout_id,
            *(payout.itemized.pays_again if payout.itemized is not None else ()),
        )
        if named
    }


def noun_of(payout: Payout) -> str:
    """Returns the noun for a payout. Stripe debits a negative one from the bank account."""
    return "debit" if payout.fact.takes else "deposit"


def deposit_name(payout: Payout) -> str:
    """Returns the name of a payout by its day, such as `deposit of 3 December 2026`."""
    return f"{noun_of(payout)} of {day_in_words(payout.fact.arrives_on)}"


def reversal_in_words(payout: Payout, related: RelatedPayouts) -> str:
    """Returns a sentence about the reversal of a payout, which debits the bank account."""
    reversal = related.reversal_of(payout)
    if reversal is None:
        return "Stripe says that it is reversed; POM has not read yet whether its money has been taken back."
    by = f"payout {reversal.id}"
    match reversal.fact.status:
        case "paid":
            return f"It was reversed: the {by} took its money back from the bank account."
        case "failed" | "canceled":
            outcome = "failed" if reversal.fact.status == "failed" else "was canceled"
            return f"The {by} was to take its money back and {outcome}, so the money stays at the bank."
        case _:
            sentence = f"the {by} takes its money back from the bank account, which {related.expected(reversal)}"
            return f"It is being reversed: {sentence}."
