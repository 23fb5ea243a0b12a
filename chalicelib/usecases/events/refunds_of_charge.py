"""Learn of refunds from an event that does not show them.

`charge.refunded` says how much of a charge has been refunded, and not by which refunds. Before version 2024-10-28,
Stripe sent `refund.created` only for refunds without a charge
(https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update). So on accounts of earlier versions it may
be the only event that tells of a refund. On others `refund.created` comes at about the same time.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.errors import Gone
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports

MADE_WITHIN = 60
"""Seconds within which Stripe makes a refund and the event about its charge."""

GIVEN_UP = frozenset({"failed", "canceled"})
"""Statuses in which a refund does not count for its charge."""


def with_refunds_of_charge(
    invoice: Invoice, event: StripeEvent, account_id: StripeAccountId, ports: Ports
) -> Invoice:
    """Returns the invoice with all refunds of the event's charge, if the event tells of one that POM does not know.

    Asks Stripe only then. The question is asked after `invoice` was read, so the answer is newer. If Stripe no longer
    has the charge, nobody can say more than the event does.

    Raises:
        StripeUnavailable, StripeRefused: as Stripe answers.
    """
    if not event.refunded_amount:
        return invoice
    known = [each for each in invoice.facts.refunds.values() if each.charge_id == event.object_id]
    amount = sum(each.amount for each in known if each.status not in GIVEN_UP)
    # The refund that the event is about was made with it. If POM does not know that one, another refund that has
    # failed since may hide it in the sum.
    is_known = event.dated and any(abs(each.created - event.created) <= MADE_WITHIN for each in known)
    if event.refunded_amount <= amount and is_known:
        return invoice
    with suppress(Gone):
        return invoice.settled_by(*ports.stripe.refunds_of(account_id, event.object_id))
    return invoice
