"""Reads a payout from Stripe and, once Stripe can list what is in it, its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from chalicelib.domain.balance_transactions import BalanceTransaction, Settlement
from chalicelib.domain.errors import PayoutNotItemized
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact, new_payout
from chalicelib.domain.payout_lines import PayoutLine, line_of, sum_lines
from chalicelib.ports import Ports
from chalicelib.usecases.payouts.change_payout import change_payout
from chalicelib.usecases.payouts.owners import owners_of
from chalicelib.usecases.payouts.paid_again import note_what_is_paid_again, note_who_paid_again

RUN_FOR = 200
"""Seconds after which the rest of a payout's lines is left to another run: the function has 300."""

REMEMBERED_EVERY = 10
"""Pages after which a run stores how far it is, so that the next one goes on there if this one is killed."""


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
        note_what_is_paid_again(payout, ports)  # A run that added its lines up may have been killed before it did so.
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
    """Returns the payout with what Stripe showed, stored, and with the later one that paid it out again."""

    def known(stored: Payout | None) -> Payout:
        return stored.knowing(fact) if stored is not None else new_payout(fact, organization_id, account_id)

    return note_who_paid_again(change_payout(organization_id, fact.id, known, ports), ports)


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
    return lines


def lines_of(payout: Payout, transactions: Sequence[BalanceTransaction], ports: Ports) -> list[PayoutLine]:
    """Returns the lines of at most 100 balance transactions of a payout, each with its invoice."""
    ids = sorted({each.movement_id for each in transactions if each.movement_id is not None})
    known = ports.payments.find(payout.organization_id, ids) if ids else {}
    owners = owners_of(transactions, known, payout.organization_id, payout.account_id, ports)
    lines = (line_of(each, payout.fact, owners.get(each.id)) for each in transactions)
    return [line for line in lines if line is not None]


def add_up(payout: Payout, ports: Ports) -> Payout:
    """Returns the payout with what its stored lines come to, and notes it on those that it pays out again.

    The lines are read after the version of the payout that is changed, and again if another worker changes it
    meanwhile. So totals of lines as they were never replace those of lines as they are.
    """

    def added_up(stored: Payout | None) -> Payout:
        current = stored or payout
        lines = ports.payouts.all_lines(current.organization_id, current.id)
        return replace(current, itemized=sum_lines(current.fact, lines, ports.clock.now()), listed_until=None)

    payout = change_payout(payout.organization_id, payout.id, added_up, ports)
    note_what_is_paid_again(payout, ports)
    return payout


def _listed_until(payout: Payout, transaction_id: str, ports: Ports) -> Payout:
    def listed(stored: Payout | None) -> Payout:
        return replace(stored or payout, listed_until=transaction_id)

    return change_payout(payout.organization_id, payout.id, listed, ports)
