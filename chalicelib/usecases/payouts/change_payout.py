"""Stores changes of a payout that several workers may make at once."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.errors import StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Payout
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts

ATTEMPTS = 8


def change_payout(
    organization_id: OrganizationId, payout_id: str, change: Callable[[Payout | None], Payout], ports: Ports
) -> Payout:
    """Stores a change of a payout, and repeats it if another write came first. Writes nothing if nothing changes.

    Raises:
        StaleWrite: other writes came first in every attempt.
    """
    for _ in attempts(ATTEMPTS, ports.clock):
        stored = ports.payouts.get(organization_id, payout_id)
        updated = change(stored)
        if updated == stored:
            return updated
        try:
            return ports.payouts.save(updated)
        except StaleWrite:
            continue
    raise StaleWrite("The payout")
