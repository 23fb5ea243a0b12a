"""The terms of money add up, whatever a customer, a company and a bank do to an invoice in Stripe.

The double is driven at random. After each step, POM's figures are compared with the double's ledger
(`tests/oracle.py`, which shares no rule with POM), and the displayed figures must add up.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chalicelib.api.models.invoice_details import InvoiceDetail, invoice_detail
from chalicelib.api.models.summary import summary_view
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import MINIMUM_CHARGE, exponent
from chalicelib.usecases.invoicing.summary import get_summary
from chalicelib.usecases.reconciling.tie_out import tie_out
from infra.stripe_double import StripeFault
from tests.oracle import differences, figures_in_stripe
from tests.world import ORGANIZATION, World, line

REFUSED = (stripe.StripeError, StripeFault, ValueError)


class Life:
    """One invoice, and the actions on it. The number given to each action decides its amount."""

    def __init__(self, currency: str, total: int, balance: int, discount: int) -> None:
        self.world, self.currency = World(version="2026-10-28.endive"), currency
        self.account = self.world.connect()
        self.options: Any = {"stripe_account": self.account}
        self.world.customer()
        self.world.work()
        [self.customer] = self.world.in_stripe(self.account, "customer")
        self.adjust(balance)
        price = str(Decimal(total).scaleb(-exponent(currency)))
        self.invoice: Invoice = self.world.invoice(
            line_items=(line("svc_1", price),), currency=currency, send=discount == 0
        )
        if discount:
            terms: Any = {"amount_off": discount, "currency": currency, "duration": "once"}
            coupon = self.stripe.coupons.create(terms, self.options)
            params: Any = {"discounts": [{"coupon": coupon.id}]}
            self.stripe.invoices.update(self.stripe_id, params, self.options)
            self.stripe.invoices.send_invoice(self.stripe_id, None, self.options)  # POM does not send it like this
            self.world.deliver()

    @property
    def stripe(self) -> Any:
        return self.world.client.v1

    @property
    def stripe_id(self) -> str:
        return str(self.world.now(self.invoice).stripe_invoice_id)

    @property
    def theirs(self) -> dict[str, Any]:
        return next(i for i in self.world.in_stripe(self.account) if i["id"] == self.stripe_id)

    def adjust(self, balance: int) -> None:
        """Gives the customer credit or a debt. An invoice that is already finalized does not use it."""
        changes: Any = {"balance": balance}
        self.stripe.customers.update(self.customer["id"], changes, self.options)

    def pay(self, number: int) -> None:
        self.world.double.pay(self.account, self.stripe_id)

    def pay_part(self, number: int) -> None:
        self.world.double.pay(self.account, self.stripe_id, amount=number)

    def decline(self, number: int) -> None:
        self.world.double.pay(self.account, self.stripe_id, "pm_card_chargeDeclined")

    def debit(self, number: int) -> None:
        """Begins a bank debit of the whole amount due; other payments that arrive before it become a surplus."""
        self.world.double.pay(self.account, self.stripe_id, "pm_usBankAccount")

    def debit_arrives(self, number: int) -> None:
        for intent in self.world.in_stripe(self.account, "payment_intent"):
            if intent["status"] == "processing":
                self.world.double.settle_debit(self.account, intent["id"])

    def cash(self, number: int) -> None:
        outside: Any = {"paid_out_of_band": True}
        self.stripe.invoices.pay(self.stripe_id, outside, self.options)

    def credit(self, number: int) -> None:
        self._note(number)

    def credit_the_rest(self, number: int) -> None:
        self._note(self.theirs["amount_remaining"])

    def credit_by_refund(self, number: int) -> None:
        self._note(number, refund_amount=number)

    def credit_outside(self, number: int) -> None:
        self._note(number, out_of_band_amount=number)

    def credit_to_balance(self, number: int) -> None:
        self._note(number, credit_amount=number)

    def _note(self, amount: int, **parts: int) -> None:
        params: Any = {"invoice": self.stripe_id, "amount": amount, **parts}
        self.stripe.credit_notes.create(params, self.options)

    def refund(self, number: int) -> None:
        params: Any = {"charge": self._charge(number), "amount": number}
        self.stripe.refunds.create(params, self.options)

    def refund_all(self, number: int) -> None:
        params: Any = {"charge": self._charge(number)}
        self.stripe.refunds.create(params, self.options)

    def refund_fails(self, number: int) -> None:
        refunds = self.world.in_stripe(self.account, "refund")
        if refunds:
            self.world.double.settle_refund(self.account, refunds[number % len(refunds)]["id"], outcome="failed")

    def dispute(self, number: int) -> None:
        currency = "gbp" if number % 3 == 0 else None
        self.world.double.open_dispute(
            self.account, self._charge(number), amount=number if number % 2 else None, currency=currency
        )

    def lose_dispute(self, number: int) -> None:
        self.dispute(number)
        self._move("lost")

    def lose(self, number: int) -> None:
        self._move("lost")

    def appeal(self, number: int) -> None:
        self.world.advance(60)
        self._move("appeal_under_review")

    def win(self, number: int) -> None:
        self.world.advance(60)
        self._move("won")

    def write_off(self, number: int) -> None:
        self.stripe.invoices.mark_uncollectible(self.stripe_id, None, self.options)

    def void(self, number: int) -> None:
        self.stripe.invoices.void_invoice(self.stripe_id, None, self.options)

    def _charge(self, number: int) -> str:
        paid = [c["id"] for c in self.world.in_stripe(self.account, "charge") if c["status"] == "succeeded"]
        return str(paid[number % len(paid)]) if paid else "ch_none"

    def _move(self, status: str) -> None:
        for dispute in self.world.in_stripe(self.account, "dispute")[-1:]:
            self.world.double.move_dispute(self.account, dispute["id"], status)

    # POM's views

    def minor(self, figures: str) -> int:
        return int(Decimal(figures).scaleb(exponent(self.currency)))

    def check_views(self) -> None:
        """Delivers all webhooks, and compares every view of the invoice with the ledger."""
        self.world.deliver()
        stored, now = self.world.now(self.invoice), self.world.ports.clock.now()
        ledger = self.world.double.ledger(self.account)
        assert differences(ledger, [stored]) == []
        view = invoice_detail(stored, {}, customer_name=None, now=now, dashboard_base="https://dashboard.stripe.com")
        self._adds_up(view, ledger)
        self._is_summed_up(view)

    def _adds_up(self, view: InvoiceDetail, ledger: dict[str, Any]) -> None:
        right = figures_in_stripe(ledger, self.theirs)
        figures = {name: self.minor(getattr(view, name)) for name in AMOUNTS}
        assert (
            figures["received_amount"] == figures["paid_amount"] - figures["refunded_amount"] - figures["lost_amount"]
        )
        assert (figures["received_amount"], figures["lost_amount"]) == (right.received, right.lost)
        assert figures["discount_amount"] == right.discount
        if view.status != "void":
            terms = (
                figures["paid_amount"] - figures["overpaid_amount"], figures["balance_applied_amount"],
                figures["credited_before_payment_amount"], figures["balance"],
            )  # fmt: skip
            assert figures["total"] == sum(terms), terms
        assert view.partially_refunded is (figures["refunded_amount"] > 0 and view.status != "refunded")
        if view.status == "refunded":
            assert figures["refunded_amount"] >= figures["paid_amount"] > 0
        assert "None" not in view.explanation

    def _is_summed_up(self, view: InvoiceDetail) -> None:
        [summary] = [
            each
            for each in summary_view(get_summary(ORGANIZATION, *PERIOD, self.world.ports)).data
            if each.currency == self.currency
        ]
        assert (summary.lost.count, summary.lost.amount) == (int(self.minor(view.lost_amount) > 0), view.lost_amount)
        assert summary.refunded.amount == view.refunded_amount
        net_paid = self.minor(view.paid_amount) - self.minor(view.lost_amount)
        paid = net_paid if view.paid_at is not None and view.status in ("paid", "refunded") else 0
        assert self.minor(summary.paid_in_period.amount) == paid

    def compare_books(self) -> None:
        """Asserts that the daily comparison finds POM and Stripe equal, and as the invoice shows them."""
        self.world.advance(2 * 3600)
        self.world.deliver()
        differences = tie_out(ORGANIZATION, self.world.ports)
        assert differences.differences == ()
        assert [day.stripe for day in differences.days] == [day.ours for day in differences.days]
        amounts = self.world.now(self.invoice).amounts
        assert sum(day.ours.lost for day in differences.days) == amounts.lost
        assert sum(day.ours.refunded for day in differences.days) == amounts.refunded - amounts.refunded_outside


AMOUNTS = (
    "total", "discount_amount", "paid_amount", "refunded_amount", "lost_amount", "received_amount",
    "balance_applied_amount", "credited_amount", "credited_before_payment_amount", "overpaid_amount", "balance",
)  # fmt: skip
PERIOD = (dt.date(2027, 1, 1), dt.date(2027, 12, 31))
CURRENCIES = st.sampled_from(["usd", "usd", "usd", "eur", "jpy", "czk"])
OPEN = ("pay_part", "pay_part", "decline", "debit", "credit", "credit", "refund", "lose_dispute", "write_off", "void")
"""Actions on an invoice with an amount to pay."""
SETTLED_BY = (
    (), ("pay",), ("pay",), ("cash",), ("pay_part", "cash"), ("credit_the_rest",), ("pay_part", "pay"),
    ("debit", "pay_part", "debit_arrives"), ("debit", "pay_part", "pay_part", "debit_arrives"),
)  # fmt: skip
PAID = (
    "credit_by_refund", "credit_outside", "credit_outside", "credit_to_balance", "refund", "refund", "refund_all",
    "refund_fails", "dispute", "lose", "lose_dispute", "lose_dispute", "appeal", "win",
)  # fmt: skip
"""Actions on a paid invoice."""
ACTIONS = sorted({*OPEN, *(action for way in SETTLED_BY for action in way), *PAID})


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Draws actions, each with a number of minor units."""
    before = draw(st.lists(st.sampled_from(OPEN), max_size=3))
    after = draw(st.lists(st.sampled_from(PAID), max_size=5))
    chosen = [*before, *draw(st.sampled_from(SETTLED_BY)), *after]
    return [(action, draw(st.integers(1, 400) | st.integers(1, 9_000))) for action in chosen]


