"""An erasure as operators are shown it: ids, times and codes, and nothing of the person."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import Erasure, ErasureStatus, Unsettled
from chalicelib.domain.unsettled import (
    BATCH_UNDER_WAY,
    DISPUTE_OPEN,
    INVOICE_OPEN,
    PAYMENT_UNDER_WAY,
    REFUND_UNDER_WAY,
)
from infra.ops.screen import moment

TODO = {
    INVOICE_OPEN: "Void the invoice, or wait until it is paid.",
    PAYMENT_UNDER_WAY: "Wait until the payment has succeeded or failed. Bank debits take some days.",
    DISPUTE_OPEN: "Wait for the bank's decision.",
    REFUND_UNDER_WAY: "Wait until the refund has succeeded or failed.",
    BATCH_UNDER_WAY: "Wait until the batch is finished, or cancel it.",
}
"""What to do about each thing that keeps a person from being erased."""

IN_WORDS = {
    ErasureStatus.WAITING: (
        "The erasure was asked for. POM takes nothing new for the customer, and has erased nothing yet."
    ),
    ErasureStatus.ERASING: (
        "The person is erased from the customer's record. POM erases the rest, and looks once more a day later."
    ),
    ErasureStatus.ERASED: "The person is erased. Amounts, dates, numbers and Stripe's ids stay for the books.",
}
"""What each status of an erasure means, in a sentence."""


def erasure_row(customer: Customer, erasure: Erasure) -> dict[str, Any]:
    """Returns who asked for an erasure, how far it is, and what it waits for."""
    return {
        "customer": customer.id,
        "erasure": erasure.status.value,
        "requested_by": erasure.requested_by,
        "requested_at": moment(erasure.requested_at),
        "erased_at": moment(erasure.erased_at),
        "finished_at": moment(erasure.finished_at),
        "goes_on": moment(erasure.due_at) if erasure.finished_at is None else None,
        "in_stripe": erasure.in_stripe.value,
        "deleted_in_stripe": moment(erasure.deleted_in_stripe_at),
        "not_deleted_because": erasure.not_deleted_because,
    }


def unsettled_row(unsettled: Unsettled) -> dict[str, Any]:
    """Returns what is not settled, and what to do about it."""
    return {"what": unsettled.code, "id": unsettled.object_id, "to_do": TODO[unsettled.code]}
