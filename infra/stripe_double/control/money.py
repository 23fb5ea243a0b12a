"""The controls that move money without a payer: payouts, Stripe's fees, and other businesses on the account."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidState
from ..objects import balance_transactions, outside_charges, payout_steps, refunds
from ..objects.cards import by_name
from ..objects.exchange import Gross
from ..objects.money import currency as supported
from ..state.ledger import JSON, Ledger, public
from ..state.world import World


class MoneyControls:
    """The controls of balances and payouts. Amounts are in minor units. The default currency is the account's."""

    world: World

    def pay_out(
        self,
        account: str,
        currency: str | None = None,
        *,
        automatic: bool = True,
        method: str = "standard",
        amount: int | None = None,
    ) -> JSON:
        """Pays out the available balance now, as the daily schedule does, and returns the payout.

        With `automatic=False` the payout is one that the owner requested in the Dashboard, of an `amount` or of
        everything. A payout with the method `instant` is always requested by the owner, and has a fee. Raises
        InvalidState if there is nothing to pay out, and ValueError for another method or for an amount of an
        automatic payout.
        """
        if method not in ("standard", "instant"):
            raise ValueError(f"method is standard or instant, not {method!r}")
        by_hand = not automatic or method == "instant"
        if amount is not None and not by_hand:
            raise ValueError("an automatic payout takes no amount, because it pays out the available balance")
        with self.world.lock:
            ledger, code = self._in(account, currency)
            if by_hand:
                return public(payout_steps.pay_out_by_hand(self.world, ledger, code, amount, method=method))
            payout = payout_steps.pay_out_all(self.world, ledger, code)
            if payout is None:
                raise InvalidState("There is nothing to pay out.")
            return public(payout)

    def fail_payout(
        self, account: str, payout: str, *, failure_code: str = "account_closed", failure_message: str | None = None
    ) -> JSON:
        """Makes the bank return a payout, even one that was paid. Its money returns to the balance. Returns the
        payout.

        Automatic payouts stop until `update_account(bank_last4=…)` or `bank_name` sets another bank account.
        """
        with self.world.lock:
            ledger = self.world.ledger(account)
            return public(payout_steps.fail(self.world, ledger, payout, failure_code, failure_message))

    def cancel_payout(self, account: str, payout: str) -> JSON:
        """Cancels a pending payout and returns it. Its money returns to the balance."""
        with self.world.lock:
            return public(payout_steps.cancel(self.world, self.world.ledger(account), payout))

    def reverse_payout(self, account: str, payout: str) -> JSON:
        """Returns a negative payout that reverses a paid one. Each of the two payouts names the other."""
        with self.world.lock:
            return public(payout_steps.reverse(self.world, self.world.ledger(account), payout))

    def outside_charge(
        self,
        account: str,
        amount: int,
        *,
        currency: str | None = None,
        method: str = "pm_card_visa",
        description: str = "Web shop",
    ) -> JSON:
        """Returns the charge of a card payment to another business on the same account, without an invoice."""
        payment_method = by_name(method)
        with self.world.lock:
            ledger, code = self._in(account, currency)
            return public(outside_charges.make(self.world, ledger, amount, code, payment_method, description))

    def refund_charge(self, account: str, charge: str, *, amount: int | None = None) -> JSON:
        """Refunds a charge as the owner does in the Dashboard, and returns the refund. The default is all that
        remains.
        """
        with self.world.lock:
            ledger = self.world.ledger(account)
            return public(refunds.make(self.world, ledger, ledger.get("charge", charge), amount))

    def account_fee(self, account: str, amount: int, description: str = "Billing - Usage Fee") -> JSON:
        """Returns the balance transaction of a fee that belongs to no payment, such as a monthly fee."""
        return self.adjust(account, -amount, "stripe_fee", "fee", description)

    def adjust(
        self,
        account: str,
        amount: int,
        type: str = "adjustment",  # noqa: A002 - the name of the field
        reporting_category: str = "other_adjustment",
        description: str | None = None,
        *,
        currency: str | None = None,
        source: str | None = None,
        available_on: int | None = None,
    ) -> JSON:
        """Adds a balance transaction without a fee and returns it. A negative amount lowers the balance.

        `type` and `reporting_category` may be values that Stripe does not have yet.
        """
        with self.world.lock:
            ledger, code = self._in(account, currency)
            transaction = balance_transactions.record(
                self.world,
                ledger,
                type,
                reporting_category,
                Gross(amount, code),
                source,
                available_on=available_on,
                description=description,
            )
            return public(transaction)

    def balance(self, account: str) -> dict[str, dict[str, int]]:
        """Returns the `available` and the `pending` amounts by currency, in minor units."""
        with self.world.lock:
            self.world.run_due()
            funds = self.world.ledger(account).funds
            sums: dict[str, Any] = {"available": funds.available, "pending": funds.pending}
            return {name: {each: of(each) for each in funds.currencies()} for name, of in sums.items()}

    def _in(self, account: str, currency: str | None) -> tuple[Ledger, str]:
        ledger = self.world.ledger(account)
        return ledger, supported(currency or ledger.account["default_currency"])
