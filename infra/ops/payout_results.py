"""The result for each payout that was compared with Stripe's lists, in words for operators."""

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
    """How POM's record of a payout compares with Stripe's."""

    TIED_OUT = "tied out"
    REPAIRED = "repaired"
    WOULD_BE_REPAIRED = "would be repaired"
    DIFFERS = "differs"
    WAITS = "waits for Stripe"
    NOT_ITEMIZED = "cannot be itemized"

    @property
    def differs(self) -> bool:
        """Returns True if POM's record differs from Stripe's payout."""
        return self in (Result.DIFFERS, Result.WOULD_BE_REPAIRED)


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """A payout as Stripe has it, POM's present record of it, and the differences before a repair."""

    fact: PayoutFact
    payout: Payout | None
    result: Result
    why: str | None = None
    differences: tuple[PayoutDifference, ...] = ()


def result_of(comparison: ComparedPayout, *, would_repair: bool = False) -> PayoutResult:
    """Returns the result for a payout that is not repaired. `would_repair` is True in a dry run of a repair."""
    fact, payout, differences = comparison.fact, comparison.payout, comparison.differences
    if differences:
        result = Result.WOULD_BE_REPAIRED if would_repair and comparison.can_be_repaired else Result.DIFFERS
        return PayoutResult(fact, payout, result, summary(differences), differences)
    if payout is not None and payout.tied_out:
        return PayoutResult(fact, payout, Result.TIED_OUT)
    if not fact.can_be_itemized:
        return PayoutResult(fact, payout, Result.NOT_ITEMIZED, "instant" if fact.method == "instant" else "by hand")
    if fact.returned:
        return PayoutResult(fact, payout, Result.NOT_ITEMIZED, fact.status)
    return PayoutResult(fact, payout, Result.WAITS)


def repair_payout(
    comparison: ComparedPayout, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> PayoutResult:
    """Repairs POM's record of a payout, if that is possible, and returns the result.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the repair is incomplete and must be repeated.
    """
    if not comparison.can_be_repaired:
        return result_of(comparison)
    differences = comparison.differences
    try:
        payout = repair_from_stripe(organization_id, account_id, comparison.fact, ports)
    except PayoutNotItemized as refused:
        return PayoutResult(comparison.fact, comparison.payout, Result.DIFFERS, refused.message, differences)
    if payout.tied_out is False:
        return PayoutResult(comparison.fact, payout, Result.DIFFERS, _KINDS[PayoutKind.UNEXPLAINED], differences)
    return PayoutResult(comparison.fact, payout, Result.REPAIRED, summary(differences, _BEFORE), differences)


def summary(differences: Sequence[PayoutDifference], in_words: Mapping[PayoutKind, str] | None = None) -> str:
    """Returns the differences in a few words, such as `POM does not have it`, or `status or amount, 3 lines`."""
    kinds = Counter(each.kind for each in differences)
    parts = [text for kind, text in (in_words or _KINDS).items() if kinds[kind]]
    lines = {each.subject for each in differences if each.kind is PayoutKind.LINE_DIFFERS}
    if lines:
        parts.append(f"{len(lines)} line{'s' if len(lines) > 1 else ''}")
    return ", ".join(parts)


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
"""The differences in words after a repair, in the past tense."""
