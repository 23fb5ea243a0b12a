"""Handles a message of the balance-jobs queue."""

from __future__ import annotations

from chalicelib.ports import Ports
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.connecting.revocation import marking_revocation
from chalicelib.usecases.payouts.compare_payout import ComparedLines, compare_and_repair
from chalicelib.usecases.payouts.read_payment import read_payment
from chalicelib.usecases.payouts.read_payout import Reading, read_payout


def do_balance_job(job: BalanceJob, ports: Ports) -> ComparedLines | None:
    """Reads a payment's fee or a payout, or compares a payout's lines with Stripe's.

    Returns the payout if this run has added up or compared its lines. Queues the job again if the payout has more
    lines than one run can read.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: the job has to be repeated.
        StripeRefused: Stripe refused the request, and would refuse it again.
    """
    connection = ports.connections.get(job.organization_id)
    if not connection.active or connection.account_id is None:
        return None
    with marking_revocation(job.organization_id, connection.account_id, ports):
        match job.task:
            case BalanceTask.PAYMENT:
                read_payment(job.organization_id, job.stripe_id, ports)
                return None
            case BalanceTask.PAYOUT:
                return _read(job, ports)
            case BalanceTask.COMPARE:
                return compare_and_repair(job.organization_id, job.stripe_id, ports)


def _read(job: BalanceJob, ports: Ports) -> ComparedLines | None:
    reading, payout = read_payout(job.organization_id, job.stripe_id, ports)
    if reading is Reading.GOES_ON:
        ports.queues.send(job)
    return ComparedLines(payout) if reading is Reading.ITEMIZED and payout is not None else None
