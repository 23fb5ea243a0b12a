"""Compares the lines of a payout with those that Stripe lists, and repairs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.payout_tie_out import (
    PayoutDifference,
    PayoutKind,
    difference_of_settlement,
    differences_of_lines,
)
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds
from chalicelib.usecases.payouts.change_payout import change_payout
from chalicelib.usecases.payouts.read_payout import add_up, lines_of, store_lines, store_payout

REPAIRABLE = frozenset({PayoutKind.LINE_DIFFERS, PayoutKind.TOTALS_DIFFER})
"""Differences that disappear if POM stores Stripe's lines and adds them up."""


@dataclass(frozen=True, slots=True)
class ComparedLines:
    """A payout with the totals of its lines, and the number of repaired lines. Repaired totals count as one."""

    payout: Payout
    repaired: int = 0


def compare_and_repair(organization_id: OrganizationId, payout_id: str, ports: Ports) -> ComparedLines | None:
    """Compares a payout's lines with Stripe's, repairs differences, and stores the time of the comparison.

    If a line's payment is not stored yet, the payout is to be compared again, so that the payment gets its payout.

    Returns None if there is nothing to compare: POM does not have its lines, the organization is no longer connected
    with the payout's account, or Stripe cannot itemize it.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the call must be repeated.
    """
    connection, payout = ports.connections.get(organization_id), ports.payouts.get(organization_id, payout_id)
    if payout is None or payout.itemized is None:
        return None
    if not connection.active or connection.account_id != payout.account_id:
        return None
    fact = ports.stripe.payout(payout.account_id, payout_id)
    if fact is None or not fact.reconciled:
        return None
    payout = store_payout(fact, organization_id, payout.account_id, ports)
    differences = list(differences_in(payout, ports))
    wrong = _repairable(differences)
    if wrong:
        payout = _repaired(payout, wrong, ports)
    at = 0 if _waits(differences) else ports.clock.now()
    return ComparedLines(_compared(payout, at, ports), len(wrong))


def differences_in(payout: Payout, ports: Ports) -> Iterator[PayoutDifference]:
    """Yields each line of a payout on which Stripe and POM differ. Writes nothing.

    A listed line gets its invoice by POM's present records. So a line whose invoice was stored later than the line is
    a difference. So is a line that is missing from its payment's row, or whose payment is missing.

    Raises:
        StripeUnavailable, AccountUnreachable, Retryable: it cannot be compared now.
    """
    apart: list[PayoutDifference] = []
    listed = _listed(payout, apart, ports)
    stored = ports.payouts.all_lines(payout.organization_id, payout.id)
    yield from differences_of_lines(payout, listed, stored)
    yield from apart


def repair_payout(payout: Payout, ports: Ports) -> Payout:
    """Replaces the stored lines of a payout by Stripe's, and returns the payout with its totals.

    Only lines that differ are written, so a run that fails in the middle leaves less to the next run.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the call must be repeated.
    """
    return _repaired(payout, _repairable(differences_in(payout, ports)), ports)


def _repairable(differences: Iterable[PayoutDifference]) -> set[str]:
    """Returns the ids of the balance transactions whose lines are to be stored again, or of the payout."""
    return {each.subject for each in differences if each.kind in REPAIRABLE}


def _waits(differences: Iterable[PayoutDifference]) -> bool:
    """Returns True if a line's payment is not stored yet, so that the payout is to be compared again."""
    return any(each.kind is PayoutKind.NOT_STORED for each in differences)


def _repaired(payout: Payout, wrong: Set[str], ports: Ports) -> Payout:
    stored = {line.transaction.id: line for line in ports.payouts.all_lines(payout.organization_id, payout.id)}
    for page in ports.stripe.balance_transactions(payout.account_id, payout.id):
        for line in store_lines(payout, [each for each in page if each.id in wrong], ports):
            stored.pop(line.transaction.id, None)
    lines = [stored[transaction_id] for transaction_id in wrong & stored.keys()]
    for some in in_hundreds(lines):
        ports.payouts.remove_lines(payout.organization_id, payout.id, some)
    return add_up(payout, ports)


def _listed(payout: Payout, apart: list[PayoutDifference], ports: Ports) -> Iterator[PayoutLine]:
    """Yields the lines that Stripe lists. Adds to `apart` the differences between these lines and their payments'
    rows.
    """
    for page in ports.stripe.balance_transactions(payout.account_id, payout.id):
        lines = lines_of(payout, page, ports)
        apart += _not_beside_payments(payout, lines, ports)
        yield from lines


def _not_beside_payments(payout: Payout, lines: Sequence[PayoutLine], ports: Ports) -> Iterator[PayoutDifference]:
    owned = [line for line in lines if line.owner is not None]
    ids = sorted({line.transaction.movement_id for line in owned if line.transaction.movement_id is not None})
    known = ports.payments.find(payout.organization_id, ids) if ids else {}
    for line in owned:
        if line.transaction.movement_id is None:
            continue
        difference = difference_of_settlement(payout, line, known.get(line.transaction.movement_id))
        if difference is not None:
            yield difference


def _compared(payout: Payout, at: int, ports: Ports) -> Payout:
    def compared(stored: Payout | None) -> Payout:
        return replace(stored or payout, compared_at=at)

    return change_payout(payout.organization_id, payout.id, compared, ports)
