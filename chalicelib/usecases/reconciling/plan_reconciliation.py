"""Plans, every ten minutes, which accounts are compared with Stripe now."""

from __future__ import annotations

from chalicelib.domain.sweep import TICK
from chalicelib.ports import Ports
from chalicelib.ports.messages import Reconciliation


def plan_reconciliation(ports: Ports) -> int:
    """Queues a run for every organization that is due. Returns their number.

    An organization that falls due before the middle of the next interval is taken now, so that its run is not late.
    If Stripe has no working webhook endpoint for POM, or POM's endpoint refuses its own canary, no webhooks arrive.
    Then all organizations are due.

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
