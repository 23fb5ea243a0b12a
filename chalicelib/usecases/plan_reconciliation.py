"""Every ten minutes: whose account is to be compared with Stripe now."""

from __future__ import annotations

from chalicelib.domain.sweep import TICK
from chalicelib.usecases.ports import Ports


def plan_reconciliation(ports: Ports) -> int:
    """Ask for a run of every organization that is due; answers of how many.

    Who falls due before the next plan comes halfway is taken now rather than late. While Stripe has no good webhook
    endpoint for us, nothing is brought to anybody: then all are due.

    Raises:
        Retryable: some could not be asked for; they are due still at the next plan.
    """
    now = ports.clock.now()
    check = ports.connections.webhook_check()
    nobody_hears = check is not None and check.usable(now) and check.problem is not None
    due = ports.connections.all_active() if nobody_hears else ports.connections.due_for_sweep(now + TICK // 2)
    organizations = list(due)
    ports.queues.reconcile_all(organizations, planned_at=now)
    return len(organizations)
