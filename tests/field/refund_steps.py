"""Steps about refunds that are ordered in POM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.payments import PaymentStatus, payments_of

if TYPE_CHECKING:
    from chalicelib.domain.invoice import Invoice
    from tests.api.client import ApiClient
    from tests.world import World


class RefundSteps:
    """A part of `Play`."""

    world: World
    api: ApiClient
    account: str
    _invoice: Invoice
    _replied: Any

    def refund_in_pom(self, key: str = "once", amount: str | None = None, times: int = 1) -> None:
        """An admin refunds the payment, with this many clicks on one button. The step `reply` checks the last
        response.
        """
        body = {} if amount is None else {"amount": amount}
        payment = payments_of(self._invoice)[-1]
        assert payment.status is not PaymentStatus.FAILED
        for _ in range(times):
            path = f"/payments/{payment.id}/refunds"
            self._replied(self.api.admin.post(path, body, headers={"Idempotency-Key": key}))

    def lose_refund_responses(self, made: bool) -> None:
        """Stripe's responses to refunds are lost, or even the requests, until Stripe is reachable again."""
        kind = "close_after" if made else "close_before"
        self.world.double.order_fault(kind, method="POST", path="/v1/refunds", count=100)

    def stripe_is_reachable(self) -> None:
        self.world.double.clear_faults()

    def resume_refunds(self) -> None:
        """The schedule resumes the refunds without a response."""
        self.world.resume()

    def check_refunds_in_stripe(self, amount: int) -> None:
        """Looks whether Stripe has refunds over this sum, in cents, and no more."""
        refunds = self.world.in_stripe(self.account, "refund")
        assert sum(each["amount"] for each in refunds) == amount, refunds
