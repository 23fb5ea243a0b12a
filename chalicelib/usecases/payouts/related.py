"""Reads payouts together with the payouts that they name: those that paid their money out again or reversed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout
from chalicelib.domain.related_payouts import RelatedPayouts, ids_named_by
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds


def with_related(
    payout_ids: Iterable[str], organization_id: OrganizationId, ports: Ports, known: Sequence[Payout] = ()
) -> Mapping[str, Payout]:
    """Returns these payouts and all payouts that their status depends on. Payouts in `known` are not read again.

    This takes a batch read for each step from payout to payout: usually one, and none if all are in `known`.
    """
    by_id = {payout.id: payout for payout in known}
    requested_ids = set(by_id)
    while missing_ids := sorted({*payout_ids, *ids_named_by(by_id.values())} - requested_ids):
        requested_ids.update(missing_ids)
        for some in in_hundreds(missing_ids):
            by_id.update(ports.payouts.find(organization_id, some))
    return by_id


def related_payouts(payouts: Sequence[Payout], organization_id: OrganizationId, ports: Ports) -> RelatedPayouts:
    """Returns the related payouts, the day and the account that these payouts' present status depends on.

    This reads the connection, and the payouts that these payouts name, if any.
    """
    connection = ports.connections.get(organization_id)
    today = day_of(ports.clock.now(), "UTC")
    by_id = with_related((), organization_id, ports, payouts)
    accounts = [connection.account_id] if connection.active and connection.account_id is not None else []
    return RelatedPayouts(by_id, today, accounts)
