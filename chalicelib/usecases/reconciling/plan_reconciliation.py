"""Every ten minutes: whose account is to be compared with Stripe now."""

from __future__ import annotations

from chalicelib.domain.sweep import TICK
from chalicelib.ports import Ports
from chalicelib.ports.messages import Reconciliation


def plan_reconciliation(ports: Ports) -> int:
    """Ask for a run of every organization that is due; returns how many.

    Who falls due before the next plan comes halfway is taken now rather than late. While Stripe has no good webhook
    endpoint for us, or our own door does not take what our secrets sign, nothing is brought to anybody: then all are
    due.

    Raises:
        Retryable: some could not be asked for; they are due still at the next plan.
    """
    now = ports.clock.now()
    store = ports.connections
    due = store.all_active() if _nobody_hears(now, ports) else store.due_for_sweep(now + TICK // 2)
    messages = [Reconciliation(organization_id, planned_at=now) for organization_id in due]
    ports.queues.send_all(messages)
    return len(messages)


def _nobody_hears(now: int, ports: Ports) -> bool:
    looks = (ports.connections.webhook_check(), ports.connections.canary_run())
    return any(look is not None and look.usable(now) and look.problem is not None for look in looks)
