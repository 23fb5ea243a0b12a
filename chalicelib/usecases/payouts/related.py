"""Reads payouts with those that they name: what paid their money out again, and what reversed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout
from chalicelib.domain.related_payouts import RelatedPayouts, ids_named_by
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.ports.paging import in_hundreds


def related(
    payout_ids: Iterable[str], organization_id: OrganizationId, ports: Ports, known: Sequence[Payout] = ()
) -> Mapping[str, Payout]:
    """Returns these payouts, and all that must be known to say how they stand. `known` need not be read again.

    It takes a batch read for each step from payout to payout: usually one, and none if all are known.
    """
    found = {payout.id: payout for payout in known}
    asked = set(found)
    while wanted := sorted({*payout_ids, *ids_named_by(found.values())} - asked):
        asked.update(wanted)
        for some in in_hundreds(wanted):
            found.update(ports.payouts.find(organization_id, some))
    return found


def beside(payouts: Sequence[Payout], organization_id: OrganizationId, ports: Ports) -> RelatedPayouts:
    """Returns what must be known beside these payouts to say how they stand today.

    It reads the connection, and the payouts that these name if there are any.
    """
    connection = ports.connections.get(organization_id)
    today = day_of(ports.clock.now(), "UTC")
    by_id = related((), organization_id, ports, payouts)
    accounts = [connection.account_id] if connection.active and connection.account_id is not None else []
    return RelatedPayouts(by_id, today, accounts)
