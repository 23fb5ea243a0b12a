"""Provides a company with one paid invoice of 75.00 and methods that refund its payment."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chalicelib.domain.identifiers import UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import payments_of
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.timeline import timeline
from chalicelib.usecases.invoicing.refund import OrderedRefund, RefundRequest, refund
from tests.boundaries import Boundaries, CountedPorts, count_calls, stop_counting
from tests.oracle import differences
from tests.world import ADMIN, ORGANIZATION, World

DAY = 86_400
METHODS = ("card", "us_bank_account")


class Company:
    """A connected company with one invoice of 75.00, which is paid unless `paid` is False."""

    def __init__(self, method: str = "pm_card_visa", *, paid: bool = True) -> None:
        self.world = World()
        self.account = self.world.connect()
        self.world.customer()
        self.invoice = self.world.invoice(payment_methods=METHODS)
        self.payment_id = self.pays(method) if paid else ""

    @property
    def now(self) -> Invoice:
        return self.world.now(self.invoice)

    @property
    def orders(self) -> tuple[RefundOrder, ...]:
        return self.now.refund_orders

    def pays(self, method: str = "pm_card_visa", amount: int | None = None) -> str:
        stripe_id = str(self.now.stripe_invoice_id)
        payment = self.world.double.pay(self.account, stripe_id, method, amount=amount)
        self.world.deliver()
        return str(payment["payment_intent"])

    def request(
        self, key: str = "once", amount: str | None = None, reason: str | None = None, user: UserId = ADMIN
    ) -> RefundRequest:
        exact = None if amount is None else Decimal(amount)
        return RefundRequest(ORGANIZATION, user, self.payment_id, key, exact, reason)

    def refunds(self, key: str = "once", amount: str | None = None, reason: str | None = None) -> OrderedRefund:
        """Orders a refund in POM."""
        return refund(self.request(key, amount, reason), self.world.ports)

    def refunds_in_dashboard(self, amount: int | None = None) -> None:
        params: Any = {"payment_intent": self.payment_id, **({"amount": amount} if amount else {})}
        self.world.client.v1.refunds.create(params, {"stripe_account": self.account})

    def loses_the_answer(self, kind: str = "close_after", **settings: Any) -> None:
        """Loses Stripe's next response to a refund. `settings` can lose the responses to its repetitions as well."""
        self.world.double.order_fault(kind, method="POST", path="/v1/refunds", **settings)

    def recovers(self, gap: int = 121) -> None:
        """Delivers events and runs the schedule until nothing is left to do."""
        for _ in range(6):
            self.world.advance(gap)
            self.world.resume()
            self.world.deliver()
            gap = 3601

    @property
    def in_stripe(self) -> list[int]:
        """Returns the amounts of the refunds in Stripe in minor units, without failed and canceled refunds."""
        refunds = self.world.in_stripe(self.account, "refund")
        return [each["amount"] for each in refunds if each["status"] not in {"failed", "canceled"}]

    def refund_entries(self) -> list[str]:
        """Returns the kinds of the timeline entries about refunds."""
        return [entry.kind for entry in timeline(self.now) if entry.kind.startswith("refund")]

    def refundable_cents(self) -> int:
        [payment] = [each for each in payments_of(self.now) if each.id == self.payment_id]
        return payment.refundable

    def assert_settled(self) -> None:
        """Asserts that nothing is left to do, and that POM's record equals Stripe's data."""
        self.world.deliver()
        assert all(order.refund_id is not None and order.resume_at is None for order in self.orders)
        assert not self.world.ports.invoices.due_for_work(self.world.ports.clock.now() + 100 * DAY, 10)
        assert differences(self.world.double.ledger(self.account), [self.now]) == []


class BoundariesWithRival(Boundaries):
    """Boundaries at which a rival acts once, just before the outward call of this number."""

    def __init__(self, world: World, number: int, rival: Callable[[], object]) -> None:
        super().__init__()
        self._world, self._number, self._rival = world, number, rival

    def cross(self, name: str, call: Callable[[], Any]) -> Any:
        if len(self.calls) == self._number:
            watching = self._world.ports
            stop_counting(self._world)
            self._rival()
            self._world.ports = watching
        return super().cross(name, call)


def interrupt(world: World, number: int, rival: Callable[[], object]) -> None:
    """Counts the world's outward calls from now on, and runs `rival` before the call of this number."""
    world.ports = CountedPorts(world.ports, BoundariesWithRival(world, number, rival))  # type: ignore[assignment]


def outward_calls(act: Callable[[], object], world: World) -> list[str]:
    """Returns the names of the outward calls of an act."""
    boundaries = count_calls(world)
    act()
    stop_counting(world)
    return boundaries.calls
