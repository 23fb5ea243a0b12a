"""Compares an organization's payouts, and each line of them, with Stripe's lists, and reports the differences.

The daily sweep stores payouts and has their lines compared one by one (`sweep_payouts`). This module is for an
operator who wants to see all differences now. `tie_out_payouts` writes nothing; `repair_from_stripe` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from chalicelib.domain.connection import Connection
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact, PayoutFilter
from chalicelib.domain.payout_tie_out import PayoutDifference, PayoutKind, difference_of, not_in_stripe
from chalicelib.domain.sweep import DAY
from chalicelib.ports import Ports
from chalicelib.ports.paging import all_items
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.payouts.compare_payout import differences_in, repair_payout
from chalicelib.usecases.payouts.read_payout import Reading, itemize, store_payout

PAGE = 100

DAYS = 35


@dataclass(frozen=True, slots=True)
class ComparedPayout:
    """A payout as returned by Stripe, POM's record of it, and their differences."""

    fact: PayoutFact
    payout: Payout | None
    differences: tuple[PayoutDifference, ...] = ()

    @property
    def can_be_repaired(self) -> bool:
        """True if POM's record can be repaired with Stripe's data."""
        unmendable = {PayoutKind.UNEXPLAINED, PayoutKind.NOT_IN_STRIPE, PayoutKind.NOT_STORED}
        return any(difference.kind not in unmendable for difference in self.differences)


def tie_out_payouts(organization_id: OrganizationId, ports: Ports, *, days: int = DAYS) -> Iterator[ComparedPayout]:
    """Yields the payouts that were created within `days` days, newest first, each with its differences.

    Every line of every payout that Stripe can itemize is compared, so a payout of n lines takes n/100 calls. Payouts
    that only POM has come last. Nothing is yielded if the organization is not connected.

    Raises:
        StripeUnavailable, AccountUnreachable, Retryable: it cannot be compared now.
    """
    connection = ports.connections.get(organization_id)
    if not connection.active or connection.account_id is None:
        return
    since, listed_ids = ports.clock.now() - days * DAY, set()
    with marking_revocation(organization_id, connection.account_id, ports):
        for fact in ports.stripe.payouts(connection.account_id, since):
            listed_ids.add(fact.id)
            stored = ports.payouts.get(organization_id, fact.id)
            yield ComparedPayout(fact, stored, tuple(_differences(fact, stored, ports)))
    for payout in _stored_since(connection, since, ports):
        if payout.id not in listed_ids:
            yield ComparedPayout(payout.fact, payout, (not_in_stripe(payout),))


def repair_from_stripe(
    organization_id: OrganizationId, account_id: StripeAccountId, fact: PayoutFact, ports: Ports
) -> Payout:
    """Repairs POM's record of a payout with Stripe's data: its status, and every line. Returns the payout.

    Repairing it twice writes the same.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the call must be repeated. Changes stored so far
            stay stored.
        PayoutNotItemized: Stripe cannot list the lines of this payout.
    """
    payout = store_payout(fact, organization_id, account_id, ports)
    if not payout.fact.reconciled:
        return payout
    if payout.itemized is not None:
        return repair_payout(payout, ports)
    reading = Reading.GOES_ON
    while reading is Reading.GOES_ON:
        reading, payout = itemize(payout, ports)
    return payout


def _differences(fact: PayoutFact, stored: Payout | None, ports: Ports) -> Iterator[PayoutDifference]:
    difference = difference_of(fact, stored)
    if difference is not None:
        yield difference
    if stored is not None and stored.itemized is not None and fact.reconciled:
        yield from differences_in(stored, ports)


def _stored_since(connection: Connection, since: int, ports: Ports) -> Iterator[Payout]:
    """Yields the stored payouts of the connected account that were created since then."""
    payout_filter = PayoutFilter(since=since - DAY)  # A payout arrives on the day on which it is made, or later.
    for payout in all_items(partial(ports.payouts.page, connection.organization_id, payout_filter, PAGE)):
        if payout.account_id == connection.account_id and payout.fact.created >= since:
            yield payout
