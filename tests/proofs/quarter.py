"""Proof `quarter`: three months of a pool company's money tie out to the cent.

Claim: each payout that Stripe can itemize is in POM with Stripe's lines, which add up to its amount and name the
right invoices. Each payment has Stripe's fee and net amount. No payment of another business is on an invoice, and
POM's list of payments adds up to the amounts that Stripe booked.

Method: 2,000 invoices over 90 days in three currencies, two of which have their own balance: cards that are declined
first, bank debits of which some fail, refunds in Stripe and in POM, disputes won and lost, a monthly fee, a web shop
on the same account, a minimum balance, tax on fees, payouts that fail, are canceled or reversed, and a manual payout.
One webhook in thirty is lost, and a sweep runs every few days.

Limits: what Stripe does beyond its documentation, as in `conservation`.

`python -m tests.proofs quarter --seed 7` plays another quarter; a seed always gives the same quarter.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.movements import MovementFilter, MovementKind
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.refund import RefundRequest, refund
from infra.stripe_double import DAY
from infra.stripe_double.errors import StripeFault
from tests.proofs.books import Books, faults_of_money
from tests.proofs.report import Budget, Result
from tests.world import ADMIN, ORGANIZATION, World, line, order

DAYS = 90
SETTLED_AFTER = 12
"""Days after the quarter in which debits settle and the last payouts arrive."""

LOST = 1 / 30
SWEPT_EVERY = 10
"""Days."""

CUSTOMERS = 40
PAGE = 100

ACCOUNT: dict[str, Any] = {
    "payout_schedule": "daily",
    "settlement_currencies": ["usd", "eur"],
    "minimum_balance": {"usd": 25_000},
    "fee_tax_rate": 8.25,
}
"""Pounds have no balance of their own, so they are exchanged for dollars."""

CURRENCIES = {"usd": 85, "eur": 10, "gbp": 5}
PAYS = {
    ("pm_card_visa",): 58,
    ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa"): 12,
    ("pm_card_chargeDeclinedExpiredCard",): 4,
    ("pm_usBankAccount_success",): 16,
    ("pm_usBankAccount_insufficientFunds",): 4,
    ("pm_card_createDispute",): 2,
    ("pm_card_refundFail",): 2,
    ("pm_card_pendingRefund",): 2,
}
"""The payment methods that a customer tries one after the other, with their frequency."""

REFUNDED, DISPUTED = 0.06, 0.015
"""Shares of the charges."""


@dataclass
class Quarter:
    """Plays a quarter of one company. Everything in it follows from the seed."""

    invoices: int
    seed: int
    days: int = DAYS
    world: World = field(init=False)
    account: str = field(init=False)
    unpaid: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    """How often each thing happened."""

    def __post_init__(self) -> None:
        self.rng = random.Random(f"quarter {self.seed}")
        self.world = World(self.seed, version=API_VERSION)
        self.account = self.world.connect(account=self.world.account(**ACCOUNT))
        for number in range(CUSTOMERS):
            self.world.customer(f"cust_{number}", f"{number}@pool.test")
        self.world.work()
        self._charges_seen = 0

    @property
    def books(self) -> Books:
        """Returns the double's books and POM's records."""
        return Books(self.world.double, self.account, self.world.ports.database, ORGANIZATION)

    def play(self) -> None:
        """Plays the quarter and the days in which its last money arrives, and then lets one sweep find the rest."""
        self.world.double.set_delivery(lose_rate=LOST)
        for day in range(self.days):
            self._day(day)
            if day % SWEPT_EVERY == 0:
                self.world.sweep(objects=False)
        for _ in range(SETTLED_AFTER):
            self._replace_failed_bank()
            self._half_a_day_passes()
            self._half_a_day_passes()
        self.world.double.set_delivery(lose_rate=0.0)
        self.world.deliver()
        self.world.work()
        self.world.sweep()
        self.world.work()

    def _day(self, day: int) -> None:
        self._replace_failed_bank()
        for _ in range(self.invoices * (day + 1) // self.days - self.invoices * day // self.days):
            self._bill()
        for stripe_id in [each for each in self.unpaid if self.rng.random() < 0.6]:
            self._pays(stripe_id)
        self._half_a_day_passes()
        self._charges_change_their_fate()
        self._another_business_sells()
        self._stripe_books(day)
        self._payouts_meet_their_fate(day)
        self._half_a_day_passes()

    def _half_a_day_passes(self) -> None:
        self.world.advance(DAY // 2)
        self.world.deliver()
        self.world.work()

    # The office and its customers

    def _bill(self) -> None:
        number = self.told["invoices"]
        self.told["invoices"] += 1
        [currency] = self.rng.choices(list(CURRENCIES), list(CURRENCIES.values()))
        terms = BillingTerms(currency=currency, payment_terms="net_15", payment_methods=("card", "us_bank_account"))
        if currency != "usd":
            terms = BillingTerms(currency=currency, payment_terms="net_15", payment_methods=("card",))
        price = f"{self.rng.randrange(20, 600)}.{self.rng.randrange(100):02}"
        invoice = create_invoice(
            order(
                customer_id=CustomerId(f"cust_{self.rng.randrange(CUSTOMERS)}"),
                idempotency_key=f"service-{number}",
                fingerprint=f"service-{number}",
                line_items=(line(f"svc_{number}", price),),
                **{name: getattr(terms, name) for name in ("currency", "payment_terms", "payment_methods")},
            ),
            self.world.ports,
        )
        self.unpaid.append(str(invoice.stripe_invoice_id))

    def _pays(self, stripe_id: str) -> None:
        self.unpaid.remove(stripe_id)
        in_dollars = self.books.table("invoice")[stripe_id]["currency"] == "usd"
        [tries] = self.rng.choices(list(PAYS), list(PAYS.values()))
        for method in tries:
            chosen = method if in_dollars or "BankAccount" not in method else "pm_card_visa"
            paid = self.world.double.pay(self.account, stripe_id, chosen)
            self.told["declined cards" if paid["error"] else "payments"] += 1

    def _charges_change_their_fate(self) -> None:
        charges = list(self.books.table("charge").values())
        for charge in charges[self._charges_seen :]:
            if charge["status"] == "succeeded" and charge["balance_transaction"]:
                if self.rng.random() < REFUNDED:
                    self._refunded(charge)
                elif self.rng.random() < DISPUTED:
                    self._disputed(charge)
        self._charges_seen = len(charges)
        for dispute in list(self.books.table("dispute").values()):
            if dispute["status"] == "needs_response" and self.rng.random() < 0.1:
                self._decided(dispute["id"], self.rng.choice(("won", "lost")))

    def _disputed(self, charge: Any) -> None:
        self._allowed("disputes", lambda: self.world.double.open_dispute(self.account, charge["id"]))

    def _decided(self, dispute_id: str, verdict: str) -> None:
        self._allowed(
            f"disputes {verdict}", lambda: self.world.double.move_dispute(self.account, dispute_id, verdict)
        )

    def _refunded(self, charge: Any) -> None:
        part = self.rng.choice((None, None, charge["amount"] // 3))
        if self.rng.random() < 0.5:
            self._allowed(
                "refunds in Stripe",
                lambda: self.world.double.refund_charge(self.account, charge["id"], amount=part),
            )
            return
        amount = Decimal(part) / 100 if part else None
        request = RefundRequest(ORGANIZATION, ADMIN, charge["payment_intent"], f"refund-{charge['id']}", amount)
        self._allowed("refunds in POM", lambda: refund(request, self.world.ports))

    def _another_business_sells(self) -> None:
        for _ in range(self.rng.choice((0, 1, 2))):
            sold = self.world.double.outside_charge(self.account, self.rng.randrange(500, 20_000))
            self.told["sales of the web shop"] += 1
            if self.rng.random() < 0.1:
                self.world.advance(10)  # it is captured
                self.world.double.refund_charge(self.account, sold["id"])

    # Stripe and the bank

    def _stripe_books(self, day: int) -> None:
        if day % 30 == 29:
            self.world.double.account_fee(self.account, 1_000 + self.rng.randrange(900))
            self.told["monthly fees"] += 1
        if day == 40:
            self.world.double.adjust(self.account, -77, "moon_fee", "moon_landing")
            self.told["lines of a category that nobody knows"] += 1
        if day == 80:
            balance = self.world.double.balance(self.account)["available"].get("usd", 0)
            self.world.double.adjust(self.account, -balance - 12_345, description="Correction")
            self.told["debits"] += 1

    def _payouts_meet_their_fate(self, day: int) -> None:
        payouts = [each for each in self.books.payouts() if each["automatic"] and each["amount"] > 0]
        fates: dict[int, tuple[str, str, Callable[[str], object]]] = {
            20: ("failed payouts", "in_transit", lambda id_: self.world.double.fail_payout(self.account, id_)),
            47: ("payouts failed after they were paid", "paid", lambda id_: self.world.double.fail_payout(
                self.account, id_, failure_code="no_account")),
            62: ("reversed payouts", "paid", lambda id_: self.world.double.reverse_payout(self.account, id_)),
            75: ("failed payouts", "in_transit", lambda id_: self.world.double.fail_payout(self.account, id_)),
        }  # fmt: skip
        if day in fates:
            name, status, happens = fates[day]
            fitting = [each["id"] for each in payouts if each["status"] == status]
            if fitting:
                self._allowed(name, lambda: happens(fitting[-1]))
        if day == 33:
            self._allowed(
                "instant payouts", lambda: self.world.double.pay_out(self.account, method="instant", amount=10_000)
            )

    def _replace_failed_bank(self) -> None:
        if any(each["status"] == "errored" for each in self.books.table("bank_account").values()):
            self.world.double.update_account(self.account, bank_last4=f"{self.rng.randrange(10_000):04}")

    def _allowed(self, name: str, happens: Callable[[], object]) -> None:
        """Lets something happen unless Stripe or POM refuses it, as both may."""
        with suppress(StripeFault, IntegrationError, ValueError):
            happens()
            self.told[name] += 1

    # What came of it

    def listed(self) -> Counter[str]:
        """Returns the sums over all pages of POM's payments: `fees usd`, `nets usd`, and so on by currency."""
        sums: Counter[str] = Counter()
        after: str | None = None
        while True:
            expected = MovementFilter(kind=MovementKind.PAYMENT)
            page = self.world.ports.payments.page(ORGANIZATION, expected, PAGE, after)
            for settled_lines in page.items:
                for settlement in settled_lines.settlements:
                    if settlement.transaction.source_type == "charge":
                        self._add(sums, settlement.transaction.currency, settlement.transaction.fee,
                                  settlement.transaction.net)  # fmt: skip
            if not page.has_next:
                return sums
            after = page.end_cursor

    def booked(self) -> Counter[str]:
        """Returns the same sums of the double's charges for POM's invoices."""
        sums: Counter[str] = Counter()
        for _, booked, _ in self.books.charges():
            self._add(sums, booked["currency"], booked["fee"], booked["net"])
        return sums

    def faults(self) -> list[str]:
        """Returns where POM differs from the double's books, in words."""
        found = faults_of_money(self.books)
        if self.listed() != self.booked():
            found.append(f"POM's payments come to {self.listed()}, in Stripe to {self.booked()}")
        return found

    def figures(self) -> dict[str, object]:
        """Returns the counts of events and the sums of money in minor units."""
        payouts = self.books.payouts()
        paid_out: Counter[str] = Counter()
        for each in payouts:
            if each["status"] == "paid":
                paid_out[each["currency"]] += each["amount"]
        lines = sum(len(self.books.listed(each)) for each in payouts if each["automatic"])
        requests = self.world.double.api.log.counts()
        return {
            **self.told,
            "payouts": len(payouts),
            "lines": lines,
            **{f"paid out, {currency}": amount for currency, amount in sorted(paid_out.items())},
            **{f"of payments: {name}": amount for name, amount in sorted(self.listed().items())},
            "requests to Stripe": sum(requests.values()),
            "of these, about payouts": sum(count for path, count in requests.items() if _about_payouts(path)),
        }

    @staticmethod
    def _add(sums: Counter[str], currency: str, fee: int, net: int) -> None:
        sums[f"fees {currency}"] += fee
        sums[f"nets {currency}"] += net


def _about_payouts(path: str) -> bool:
    return "/payouts" in path or "/balance_transactions" in path


def prove(budget: Budget) -> Result:
    """Plays one quarter: 60 invoices in the short slice, 100 in the middle one, 2,000 in the full one."""
    result = Result("a quarter that ties out", "invoices", seed=budget.seed)
    quarter = Quarter(budget.of(60, 100, 2_000), budget.seed)
    quarter.play()
    result.count = quarter.told["invoices"]
    result.failures = [
        f"{fault}\n  python -m tests.proofs quarter --seed {budget.seed}" for fault in quarter.faults()
    ]
    result.figures = quarter.figures()
    return result
