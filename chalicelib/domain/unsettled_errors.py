"""Why a customer cannot be erased yet, for people: one error for each thing that is not settled."""

from __future__ import annotations

from chalicelib.domain.erasure import Unsettled
from chalicelib.domain.errors import CustomerUnsettled


def unsettled_error(unsettled: Unsettled) -> CustomerUnsettled:
    """Returns the refusal to erase a customer because of this. It names the invoice or the batch, and no person."""
    return _ERRORS[unsettled.code](unsettled.object_id)


def _open_invoice(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_open_invoice",
        f"The invoice {invoice_id} of this customer is a draft, is being made, or is still to be paid.",
        next_step="Void it, or wait until it is paid. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _payment_under_way(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_payment_under_way",
        f"A payment of the invoice {invoice_id} is on its way. A bank debit takes days.",
        next_step="Wait until it has arrived or failed. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _open_dispute(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_open_dispute",
        f"The customer's bank questions a payment of the invoice {invoice_id}, and has not decided.",
        next_step="Answer or accept the dispute in the Stripe dashboard. Erase the customer once it is decided.",
        invoice_id=invoice_id,
    )


def _refund_under_way(invoice_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_has_refund_under_way",
        f"A refund of the invoice {invoice_id} is on its way.",
        next_step="Wait until it has arrived or failed. Then erase the customer.",
        invoice_id=invoice_id,
    )


def _in_batch(batch_id: str) -> CustomerUnsettled:
    return CustomerUnsettled(
        "customer_in_batch",
        f"The batch {batch_id} bills or imports this customer, and is not finished.",
        next_step="Wait until it is finished, or cancel it. Then erase the customer.",
    )


_ERRORS = {
    "invoice_open": _open_invoice,
    "payment_under_way": _payment_under_way,
    "dispute_open": _open_dispute,
    "refund_under_way": _refund_under_way,
    "batch_under_way": _in_batch,
}
"""By the code of what is unsettled."""
