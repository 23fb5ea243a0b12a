"""Reads a payout from Stripe and, once Stripe can list what is in it, its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum

from chalicelib.domain.balance_transactions import BalanceTransaction, Settlement
from chalicelib.domain.errors import PayoutNotItemized, StaleWrite
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact, first_known
from chalicelib.domain.payout_lines import PayoutLine, itemized, line_of
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.usecases.payouts.owners import owners_of

RUN_FOR = 200
"""Seconds after which the rest of a payout's lines is left to another run: the function has 300."""

REMEMBERED_EVERY = 10
"""Pages after which a run stores how far it is, so that the next one goes on there if this one is killed."""

ATTEMPTS = 8

GAVE_BACK = frozenset({"payout_failure", "payout_cancel", "payout"})
"""Types of balance transactions by which the money of an earlier payout came back into the balance.

A payout that reverses an earlier one is such a `payout`. One that somebody made by hand gave nothing back.
"""


class Reading(StrEnum):
    """How far POM has come with a payout."""

    UNKNOWN = "unknown"
    """Stripe has no such payout, or the organization is not connected."""
    NO_LINES = "no_lines"
    """Stripe cannot list its lines, or not yet."""
    GOES_ON = "goes_on"
    """Another run is to read the rest of its lines."""
    ITEMIZED = "itemized"
    """This run has added up its lines."""
    KNOWN = "known"
    """POM had its lines before."""


def read_payout(organization_id: OrganizationId, payout_id: str, ports: Ports) -> tuple[Reading, Payout | None]:
    """Keeps a payout as Stripe shows it now, and its lines if Stripe can list them and POM does not have them yet.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: to be done again; what was read is kept.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return Reading.UNKNOWN, None
    fact = ports.stripe.payout(connection.account_id, payout_id)
    if fact is None:
        return Reading.UNKNOWN, None
    payout = keep_payout(fact, organization_id, connection.account_id, ports)
    if payout.itemized is not None and payout.listed_until is None:
        return Reading.KNOWN, payout
    if not payout.fact.reconciled:
        return Reading.NO_LINES, payout
    try:
        return itemize(payout, ports)
    except PayoutNotItemized:  # Asking again in a minute would not help.
        return Reading.NO_LINES, payout


def keep_payout(
    fact: PayoutFact, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> Payout:
    """Returns the payout with what Stripe showed, stored."""

    def known(stored: Payout | None) -> Payout:
        return stored.knowing(fact) if stored is not None else first_known(fact, organization_id, account_id)

    return change_payout(organization_id, fact.id, known, ports)


def itemize(payout: Payout, ports: Ports) -> tuple[Reading, Payout]:
    """Keeps the lines of a payout from where the last run came to, and what they come to.

    The totals are those of the stored lines, so they are what people see.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: to be done again; lines that were kept stay so.
        PayoutNotItemized: Stripe cannot list the lines of this payout.
    """
    until = ports.clock.now() + RUN_FOR
    pages = ports.stripe.balance_transactions(payout.account_id, payout.id, payout.listed_until)
    for number, page in enumerate(pages, start=1):
        keep_lines(payout, page, ports)
        late = ports.clock.now() >= until
        if page and (late or number % REMEMBERED_EVERY == 0):
            payout = _listed_until(payout, page[-1].id, ports)
        if late:
            return Reading.GOES_ON, payout
    return Reading.ITEMIZED, add_up(payout, ports)


def keep_lines(payout: Payout, transactions: Sequence[BalanceTransaction], ports: Ports) -> Sequence[PayoutLine]:
    """Keeps these balance transactions of a payout as its lines, and beside the payments that they belong to.

    Returns the lines.
    """
    lines = lines_of(payout, transactions, ports)
    ports.payouts.put_lines(payout.organization_id, payout.id, lines)
    settled = [
        (line.transaction.movement_id, Settlement(line.transaction, payout.id))
        for line in lines
        if line.owner is not None and line.transaction.movement_id is not None
    ]
    ports.payments.settle(payout.organization_id, settled)
    for line in lines:
        if line.transaction.type in GAVE_BACK and line.transaction.source_id not in (None, payout.id):
            _note_paid_again(payout, line.transaction, ports)
    return lines


def lines_of(payout: Payout, transactions: Sequence[BalanceTransaction], ports: Ports) -> list[PayoutLine]:
    """Returns the lines of at most 100 balance transactions of a payout, each with its invoice."""
    ids = sorted({each.movement_id for each in transactions if each.movement_id is not None})
    known = ports.payments.find(payout.organization_id, ids) if ids else {}
    owners = owners_of(transactions, known, payout.organization_id, payout.account_id, ports)
    lines = (line_of(each, payout.fact, owners.get(each.id)) for each in transactions)
    return [line for line in lines if line is not None]


def add_up(payout: Payout, ports: Ports) -> Payout:
    """Returns the payout with what its stored lines come to.

    The lines are read after the version of the payout that is changed, and again if another worker changes it
    meanwhile. So totals of lines as they were never replace those of lines as they are.
    """

    def added_up(stored: Payout | None) -> Payout:
        current = stored or payout
        lines = ports.payouts.all_lines(current.organization_id, current.id)
        return replace(current, itemized=itemized(current.fact, lines, ports.clock.now()), listed_until=None)

    return change_payout(payout.organization_id, payout.id, added_up, ports)


def _listed_until(payout: Payout, transaction_id: str, ports: Ports) -> Payout:
    def listed(stored: Payout | None) -> Payout:
        return replace(stored or payout, listed_until=transaction_id)

    return change_payout(payout.organization_id, payout.id, listed, ports)


def _note_paid_again(payout: Payout, transaction: BalanceTransaction, ports: Ports) -> None:
    """Notes on an earlier payout that gave its money back that this one pays it out again."""
    gave_back = _known(payout, transaction.source_id, ports)
    if gave_back is not None and transaction.type == "payout":
        gave_back = _known(payout, gave_back.fact.original_payout_id, ports)
    if gave_back is None:
        return
    earlier = gave_back

    def noted(stored: Payout | None) -> Payout:
        return replace(stored or earlier, returned_in=payout.id)

    change_payout(payout.organization_id, earlier.id, noted, ports)


def _known(payout: Payout, other_id: str | None, ports: Ports) -> Payout | None:
    """Returns another payout of the same organization, if POM has it."""
    return ports.payouts.get(payout.organization_id, other_id) if other_id else None


def change_payout(
    organization_id: OrganizationId, payout_id: str, change: Callable[[Payout | None], Payout], ports: Ports
) -> Payout:
    """Stores a change of a payout, and repeats it if somebody else was faster. Writes nothing if nothing changes.

    Raises:
        StaleWrite: others kept being faster.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        stored = ports.payouts.get(organization_id, payout_id)
        changed = change(stored)
        if changed == stored:
            return changed
        try:
            return ports.payouts.save(changed)
        except StaleWrite:
            continue
    raise StaleWrite("The payout")
