"""The reasons why a person cannot be erased yet. Each names an object that must be settled before the erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from chalicelib.domain.erasure import ErasureBlocker
from chalicelib.domain.error_collector import attach
from chalicelib.domain.errors import CustomerUnsettled
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import InvoiceStatus

INVOICE_OPEN, PAYMENT_UNDER_WAY, DISPUTE_OPEN = "invoice_open", "payment_under_way", "dispute_open"
REFUND_UNDER_WAY, BATCH_UNDER_WAY = "refund_under_way", "batch_under_way"

_ENDED = frozenset({InvoiceStatus.PAID, InvoiceStatus.REFUNDED, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE})


def blockers_in(invoice: Invoice, account_id: StripeAccountId | None) -> Iterator[ErasureBlocker]:
    """Yields the reasons why this invoice keeps the person from being erased. Yields nothing if it is settled.

    `account_id` is the connected account, or the last one. Open invoices on another account count as settled, because
    POM cannot act on them and receives no events about them. Otherwise the person could never be erased.

    An uncollectible invoice is settled, because no money is expected. If it is paid after all, POM still records
    that.
    """
    if invoice.stripe_account_id != account_id and not invoice.saga.running:
        return
    if _payment_under_way(invoice):
        yield ErasureBlocker(PAYMENT_UNDER_WAY, invoice.id)
    elif invoice.saga.running or invoice.status not in _ENDED or invoice.being_revised:
        yield ErasureBlocker(INVOICE_OPEN, invoice.id)
    if invoice.disputed:
        yield ErasureBlocker(DISPUTE_OPEN, invoice.id)
    if _refund_under_way(invoice):
        yield ErasureBlocker(REFUND_UNDER_WAY, invoice.id)


def is_settled(invoice: Invoice, account_id: StripeAccountId | None) -> bool:
    """Returns True if this invoice does not keep the person from being erased. See `blockers_in`."""
    return next(blockers_in(invoice, account_id), None) is None


def _payment_under_way(invoice: Invoice) -> bool:
    facts = invoice.facts
    processing = any(intent.status == "processing" for intent in facts.known_intents.values())
    return processing or any(charge.status == "pending" for charge in facts.charges.values())


def _refund_under_way(invoice: Invoice) -> bool:
    """Returns True if money may still be on its way back. A failed refund has ended."""
    waiting = any(refund.status in ("pending", "requires_action") for refund in invoice.facts.refunds.values())
    return waiting or any(order.open for order in invoice.refund_orders)


def refusal_of_erasure(unsettled: Iterable[ErasureBlocker]) -> CustomerUnsettled:
    """Returns the refusal of an erasure: one error for each reason, sorted by kind, attached to the first one."""
    in_order = sorted(unsettled, key=lambda each: list(_ERRORS).index(each.code))
    first, *others = map(blocker_error, in_order)
    attach(first, others)
    return first


def blocker_error(unsettled: ErasureBlocker) -> CustomerUnsettled:
    """Returns the refusal of an erasure for one reason. It names the invoice or the batch, and no person."""
    return _ERRORS[unsettled.code](unsettled.object_id)


def _error_of_open_invoice(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_open_invoice",
        f"The invoice {invoice_id} of this customer is a draft, is being made, or is still to be paid.",
        next_step="Void it, or wait until it is paid. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _error_of_payment_under_way(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_payment_under_way",
        f"A payment of the invoice {invoice_id} is on its way. A bank debit takes days.",
        next_step="Wait until it has arrived or failed. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _error_of_open_dispute(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_open_dispute",
        f"The customer's bank questions a payment of the invoice {invoice_id}, and has not decided.",
        next_step="Answer or accept the dispute in the Stripe dashboard. Erase the customer once it is decided.",
        invoice_id=invoice_id,
    )


def _error_of_refund_under_way(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_refund_under_way",
        f"A refund of the invoice {invoice_id} is on its way.",
        next_step="Wait until it has arrived or failed. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _error_of_in_batch(batch_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_in_batch",
        f"The batch {batch_id} bills or imports this customer, and is not finished.",
        next_step="Wait until it is finished, or cancel it. Then erase the customer.",
    )


_ERRORS: Mapping[str, Callable[[str], CustomerUnsettled]] = {
    INVOICE_OPEN: _error_of_open_invoice,
    PAYMENT_UNDER_WAY: _error_of_payment_under_way,
    DISPUTE_OPEN: _error_of_open_dispute,
    REFUND_UNDER_WAY: _error_of_refund_under_way,
    BATCH_UNDER_WAY: _error_of_in_batch,
}
"""The error of each reason, by the reason's code."""
