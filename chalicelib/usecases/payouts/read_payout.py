"""Reads a payout from Stripe, and its lines once Stripe can itemize it."""

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
from chalicelib.usecases.payouts.paid_again import link_payouts_paid_again, linked_to_later_payout

RUN_FOR = 200
"""Seconds after which a run leaves the remaining lines to another run. The function has 300 seconds."""

REMEMBERED_EVERY = 10
"""Pages after which a run stores its progress, so that the next run continues there if this one is killed."""


class Reading(StrEnum):
    """How far POM has read a payout."""

    UNKNOWN = "unknown"
    """Stripe has no such payout, or the organization is not connected."""
    NO_LINES = "no_lines"
    """Stripe cannot itemize the payout, or not yet."""
    GOES_ON = "goes_on"
    """Another run is to read the remaining lines."""
    ITEMIZED = "itemized"
    """This run has added up its lines."""
    KNOWN = "known"
    """POM had its lines before."""


def read_payout(organization_id: OrganizationId, payout_id: str, ports: Ports) -> tuple[Reading, Payout | None]:
    """Stores a payout as Stripe returns it now, and its lines if Stripe can itemize it and POM does not have them
    yet.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: call again. Stored lines stay.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return Reading.UNKNOWN, None
    fact = ports.stripe.payout(connection.account_id, payout_id)
    if fact is None:
        return Reading.UNKNOWN, None
    payout = store_payout(fact, organization_id, connection.account_id, ports)
    if payout.itemized is not None and payout.listed_until is None:
        link_payouts_paid_again(payout, ports)  # A run that added its lines up may have been killed before it did so.
        return Reading.KNOWN, payout
    if not payout.fact.reconciled:
        return Reading.NO_LINES, payout
    try:
        return itemize(payout, ports)
    except PayoutNotItemized:  # Asking again in a minute would not help.
        return Reading.NO_LINES, payout


def store_payout(
    fact: PayoutFact, organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports
) -> Payout:
    """Returns the payout, stored with Stripe's data and linked to the later payout that paid it out again."""

    def with_stripe_data(stored: Payout | None) -> Payout:
        return stored.knowing(fact) if stored is not None else new_payout(fact, organization_id, account_id)

    return linked_to_later_payout(change_payout(organization_id, fact.id, with_stripe_data, ports), ports)


def itemize(payout: Payout, ports: Ports) -> tuple[Reading, Payout]:
    """Stores the lines of a payout from the position of the last run on, and their totals at the end.

    The totals are those of the stored lines, so they match the lines that users see.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: call again. Stored lines stay.
        PayoutNotItemized: Stripe cannot list the lines of this payout.
    """
    until = ports.clock.now() + RUN_FOR
    pages = ports.stripe.balance_transactions(payout.account_id, payout.id, payout.listed_until)
    for number, page in enumerate(pages, start=1):
        store_lines(payout, page, ports)
        late = ports.clock.now() >= until
        if page and (late or number % REMEMBERED_EVERY == 0):
            payout = _listed_until(payout, page[-1].id, ports)
        if late:
            return Reading.GOES_ON, payout
    return Reading.ITEMIZED, add_up(payout, ports)


def store_lines(payout: Payout, transactions: Sequence[BalanceTransaction], ports: Ports) -> Sequence[PayoutLine]:
    """Stores these balance transactions as lines of a payout, and in the rows of their payments.

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
    """Returns the payout with the totals of its stored lines, and links the payouts that it pays out again.

    The lines are read after the version of the payout that is changed, and again if another worker changes it. So the
    totals of outdated lines never replace those of present lines.
    """

    def added_up(stored: Payout | None) -> Payout:
        current = stored or payout
        lines = ports.payouts.all_lines(current.organization_id, current.id)
        return replace(current, itemized=sum_lines(current.fact, lines, ports.clock.now()), listed_until=None)

    payout = change_payout(payout.organization_id, payout.id, added_up, ports)
    link_payouts_paid_again(payout, ports)
    return payout


def _listed_until(payout: Payout, transaction_id: str, ports: Ports) -> Payout:
    def listed(stored: Payout | None) -> Payout:
        return replace(stored or payout, listed_until=transaction_id)

    return change_payout(payout.organization_id, payout.id, listed, ports)