@st.composite
def lives(draw: st.DrawFn) -> tuple[str, int, int, int]:
    """Draws a currency, and a total, a balance and a discount that leave almost nothing, the minimum, or much to
    pay.
    """
    currency = draw(CURRENCIES)
    least = MINIMUM_CHARGE[currency]
    total = draw(st.integers(least, least + 100) | st.integers(least, 9_000_00))
    near = draw(st.integers(-2 * least, 2 * least))
    discount = draw(st.just(0) | st.integers(1, total) | st.just(max(1, total - least)))
    remaining = total - discount
    balance = draw(st.just(0) | st.just(near - remaining) | st.integers(-2 * total, total))
    return currency, total, balance, discount


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives(), steps())
def test_the_displayed_figures_equal_stripes_and_add_up_after_each_step(
    start: tuple[str, int, int, int], chosen: list[tuple[str, int]]
) -> None:
    life = Life(*start)
    life.check_views()
    for action, number in chosen:
        with suppress(*REFUSED):
            getattr(life, action)(number)
            event(action)
        life.check_views()
    life.compare_books()


@pytest.mark.parametrize(
    ("start", "chosen", "shows"),
    [
        (("usd", 7500, -7480, 0), [], {"balance_applied_amount": "75.00", "received_amount": "0.00"}),
        (("usd", 7500, 1000, 0), [("pay", 1)], {"balance_applied_amount": "-10.00", "paid_amount": "85.00"}),
        (
            ("usd", 7500, 0, 500),
            [("debit", 1), ("pay_part", 3000), ("debit_arrives", 1), ("dispute", 2), ("lose", 1)],
            {"total": "70.00", "overpaid_amount": "30.00", "paid_amount": "100.00"},
        ),
        (
            ("jpy", 7500, 0, 0),
            [("pay_part", 2000), ("dispute", 999), ("lose", 1), ("write_off", 1)],
            {"lost_amount": "2000", "balance": "5500"},
        ),
        (
            ("usd", 7500, 0, 0),
            [("pay", 1), ("refund", 2500), ("dispute", 2), ("lose", 1)],
            {"refunded_amount": "25.00", "lost_amount": "50.00", "received_amount": "0.00"},
        ),
        (
            ("usd", 7500, 0, 0),
            [("cash", 1), ("credit_outside", 2000), ("credit_to_balance", 500)],
            {"refunded_amount": "20.00", "credited_amount": "25.00", "received_amount": "55.00"},
        ),
    ],
)
def test_the_random_lives_reach_each_term_of_money(
    start: Any, chosen: list[tuple[str, int]], shows: dict[str, str]
) -> None:
    life = Life(*start)
    for action, number in chosen:
        getattr(life, action)(number)
        life.check_views()
    view = invoice_detail(
        life.world.now(life.invoice), {}, customer_name=None, now=0, dashboard_base="https://dashboard.stripe.com"
    )
    assert {name: getattr(view, name) for name in shows} == shows


def test_every_kind_of_step_of_the_random_lives_succeeds_at_least_once() -> None:
    succeeded: set[str] = set()
    for before in ([], ["pay"], ["pay", "dispute"], ["pay", "dispute", "lose"], ["debit"], ["pay", "refund"]):
        for action in sorted(set(ACTIONS) - succeeded):
            life = Life("usd", 7500, -2500, 0)
            with suppress(*REFUSED):
                for each in [*before, action]:
                    getattr(life, each)(500)
                succeeded.add(action)
    assert succeeded == set(ACTIONS)
