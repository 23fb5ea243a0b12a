"""An erasure in the form that operators read: ids, times and codes, and no personal data."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import Erasure, ErasureBlocker, ErasureStatus
from chalicelib.domain.erasure_blockers import (
    BATCH_UNDER_WAY,
    DISPUTE_OPEN,
    INVOICE_OPEN,
    PAYMENT_UNDER_WAY,
    REFUND_UNDER_WAY,
)
from infra.ops.screen import time_since, timestamp
from infra.ops.stage import Stage

DAY = 86400
OVERDUE_AFTER = 3600
"""Seconds after which a due erasure without progress is overdue. `resume_stuck` runs more often than that."""

WAITS_LONG_AFTER = 21 * DAY
"""Seconds after which an erasure that still waits is reported as a problem.

A request for erasure must be answered within a month (article 12(3), https://eur-lex.europa.eu/eli/reg/2016/679/oj).
"""

SHOWN_AT_MOST = 500

NEXT_STEPS = {
    INVOICE_OPEN: "Void the invoice, or wait until it is paid.",
    PAYMENT_UNDER_WAY: "Wait until the payment has succeeded or failed. Bank debits take some days.",
    DISPUTE_OPEN: "Wait for the bank's decision.",
    REFUND_UNDER_WAY: "Wait until the refund has succeeded or failed.",
    BATCH_UNDER_WAY: "Wait until the batch is finished, or cancel it.",
}
"""The step with which an operator can end each delay of an erasure."""

IN_WORDS = {
    ErasureStatus.WAITING: (
        "The erasure was requested. POM accepts nothing new for the customer, and has erased nothing yet."
    ),
    ErasureStatus.ERASING: (
        "The person is erased from the customer's record. POM erases the other records, and checks them a day later."
    ),
    ErasureStatus.ERASED: "The person is erased. Amounts, dates, numbers and Stripe's ids stay for bookkeeping.",
}
"""The meaning of each status of an erasure, in a sentence."""


def erasure_in_words(erasure: Erasure) -> str:
    """Returns who requested an erasure, when, and its progress."""
    request = f"{erasure.requested_by} asked POM to erase the person at {timestamp(erasure.requested_at)}."
    return f"{request} {IN_WORDS[erasure.status]}"


def erasure_row(customer: Customer, erasure: Erasure) -> dict[str, Any]:
    """Returns the row of an erasure: who requested it, its progress, and what became of the Stripe customer."""
    return {
        "customer": customer.id,
        "erasure": erasure.status.value,
        "requested_by": erasure.requested_by,
        "requested_at": timestamp(erasure.requested_at),
        "erased_at": timestamp(erasure.erased_at),
        "finished_at": timestamp(erasure.finished_at),
        "goes_on": timestamp(erasure.due_at) if erasure.finished_at is None else None,
        "in_stripe": erasure.in_stripe.value,
        "deleted_in_stripe": timestamp(erasure.deleted_in_stripe_at),
        "not_deleted_because": erasure.not_deleted_because,
    }


def unfinished_erasures(stage: Stage) -> list[dict[str, Any]]:
    """Returns a row for each unfinished erasure, the longest due first. `problem` is None where all is well."""
    now, rows = stage.ports.clock.now(), []
    for organization_id, customer_id in stage.ports.customers.erasures_due(now + 10 * DAY, SHOWN_AT_MOST):
        customer = stage.ports.customers.get(organization_id, customer_id)
        if customer is None or customer.erasure is None or customer.erasure.finished_at is not None:
            continue  # the index lags behind the record
        erasure = customer.erasure
        problem = None
        if erasure.due_at + OVERDUE_AFTER < now:
            problem = f"overdue for {time_since(erasure.due_at, now)}"
        elif erasure.status is ErasureStatus.WAITING and erasure.requested_at + WAITS_LONG_AFTER < now:
            problem = f"waits for {time_since(erasure.requested_at, now)}"
        rows.append(
            {
                "organization": organization_id,
                "customer": customer_id,
                "erasure": erasure.status.value,
                "requested": timestamp(erasure.requested_at),
                "goes_on": timestamp(erasure.due_at),
                "waits_for": ", ".join(f"{each.code} {each.object_id}" for each in erasure.waits_for) or None,
                "problem": problem,
            }
        )
    return rows


def blocker_row(blocker: ErasureBlocker) -> dict[str, Any]:
    """Returns an object that blocks an erasure, with the next step for it."""
    return {"what": blocker.code, "id": blocker.object_id, "to_do": NEXT_STEPS[blocker.code]}
