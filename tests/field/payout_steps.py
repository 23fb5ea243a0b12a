"""Steps about deposits: fees, payouts and their lines, as Stripe lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.world import World

if TYPE_CHECKING:
    from tests.api.client import ApiClient

DAY = 86400


class PayoutSteps:
    """Part of `Play`."""

    world: World
    api: ApiClient
    account: str

    # Money that moves in Stripe

    def sell_elsewhere(self, amount: int, currency: str | None = None) -> None:
        """The company's web shop, which POM does not know, takes a card payment on the same account."""
        self.world.double.outside_charge(self.account, amount, currency=currency)

    def account_fee(self, amount: int, description: str) -> None:
        """Stripe takes a fee for the account."""
        self.world.double.account_fee(self.account, amount, description)

    def money_moves(self, amount: int, **told: Any) -> None:
        """Stripe moves money of the account for another reason, with this type, category and description."""
        self.world.double.adjust(self.account, amount, **told)

    def stripe_returns(self, kind: str, **values: Any) -> None:
        """Stripe shows the latest object of a kind with these values, as accounts have seen it."""
        ledger = self.world.double.world.ledger(self.account)
        shown = list(ledger.all(kind))[-1]
        unknown = values.keys() - shown.keys()
        assert not unknown, f"a {kind} has no {sorted(unknown)}"
        shown.update(json.loads(json.dumps(values)))

    # Days

    def days_pass(self, days: int) -> None:
        """Days go by; webhooks arrive and are worked on."""
        for _ in range(days):
            self.world.advance(DAY)
            self.world.deliver()
            self.world.work()

    def seconds_pass(self, seconds: int) -> None:
        """Some seconds go by; webhooks arrive and are worked on."""
        self.world.advance(seconds)
        self.world.deliver()
        self.world.work()

    # Payouts

    def pay_out(self, **how: Any) -> None:
        """Stripe pays out the available balance, or the owner requests it; the payout arrives some days later."""
        self.world.double.pay_out(self.account, **how)
        self.days_pass(3)

    def pay_out_shown_with(self, **values: Any) -> None:
        """Stripe pays out the available balance, and returns the payout with these values."""
        self.world.double.pay_out(self.account)
        self.stripe_returns("payout", **values)
        self.days_pass(3)

    def payout_fails(self, code: str, number: int = -1) -> None:
        """The bank sends a payout back; the latest, or the one of this number."""
        self.world.double.fail_payout(self.account, self._payout_in_stripe(number), failure_code=code)
        self.seconds_pass(1)

    def reverse_payout(self) -> None:
        """The latest payout is reversed."""
        self.world.double.reverse_payout(self.account, self._payout_in_stripe(-1))
        self.days_pass(3)

    def enter_bank_account(self, last4: str) -> None:
        """The owner enters another bank account in Stripe's dashboard."""
        self.world.double.update_account(self.account, bank_last4=last4)

    # What POM shows

    def _shown_of_payouts(self) -> list[dict[str, Any]]:
        """The payouts, those that arrive last first, each with its lines."""
        listed = self.api.get("/payouts?first=100").json["data"]
        return [self.api.get(f"/payouts/{each['id']}?first=100").json for each in listed]

    def _payout_in_stripe(self, number: int) -> str:
        return str(self.world.in_stripe(self.account, "payout")[number]["id"])
