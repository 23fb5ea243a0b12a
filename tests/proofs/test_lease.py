"""A worker that is slower than its lease: another worker takes over and finishes, and the slow one must do no
harm.
"""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.saga import LEASE
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.resume_invoice import resume_invoice
from tests.oracle import differences
from tests.world import ORGANIZATION, World, order

pytestmark = pytest.mark.proof

ONCE = order("svc_1", "svc_2", idempotency_key="once")
STEPS = {
    "find_invoice": "/v1/invoices",
    "billed_lines": "/v1/invoices/*/add_lines",
    "events_about": "/v1/invoices/*/send",
}
"""The number of reads before a step is repeated, and the step whose stored failure makes them necessary."""


class SlowPorts:
    """Ports of a worker that pauses right after one read of Stripe, while `rival` acts."""

    def __init__(self, ports: Any, look: str, rival: Any) -> None:
        self._ports, self._look, self._rival = ports, look, rival

    def __getattr__(self, name: str) -> Any:
        if name != "stripe":
            return getattr(self._ports, name)
        outer = self

        class Gateway:
            def __getattr__(self, method: str) -> Any:
                call = getattr(outer._ports.stripe, method)
                if method != outer._look:
                    return call

                def looking(*args: Any) -> Any:
                    result = call(*args)
                    outer._look = ""
                    outer._rival()
                    return result

                return looking

        return Gateway()


@pytest.mark.parametrize("executed", [False, True], ids=["step_not_done", "step_done"])
@pytest.mark.parametrize("look", STEPS)
def test_a_worker_that_wakes_up_after_its_lease_creates_nothing_twice(look: str, executed: bool) -> None:
    world = World()
    world.connect()
    world.customer()
    world.ports.queues.take()
    kind = "error_after" if executed else "error_before"
    world.double.order_fault(kind, method="POST", path=STEPS[look], stored=True, count=3)
    invoice = create_invoice(ONCE, world.ports)
    world.double.clear_faults()
    assert invoice.saga.look_first
    world.advance(LEASE + 1)

    def rival() -> None:
        world.advance(LEASE + 1)
        resume_invoice(ORGANIZATION, invoice.id, world.ports)

    resume_invoice(ORGANIZATION, invoice.id, SlowPorts(world.ports, look, rival))  # type: ignore[arg-type]
    for _ in range(3):
        world.advance(3601)
        world.resume()
    world.deliver()
    [stored] = world.ports.database.invoices.values()
    ledger = world.double.ledger(stored.stripe_account_id)
    assert len(ledger["objects"]["invoice"]) == 1
    assert len(ledger["objects"]["invoice"][0]["lines"]["data"]) == 2
    assert len(ledger["mails"]) == 1
    assert differences(ledger, [stored]) == []
