"""Returns payouts, one payout with its lines, and the account's balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.balance_transactions import BalanceAmount
from chalicelib.domain.connection import usable_account
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.related_payouts import UNDER_WAY, RelatedPayouts
from chalicelib.ports import Ports
from chalicelib.ports.storage import Page
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.payouts.related import related_payouts

LISTED_AT_ONCE = 100
ARRIVES_WITHIN = 14 * 86400
"""The age in seconds up to which a payout that is still under way may have had its expected day of arrival."""


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's balance by currency, and its payouts that are under way, with the payouts related to these."""

    amounts: Sequence[BalanceAmount]
    under_way: Sequence[Payout]
    known: RelatedPayouts


def list_payouts(
    organization_id: OrganizationId, payout_filter: PayoutFilter, first: int, after: str | None, ports: Ports
) -> Page[Payout]:
    """Returns a page of payouts, the latest arrival first. Payouts of accounts that were connected before stay
    listed.

    Raises:
        Refused: the cursor is not from this list.
    """
    return ports.payouts.page(organization_id, payout_filter, first, after)


def show_payout(
    organization_id: OrganizationId, payout_id: str, first: int, after: str | None, ports: Ports
) -> tuple[Payout, Page[PayoutLine]]:
    """Returns a payout with a page of its lines, the newest first. It has none until POM has read all of them.

    Raises:
        NotFound: this organization has no such payout.
        Refused: the cursor is not from this payout's lines.
    """
    payout = ports.payouts.get(organization_id, payout_id)
    if payout is None:
        raise NotFound(
            "payout_not_found",
            "There is no payout with this id.",
            field="payoutId",
            next_step="Choose the payout from the list of payouts.",
        )
    lines = ports.payouts.lines(organization_id, payout_id, first, after)
    if payout.itemized is None:
        return payout, Page((), None, has_next=False)  # Lines that do not add up yet would mislead.
    return payout, lines


def show_balance(organization_id: OrganizationId, ports: Ports) -> Balance:
    """Returns the account's balance as Stripe has it now.

    Raises:
        Conflict: the organization is not connected.
        StripeUnavailable, AccountUnreachable: Stripe cannot be asked now.
    """
    account_id = usable_account(ports.connections.get(organization_id))
    with marking_revocation(organization_id, account_id, ports):
        amounts = ports.stripe.balance(account_id)
    recent = PayoutFilter(since=ports.clock.now() - ARRIVES_WITHIN)
    page = ports.payouts.page(organization_id, recent, LISTED_AT_ONCE, None)
    under_way = [each for each in page.items if each.fact.status in UNDER_WAY and each.account_id == account_id]
    return Balance(amounts, under_way, related_payouts(under_way, organization_id, ports))
