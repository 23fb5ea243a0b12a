"""Steps that move money: balances, discounts, credit notes and disputes, and the comparison of books."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.usecases.reconciling.tie_out import tie_out
from tests.world import ORGANIZATION, World, line

if TYPE_CHECKING:
    from chalicelib.domain.invoice import Invoice
    from tests.api.client import ApiClient

HOUR = 3600


class MoneySteps:
    """Part of `Play`."""

    world: World
    api: ApiClient
    account: str
    invoice: Invoice | None
    answer: dict[str, Any] | None = None
    """The status and the body of the request that the case asks about."""
    books: dict[str, Any] | None = None
    """The last day of the daily comparison in which money moved."""

    # The office

    def bill(self, price: str, currency: str = "usd", send: bool = True) -> None:
        """Bill one service at this price; Stripe's webhooks about it arrive."""
        self._known_customer()
        self.invoice = self.world.invoice(line_items=(line("svc_0", price),), currency=currency, send=send)
        self.world.deliver()

    def bill_another(self) -> None:
        """A second later, bill another service at 75.00 to the same customer; the case is about this invoice then."""
        self.world.advance(1)
        self.invoice = self.world.invoice("svc_again")

    def ask_to_bill(self, price: str, currency: str = "usd") -> None:
        """Request an invoice of one service; `answer` is the API's response."""
        self._known_customer()
        item = {"serviceId": "svc_0", "description": "Cleaning", "quantity": 1, "unitPrice": price}
        self._api_said("/invoices", {"customerId": "cust_1", "currency": currency, "lineItems": [item]})

    def ask_to_bill_many(self, price: str) -> None:
        """Request a batch with one service; `answer` is the API's response."""
        self._known_customer()
        service = {
            "serviceId": "svc_0", "customerId": "cust_1", "description": "Cleaning", "quantity": 1,
            "unitPrice": price,
        }  # fmt: skip
        self._api_said("/invoice-batches", {"services": [service]})

    # The company in Stripe's dashboard

    def balance(self, amount: int) -> None:
        """The customer gets a balance in Stripe: negative if Stripe is to take it off the next invoice."""
        self._known_customer()
        self.world.work()
        customer = self.world.in_stripe(self.account, "customer")[-1]["id"]
        changes: Any = {"balance": amount}
        self._in_dashboard.customers.update(customer, changes, self._of_account)

    def discount(self, amount: int | None = None, percent: int | None = None) -> None:
        """The draft gets a discount."""
        terms: Any = {"percent_off": percent} if percent else {"amount_off": amount, "currency": "usd"}
        coupon = self._in_dashboard.coupons.create({**terms, "duration": "once"}, self._of_account)
        wanted: Any = {"discounts": [{"coupon": coupon.id}]}
        self._in_dashboard.invoices.update(self._invoice_in_stripe, wanted, self._of_account)

    def give_back(self, amount: int, refund: int = 0, balance: int = 0, outside: int = 0) -> None:
        """The company issues a credit note for a paid invoice."""
        parts = {"refund_amount": refund, "credit_amount": balance, "out_of_band_amount": outside}
        wanted: Any = {"invoice": self._invoice_in_stripe, "amount": amount}
        self._in_dashboard.credit_notes.create(
            {**wanted, **{name: part for name, part in parts.items() if part}}, self._of_account
        )

    def refund_payment(self, number: int, amount: int | None = None) -> None:
        """The company refunds one of several payments; 0 is the earliest one."""
        succeeded = [c for c in self.world.in_stripe(self.account, "charge") if c["status"] == "succeeded"]
        wanted: Any = {"charge": succeeded[number]["id"], **({"amount": amount} if amount else {})}
        self._in_dashboard.refunds.create(wanted, self._of_account)

    # The payer's bank

    def first_debit_arrives(self) -> None:
        """The oldest bank debit that is under way arrives."""
        under_way = [
            each["id"]
            for each in self.world.in_stripe(self.account, "payment_intent")
            if each["status"] == "processing"
        ]
        self.world.double.settle_debit(self.account, under_way[0])

    def dispute_payment(self, number: int = 0, amount: int | None = None, currency: str | None = None) -> None:
        """The bank disputes one of several payments, all of it or this amount."""
        succeeded = [c for c in self.world.in_stripe(self.account, "charge") if c["status"] == "succeeded"]
        self.world.double.open_dispute(self.account, succeeded[number]["id"], amount=amount, currency=currency)

    # The books

    def compare_books(self, days: int = 3) -> None:
        """The daily comparison, after all webhooks under way have arrived."""
        self.world.advance(2 * HOUR)
        found = tie_out(ORGANIZATION, self.world.ports, days=days)
        assert found.differences == (), found.differences
        day = found.days[-1]
        names = ("paid", "refunded", "disputed", "lost", "net")
        self.books = {
            side: {name: getattr(amounts, name, None) for name in names}
            for side, amounts in (("stripe", day.stripe), ("ours", day.ours))
        }

    # What another release has stored

    def stored_without(self, *, facts: list[str]) -> None:
        """The invoice is stored as a release did that did not know these fields."""
        assert self.invoice is not None
        stored = self.world.now(self.invoice)
        assert stored.facts.invoice is not None
        blank: Any = {name: None if name.endswith("_balance") or name == "amount_due" else 0 for name in facts}
        changed = replace(stored, facts=replace(stored.facts, invoice=replace(stored.facts.invoice, **blank)))
        self.world.ports.database.invoices[stored.organization_id, stored.id] = changed

    # Parts

    def _known_customer(self) -> None:
        if not self.world.ports.connections.get(ORGANIZATION).active:
            self.world.connect(account=self.account)
        self.world.customer()

    def _api_said(self, path: str, body: dict[str, Any]) -> None:
        found = self.api.post(path, body, headers={"Idempotency-Key": "once"})
        self.answer = {**found.json, "status": found.status}

    @property
    def _invoice_in_stripe(self) -> str:
        assert self.invoice is not None, "bill something first"
        return str(self.world.now(self.invoice).stripe_invoice_id)

    @property
    def _in_dashboard(self) -> Any:
        return self.world.client.v1

    @property
    def _of_account(self) -> Any:
        return {"stripe_account": self.account}
