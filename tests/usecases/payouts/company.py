"""Provides a company with daily payouts, and what POM has stored about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.ports import StripeGateway
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from tests.world import ORGANIZATION, World, line

DAY, HOUR = 86400, 3600

TRANSACTIONS = "GET /v1/balance_transactions"


@dataclass
class Company:
    """A connected organization with daily payouts, at the beginning of a day in UTC."""

    world: World
    account: StripeAccountId
    organization: OrganizationId = ORGANIZATION
    bill_count: int = 0

    @classmethod
    def connected(cls, world: World, **settings: Any) -> Company:
        account = StripeAccountId(world.connect(account=world.account(payout_schedule="daily", **settings)))
        world.customer()
        world.work()
        company = cls(world, account)
        company.wait(DAY - int(world.double.clock.now()) % DAY)
        world.receipts.clear()
        world.double.api.log.reset()
        return company

    # Events

    def bill(self, price: str = "100.00", **changes: Any) -> Invoice:
        """Returns a sent invoice."""
        self.bill_count += 1
        invoice = self.world.invoice(line_items=(line(f"svc_{self.bill_count}", price),), **changes)
        self.world.deliver()
        return invoice

    def paid_invoice(self, price: str = "100.00", method: str = "pm_card_visa", **changes: Any) -> Invoice:
        """Returns an invoice that was just paid."""
        invoice = self.bill(price, **changes)
        self.world.double.pay(self.account, str(invoice.stripe_invoice_id), method)
        self.world.deliver()
        return self.world.now(invoice)

    def refund(self, invoice: Invoice, amount: int | None = None) -> None:
        """Refunds an invoice in the dashboard, in full or in part."""
        params: Any = {"payment_intent": self.payment_id(invoice)}
        if amount is not None:
            params["amount"] = amount
        self.world.client.v1.refunds.create(params, {"stripe_account": self.account})

    def dispute(self, invoice: Invoice) -> dict[str, Any]:
        """Returns the dispute that the payer's bank opens over an invoice's payment."""
        charges = self.world.in_stripe(self.account, "charge")
        [charge] = [each for each in charges if each["payment_intent"] == self.payment_id(invoice)]
        return dict(self.world.double.open_dispute(self.account, charge["id"]))

    def pause(self, seconds: int) -> None:
        """Advances the time and delivers webhooks. No worker runs."""
        self.world.advance(seconds)
        self.world.deliver()

    def wait(self, seconds: int) -> None:
        """Advances the time, delivers webhooks and runs the workers."""
        self.pause(seconds)
        self.world.work()

    def days(self, count: int) -> None:
        """Advances this many days, one after the other."""
        for _ in range(count):
            self.wait(DAY)

    def lose_webhooks(self) -> None:
        """Loses all webhooks from now on."""
        self.world.double.set_delivery(lose_rate=1.0)

    def stop_events(self) -> None:
        """Makes Stripe create no events from now on."""
        self.world.double.set_delivery(never_generate_rate=1.0)

    def read(self, payout_id: str, task: BalanceTask = BalanceTask.PAYOUT) -> Any:
        """Runs a worker's job for a payout."""
        return do_balance_job(BalanceJob(self.organization, task, payout_id), self.world.ports)

    # Stored data

    def payment_id(self, invoice: Invoice) -> str:
        """Returns the id of the only payment towards an invoice, as Stripe has it."""
        invoice_payments = self.world.in_stripe(self.account, "invoice_payment")
        [intent] = {
            each["payment"]["payment_intent"]
            for each in invoice_payments
            if each["invoice"] == invoice.stripe_invoice_id
        }
        return str(intent)

    def row(self, invoice: Invoice) -> SettledMovement:
        """Returns the row of the invoice's payment."""
        payment_id = self.payment_id(invoice)
        return self.world.ports.payments.find(self.organization, [payment_id])[payment_id]

    def deposits(self, invoice: Invoice) -> list[tuple[str, str | None]]:
        """Returns the status and the payout of each deposit of an invoice's money."""
        payments = deposits_of_invoice(self.world.now(invoice), self.world.ports).values()
        earliest_first = sorted(payments, key=lambda each: (each.settled.movement.at, each.settled.movement.id))
        return [(deposit.status.value, deposit.payout_id) for each in earliest_first for deposit in each.deposits]

    def payouts(self) -> list[Payout]:
        """Returns the stored payouts, oldest first."""
        stored = [
            each for (owner, _), each in self.world.ports.database.payouts.items() if owner == self.organization
        ]
        return sorted(stored, key=lambda each: (each.fact.created, each.id))

    def payout(self) -> Payout:
        """Returns the only stored payout."""
        [payout] = self.payouts()
        return payout

    def lines(self, payout: Payout) -> list[PayoutLine]:
        return list(self.world.ports.payouts.all_lines(self.organization, payout.id))

    def kinds(self, payout: Payout) -> dict[str, int]:
        """Returns the net of a payout's lines in minor units by Stripe's category."""
        sums: dict[str, int] = {}
        for each in self.lines(payout):
            sums[each.transaction.category] = sums.get(each.transaction.category, 0) + each.transaction.net
        return sums

    def in_stripe(self) -> list[dict[str, Any]]:
        """Returns Stripe's payouts, oldest first."""
        return sorted(self.world.in_stripe(self.account, "payout"), key=lambda each: (each["created"], each["id"]))

    def calls(self, name: str) -> int:
        return self.world.stripe_calls().get(name, 0)


class GatewayWithChangedLines:
    """Stripe's gateway, whose payout lines are passed through `change`."""

    def __init__(
        self, stripe: StripeGateway, change: Callable[[BalanceTransaction], BalanceTransaction | None]
    ) -> None:
        self._stripe = stripe
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stripe, name)

    def balance_transactions(self, *args: Any, **kwargs: Any) -> Iterator[Sequence[BalanceTransaction]]:
        for page in self._stripe.balance_transactions(*args, **kwargs):
            lines = (self._change(each) for each in page)
            yield [each for each in lines if each is not None]


def change_payout_lines(world: World, change: Callable[[BalanceTransaction], BalanceTransaction | None]) -> None:
    """Passes the payout lines that Stripe lists through `change` from now on. None removes a line."""
    world.ports.stripe = cast(StripeGateway, GatewayWithChangedLines(world.ports.stripe, change))


def without(type_: str) -> Callable[[BalanceTransaction], BalanceTransaction | None]:
    """Returns a change that removes lines of a type."""
    return lambda each: None if each.type == type_ else each


def costlier(type_: str, by: int) -> Callable[[BalanceTransaction], BalanceTransaction]:
    """Returns a change that raises the fee of lines of a type by this amount."""
    return lambda each: replace(each, fee=each.fee + by, net=each.net - by) if each.type == type_ else each
