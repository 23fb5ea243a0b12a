"""Money is conserved in any sequence of payments, refunds, disputes and failed payouts."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.stripe_double import DAY, StripeFault
from tests.stripe_double.life import Life

INCOME = (
    "new",
    "finalize",
    "pay",
    "confirm",
    "attach",
    "refund",
    "part_refund",
    "fail_refund",
    "dispute",
    "win",
    "lose",
    "settle",
    "wait",
)
MONEY = (
    "pay_out", "by_hand", "instant", "fail_payout", "cancel_payout", "reverse", "other_business", "fee", "strange",
    "minimum", "daily", "currencies", "tax",
)  # fmt: skip


class Business(Life):
    """A life with payouts, fees and other businesses on the account."""

    def act(self, verb: str) -> None:
        if verb not in MONEY:
            super().act(verb)
            return
        double, me, choice = self.double, self.account, self.rng.choice
        payout = choice(self.objects("payout") or [{"id": "po_none"}])["id"]
        try:
            match verb:
                case "pay_out":
                    double.pay_out(me, choice(("usd", "eur")))
                case "by_hand":
                    double.pay_out(me, automatic=False, amount=500)
                case "instant":
                    double.pay_out(me, method="instant")
                case "fail_payout":
                    double.fail_payout(me, payout)
                    double.update_account(me, bank_last4=choice(("4321", "6789")))
                case "cancel_payout":
                    double.cancel_payout(me, payout)
                case "reverse":
                    double.reverse_payout(me, payout)
                case "other_business":
                    double.outside_charge(me, 7_777, currency=choice(("usd", "eur", "gbp", "jpy")))
                case "fee":
                    double.account_fee(me, 1_234)
                case "strange":
                    double.adjust(me, -55, "moon_tax", "lunar_funds", currency=choice(("usd", "eur")))
                case "minimum":
                    double.update_account(me, minimum_balance={"usd": choice((0, 700))})
                case "daily":
                    double.update_account(me, payout_schedule=choice(("daily", "manual")))
                case "currencies":
                    double.update_account(me, settlement_currencies=choice((["usd"], ["usd", "eur"])))
                case "tax":
                    double.update_account(me, fee_tax_rate=choice((0, 7.25)))
        except StripeFault:
            pass


def assert_money_is_conserved(life: Life) -> None:
    """Asserts that all income is pending, available or paid out, and that each line is in at most one payout."""
    balance = life.double.balance(life.account)
    transactions, payouts = life.objects("balance_transaction"), life.objects("payout")
    for each in transactions:
        assert each["net"] == each["amount"] - each["fee"]
        assert each["fee"] == sum(part["amount"] for part in each["fee_details"])
    for currency in {each["currency"] for each in transactions}:
        own = [each for each in transactions if each["currency"] == currency]
        left = sum(sums.get(currency, 0) for sums in balance.values())
        out = sum(p["amount"] for p in payouts if p["currency"] == currency and has_left_the_balance(p))
        came_in = sum(
            each["net"] for each in own if each["type"] not in ("payout", "payout_failure", "payout_cancel")
        )
        fees_of_payouts = sum(each["fee"] for each in own if each["type"] == "payout")
        assert came_in - fees_of_payouts == left + out
        assert left == sum(each["net"] for each in own)
    assert_payouts_tie_out(life, payouts)


def has_left_the_balance(payout: Any) -> bool:
    return payout["status"] not in ("failed", "canceled")


def assert_payouts_tie_out(life: Life, payouts: list[Any]) -> None:
    funds, ids_in_payouts = life.double.world.ledger(life.account).funds, set()
    for payout in payouts:
        lines = funds.lines(payout["id"])
        assert payout["automatic"] is bool(lines)
        assert sum(line["net"] for line in lines if line["id"] != payout["balance_transaction"]) == (
            payout["amount"] if lines else 0
        )
        assert ids_in_payouts.isdisjoint(line["id"] for line in lines)
        ids_in_payouts |= {line["id"] for line in lines}


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.lists(st.sampled_from(INCOME * 2 + MONEY), min_size=5, max_size=40))
def test_all_income_is_pending_available_or_paid_out_after_any_actions(seed: int, verbs: list[str]) -> None:
    life = Business(random.Random(seed))
    for verb in ("new", "finalize", "pay"):
        life.act(verb)
    for verb in verbs:
        life.act(verb)
        assert_money_is_conserved(life)
    life.double.advance(10 * DAY)
    assert_money_is_conserved(life)
