"""What has to be settled before a person can be erased. Afterwards nobody could settle it without the person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from chalicelib.domain.erasure import Unsettled
from chalicelib.domain.errors import Conflict
from chalicelib.domain.every_error import attach
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus

INVOICE_OPEN, PAYMENT_UNDER_WAY, DISPUTE_OPEN = "invoice_open", "payment_under_way", "dispute_open"
REFUND_UNDER_WAY, BATCH_UNDER_WAY = "refund_under_way", "batch_under_way"

_ENDED = frozenset({InvoiceStatus.PAID, InvoiceStatus.REFUNDED, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE})


def unsettled_in(invoice: Invoice) -> Iterator[Unsettled]:
    """Yields why this invoice keeps the person from being erased; nothing if it is settled.

    An uncollectible invoice is settled: nobody expects its money. If it is paid after all, that is still noted.
    """
    if _payment_under_way(invoice):
        yield Unsettled(PAYMENT_UNDER_WAY, invoice.id)
    elif invoice.saga.running or invoice.status not in _ENDED or invoice.being_revised:
        yield Unsettled(INVOICE_OPEN, invoice.id)
    if invoice.disputed:
        yield Unsettled(DISPUTE_OPEN, invoice.id)
    if _refund_under_way(invoice):
        yield Unsettled(REFUND_UNDER_WAY, invoice.id)


def is_settled(invoice: Invoice) -> bool:
    """Returns True if nothing about this invoice keeps the person from being erased."""
    return next(unsettled_in(invoice), None) is None


def _payment_under_way(invoice: Invoice) -> bool:
    facts = invoice.facts
    processing = any(intent.status == "processing" for intent in facts.known_intents.values())
    return processing or any(charge.status == "pending" for charge in facts.charges.values())


def _refund_under_way(invoice: Invoice) -> bool:
    """Returns True if money may still be on its way back. A refund that failed is at its end."""
    waiting = any(refund.status in ("pending", "requires_action") for refund in invoice.facts.refunds.values())
    return waiting or any(order.open for order in invoice.refund_orders)


class _Refused(NamedTuple):
    code: str
    message: str
    next_step: str


_REFUSED: Mapping[str, _Refused] = {
    INVOICE_OPEN: _Refused(
        "customer_has_open_invoice",
        "These invoices of the customer are not settled: {ids}.",
        "Void them, or wait until they are paid, and repeat the request.",
    ),
    PAYMENT_UNDER_WAY: _Refused(
        "customer_has_payment_under_way",
        "A payment of these invoices is on its way: {ids}.",
        "Wait until it has succeeded or failed. Bank debits take some days. Then repeat the request.",
    ),
    DISPUTE_OPEN: _Refused(
        "customer_has_open_dispute",
        "A dispute about these invoices is not decided: {ids}.",
        "Wait for the bank's decision, and repeat the request.",
    ),
    REFUND_UNDER_WAY: _Refused(
        "customer_has_refund_under_way",
        "A refund of these invoices is on its way: {ids}.",
        "Wait until it has succeeded or failed, and repeat the request.",
    ),
    BATCH_UNDER_WAY: _Refused(
        "customer_in_batch",
        "These batches bill or import the customer now: {ids}.",
        "Wait until they are finished, or cancel them, and repeat the request.",
    ),
}
"""What a request for an erasure is told of each reason. Ids are POM's, of invoices or of batches."""


def refused_until_settled(unsettled: Iterable[Unsettled]) -> Conflict:
    """Returns the refusal of an erasure: an error for each reason, the first one with the others."""
    ids: dict[str, list[str]] = {}
    for each in unsettled:
        ids.setdefault(each.code, []).append(each.object_id)
    first, *others = (
        Conflict(
            told.code, told.message.format(ids=", ".join(ids[code])), field="customerId", next_step=told.next_step
        )
        for code, told in _REFUSED.items()
        if code in ids
    )
    attach(first, others)
    return first
