"""Handles the balance-jobs queue: reads the fee of a payment, or a payout with its lines, from Stripe."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.domain.errors import AccountUnreachable, StripeRefused
from chalicelib.observability import balance_refused, payout_itemized, worker_boundary
from chalicelib.ports.messages import BalanceJob
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from chalicelib.workers.sqs import work_through
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def balance_jobs(event: SQSEvent) -> dict[str, Any]:
    """Handles one batch, which is one message."""
    return work_through(event, BalanceJob, _work)


@worker_boundary("balance_jobs")
def _work(message: BalanceJob) -> None:
    try:
        kept = do_balance_job(message, bootstrap.ports())
    except (StripeRefused, AccountUnreachable) as refusal:
        # Stripe refused for good, so the message is not repeated. The daily sweep reports a payout without lines.
        balance_refused(message.organization_id, message.stripe_id, message.task, refusal.code)
        return
    if kept is not None and kept.payout.itemized is not None:
        payout_itemized(
            message.organization_id,
            message.stripe_id,
            lines=kept.payout.itemized.lines,
            repaired=kept.repaired,
            unexplained=kept.payout.itemized.totals.unexplained,
        )
