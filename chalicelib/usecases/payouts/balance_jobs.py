"""Does what a message on the balance-jobs queue asks for."""

from __future__ import annotations

from chalicelib.domain.payout import Payout
from chalicelib.ports import Ports
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.connecting.revocation import noticing_revocation
from chalicelib.usecases.payouts.read_payment import read_payment
from chalicelib.usecases.payouts.read_payout import Reading, read_payout


def do_balance_job(job: BalanceJob, ports: Ports) -> Payout | None:
    """Reads a payment's fee, or a payout. Returns the payout if this run has added up its lines.

    If a payout has more lines than fit into one run, it queues the job again.

    Raises:
        StripeUnavailable, AccountUnreachable, StaleWrite, Retryable: to be done again.
    """
    connection = ports.connections.get(job.organization_id)
    if not connection.active or connection.account_id is None:
        return None
    with noticing_revocation(job.organization_id, connection.account_id, ports):
        if job.task is BalanceTask.PAYMENT:
            read_payment(job.organization_id, job.stripe_id, ports)
            return None
        reading, payout = read_payout(job.organization_id, job.stripe_id, ports)
    if reading is Reading.GOES_ON:
        ports.queues.send(job)
    return payout if reading is Reading.ITEMIZED else None
