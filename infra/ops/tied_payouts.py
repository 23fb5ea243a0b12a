"""What became of each payout that was compared with Stripe's lists, in words for operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.errors import PayoutNotItemized
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.payout_tie_out import PayoutDifference, PayoutKind
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling.tie_out_payouts import ComparedPayout, repair_from_stripe


class Result(StrEnum):
    """How POM's record of a payout stands beside Stripe's."""

    TIED_OUT = "tied out"
    REPAIRED = "repaired"
    WOULD_BE_REPAIRED = "would be repaired"
    DIFFERS = "differs"
    WAITS = "waits for Stripe"
    NOT_ITEMIZED = "cannot be itemized"

    @property
    def differs(self) -> bool:
        """Returns True if POM does not have the payout as Stripe has it."""
        return self in (Result.DIFFERS, Result.WOULD_BE_REPAIRED)


@dataclass(frozen=True, slots=True)
class TiedPayout:
    """A payout as Stripe shows it, POM's record of it now, and what differed before."""

    fact: PayoutFact
    payout: Payout | None
    result: Result
    why: str | None = None
    differences: tuple[PayoutDifference, ...] = ()


def judged(compared: ComparedPayout, *, would_repair: bool = False) -> TiedPayout:
    """Returns the result for a payout that is not repaired. `would_repair` is True in a dry run of a repair."""
    fact, payout, differences = compared.fact, compared.payout, compared.differences
    if differences:
        result = Result.WOULD_BE_REPAIRED if would_repair and compared.can_be_repaired else Result.DIFFERS
        return TiedPayout(fact, payout, result, summary(differences), differences)
    if payout is not None and payout.tied_out:
        return TiedPayout(fact, payout, Result.TIED_OUT)
    if not fact.can_be_itemized:
        return TiedPayout(fact, payout, Result.NOT_ITEMIZED, "instant" if fact.method == "instant" else "by hand")
    if fact.returned:
        return TiedPayout(fact, payout, Result.NOT_ITEMIZED, fact.status)
    return TiedPayout(fact, payout, Result.WAITS)


def repaired(
    compared: ComparedPayout, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> TiedPayout:
    """Returns a payout after POM was made to say what Stripe says, if that can be done.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: to be done again; what was repaired stays so.
    """
    if not compared.can_be_repaired:
        return judged(compared)
    differences = compared.differences
    try:
        payout = repair_from_stripe(organization_id, account_id, compared.fact, ports)
    except PayoutNotItemized as refused:
        return TiedPayout(compared.fact, compared.payout, Result.DIFFERS, refused.message, differences)
    if payout.tied_out is False:
        return TiedPayout(compared.fact, payout, Result.DIFFERS, _KINDS[PayoutKind.UNEXPLAINED], differences)
    return TiedPayout(compared.fact, payout, Result.REPAIRED, summary(differences, _BEFORE), differences)


def summary(differences: Sequence[PayoutDifference], in_words: Mapping[PayoutKind, str] | None = None) -> str:
    """Returns in a few words what differs, such as `POM does not have it`, or `status or amount, 3 lines`."""
    kinds = Counter(each.kind for each in differences)
    said = [words for kind, words in (in_words or _KINDS).items() if kinds[kind]]
    lines = {each.subject for each in differences if each.kind is PayoutKind.LINE_DIFFERS}
    if lines:
        said.append(f"{len(lines)} line{'s' if len(lines) > 1 else ''}")
    return ", ".join(said)


_KINDS = {
    PayoutKind.UNKNOWN: "POM does not have it",
    PayoutKind.NOT_IN_STRIPE: "not in Stripe",
    PayoutKind.DIFFERS: "status or amount",
    PayoutKind.NOT_ITEMIZED: "no lines yet",
    PayoutKind.TOTALS_DIFFER: "its totals",
    PayoutKind.NOT_STORED: "a payment is not stored yet",
    PayoutKind.UNEXPLAINED: "lines do not add up",
}
_BEFORE = {
    **_KINDS,
    PayoutKind.UNKNOWN: "POM did not have it",
    PayoutKind.NOT_ITEMIZED: "POM did not have its lines",
}
"""What differed until it was repaired."""
