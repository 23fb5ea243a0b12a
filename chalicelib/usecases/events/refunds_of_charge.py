"""Reads the refunds of a charge from Stripe after an event that does not name them.

`charge.refunded` says how much of a charge has been refunded, but not by which refunds. Before version 2024-10-28,
Stripe sent `refund.created` only for refunds without a charge
(https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update). So on accounts with an earlier version,
`charge.refunded` may be the only event about a refund. On others `refund.created` arrives at about the same time.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.errors import Gone
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports

MADE_WITHIN = 60
"""Seconds by which the creation of a refund and of the event about its charge differ at most."""


def with_refunds_of_charge(
    invoice: Invoice, event: StripeEvent, account_id: StripeAccountId, ports: Ports
) -> Invoice:
    """Returns the invoice with all refunds of the event's charge, if the event includes a refund that POM has not
    stored.

    Otherwise it does not call Stripe, and returns the invoice unchanged. Stripe is called after `invoice` was read,
    so its response is newer. If Stripe no longer has the charge, the invoice is returned unchanged too.

    Raises:
        StripeUnavailable, StripeRefused: Stripe did not return the refunds.
    """
    if not event.refunded_amount:
        return invoice
    known_refunds = [each for each in invoice.facts.refunds.values() if each.charge_id == event.object_id]
    known_amount = sum(each.amount for each in known_refunds if not each.given_up)
    # The event was created together with its refund. If POM has not stored that refund, the sum may still match,
    # because another refund that POM stored as successful may have failed since.
    is_known = event.dated and any(abs(each.created - event.created) <= MADE_WITHIN for each in known_refunds)
    if event.refunded_amount <= known_amount and is_known:
        return invoice
    with suppress(Gone):
        return invoice.with_fetched(*ports.stripe.refunds_of(account_id, event.object_id))
    return invoice
