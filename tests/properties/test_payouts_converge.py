"""Random weeks of a company, on a network and queues that lose messages: after a sweep POM's deposits equal
Stripe's.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import stripe
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.domain.invoice import Invoice
from infra.stripe_double.errors import InvalidState, StripeFault
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.deposit_oracle import deposit_differences
from tests.usecases.payouts.company import DAY, HOUR, Company
from tests.world import World

ACTIONS = (
    "card",
    "debit",
    "failing_debit",
    "refund",
    "refund_part",
    "dispute",
    "outside",
    "outside_refund",
    "account_fee",
    "unknown_category",
    "by_hand",
    "fail_payout",
    "cancel_payout",
    "reverse_payout",
    "day",
    "day",
    "day",
    "lose_messages",
    "die",
    "sweep",
)

DEBITS_SETTLE_IN = 4
"""Lengths of waits, in days."""

network = st.fixed_dictionaries(
    {
        "lose_rate": st.sampled_from([0.0, 0.3, 1.0]),
        "duplicate": st.sampled_from([0.0, 0.5]),
        "reorder": st.sampled_from([0.0, 1.0]),
        "never_generate_rate": st.sampled_from([0.0, 0.0, 0.4, 1.0]),
    }
)
weeks = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5)), min_size=4, max_size=24)


class Week:
    """Random actions on a company's money."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.invoices: list[Invoice] = []

    def act(self, action: str, which: int) -> None:
        """Performs one action, if it is possible."""
        with suppress(stripe.StripeError, StripeFault, InvalidState, ValueError, IndexError, ProcessKilled):
            getattr(self, action)(which)
        stop_counting(self.company.world)

    def card(self, which: int) -> None:
        self.invoices.append(self.company.paid_invoice(f"{which + 10}.35"))

    def debit(self, which: int) -> None:
        self.invoices.append(self.company.paid_invoice(f"{which + 20}.05", "pm_usBankAccount"))

    def failing_debit(self, which: int) -> None:
        self.invoices.append(self.company.paid_invoice(f"{which + 30}.50", "pm_usBankAccount_insufficientFunds"))

    def refund(self, which: int) -> None:
        self.company.refund(self.invoices[which])

    def refund_part(self, which: int) -> None:
        self.company.refund(self.invoices[which], 301)

    def dispute(self, which: int) -> None:
        dispute = self.company.dispute(self.invoices[which])
        if which % 2:
            self.company.pause(HOUR)
            self.company.world.double.move_dispute(self.company.account, dispute["id"], "under_review")
            self.company.world.double.move_dispute(self.company.account, dispute["id"], "won")

    def outside(self, which: int) -> None:
        currency = "eur" if which % 2 else None
        self.company.world.double.outside_charge(self.company.account, 1_999 + which, currency=currency)

    def outside_refund(self, _: int) -> None:
        charges = self.company.world.in_stripe(self.company.account, "charge")
        outside = [each["id"] for each in charges if each["payment_intent"] is None]
        self.company.world.double.refund_charge(self.company.account, outside[-1], amount=200)

    def account_fee(self, which: int) -> None:
        self.company.world.double.account_fee(self.company.account, 100 + which)

    def unknown_category(self, which: int) -> None:
        self.company.world.double.adjust(self.company.account, which - 3, "moon_tax", "lunar_funds")

    def by_hand(self, which: int) -> None:
        self.company.world.double.pay_out(self.company.account, automatic=False, amount=100 + which)

    def fail_payout(self, which: int) -> None:
        self.company.world.double.fail_payout(self.company.account, self.company.in_stripe()[which]["id"])
        self.company.world.double.update_account(self.company.account, bank_last4=f"{which:04}")

    def cancel_payout(self, _: int) -> None:
        self.company.world.double.cancel_payout(self.company.account, self.company.in_stripe()[-1]["id"])

    def reverse_payout(self, which: int) -> None:
        self.company.world.double.reverse_payout(self.company.account, self.company.in_stripe()[which]["id"])

    def day(self, _: int) -> None:
        self.company.wait(DAY)

    def lose_messages(self, _: int) -> None:
        """Plays a day whose queued messages are lost."""
        self.company.pause(DAY)
        self.company.world.ports.queues.take()

    def die(self, which: int) -> None:
        """Plays a day at whose end a worker dies, and loses its message."""
        self.company.pause(DAY)
        count_calls(self.company.world, fatal=3 + 2 * which, after=bool(which % 2))
        self.company.world.work()

    def sweep(self, _: int) -> None:
        self.company.world.sweep()
        self.company.world.work()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
@given(policy=network, life=weeks, seed=st.integers(0, 2**16))
def test_a_sweep_makes_payouts_lines_and_fees_equal_to_stripe_after_any_loss(
    policy: dict[str, Any], life: list[tuple[str, int]], seed: int
) -> None:
    world = World(seed)
    company = Company.connected(world)
    world.double.world.rng = random.Random(seed)
    world.double.set_delivery(**policy)
    week = Week(company)
    for action, which in life:
        week.act(action, which)
    # No event arrives any more. Once the last debit has settled, one sweep finds its payment and the next one its
    # fee. Each sweep compares the lines that were read a day before.
    world.double.set_delivery(lose_rate=1.0)
    for _ in range(DEBITS_SETTLE_IN + 3):
        company.pause(DAY + 2 * HOUR)
        world.sweep()
        world.work()

    assert deposit_differences(world, company.account, company.organization) == []

    boundaries = count_calls(world)
    result = world.sweep()
    stop_counting(world)
    assert result.payouts is not None
    assert (result.payouts.found, result.payouts.missed, result.payouts.not_tied_out) == (0, 0, 0)
    assert [name for name in boundaries.writes if name.startswith(("payouts", "payments"))] == []
