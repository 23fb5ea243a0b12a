"""Steps of a case about deposits: fees, payouts and what they consist of, as Stripe lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.payout_wording import story_of
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice
from chalicelib.usecases.payouts.show_payouts import list_payouts
from tests.world import ORGANIZATION, World

if TYPE_CHECKING:
    from chalicelib.domain.invoice import Invoice

DAY = 86400


class PayoutSteps:
    """Part of `Play`."""

    world: World
    account: str
    _invoice: Invoice
    invoice: Invoice | None

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

    def shown_by_stripe(self, kind: str, **values: Any) -> None:
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
        """Stripe pays out what is available, or the owner asks for it; it arrives some days later."""
        self.world.double.pay_out(self.account, **how)
        self.days_pass(3)

    def pay_out_shown_with(self, **values: Any) -> None:
        """Stripe pays out what is available, and shows the payout with these values."""
        self.world.double.pay_out(self.account)
        self.shown_by_stripe("payout", **values)
        self.days_pass(3)

    def payout_fails(self, code: str, number: int = -1) -> None:
        """The bank sends a payout back; the latest, or the one of this number."""
        self.world.double.fail_payout(self.account, self._payout_in_stripe(number), failure_code=code)
        self.seconds_pass(1)

    def payout_reversed(self) -> None:
        """The latest payout is taken back from the bank."""
        self.world.double.reverse_payout(self.account, self._payout_in_stripe(-1))
        self.days_pass(3)

    def enter_bank_account(self, last4: str) -> None:
        """The owner enters another bank account in Stripe's dashboard."""
        self.world.double.update_account(self.account, bank_last4=last4)

    # What POM shows

    def _shown_of_payouts(self) -> dict[str, Any]:
        """The payouts, those that arrive last first, each with its lines; and the deposits of the invoice's money."""
        ports = self.world.ports
        page = list_payouts(ORGANIZATION, PayoutFilter(), 100, None, ports)
        found: dict[str, Any] = {"payouts": [self._payout(each) for each in page.items]}
        if self.invoice is not None:
            rows = deposits_of_invoice(self._invoice, ports).values()
            found["fees"] = {
                str(row.settled.movement.kind): [
                    {**_moved(each.transaction), "pending": row.settled.fee_pending}
                    for each in row.settled.settlements
                ]
                for row in rows
            }
            found["deposits"] = {
                str(row.settled.movement.kind): [
                    {"status": str(each.status), "message": each.message} for each in row.deposits
                ]
                for row in rows
            }
        return found

    def _payout(self, payout: Payout) -> dict[str, Any]:
        lines = self.world.ports.payouts.all_lines(ORGANIZATION, payout.id)
        story, totals = story_of(payout), payout.itemized.totals if payout.itemized else None
        names = ("payments", "refunds", "disputes", "fees", "other", "outside_pom", "unexplained")
        return {
            "status": payout.fact.status,
            "amount": payout.fact.amount,
            "currency": payout.fact.currency,
            "last4": payout.fact.last4,
            "message": story.message,
            "next_step": story.next_step,
            "tied_out": payout.tied_out,
            "totals": {name: getattr(totals, name) for name in names} if totals else None,
            "lines": [_line(line) for line in lines],
        }

    def _payout_in_stripe(self, number: int) -> str:
        return str(self.world.in_stripe(self.account, "payout")[number]["id"])


def _line(line: PayoutLine) -> dict[str, Any]:
    return {**_moved(line.transaction), "kind": str(line.kind), "number": line.owner.number if line.owner else None}


def _moved(transaction: Any) -> dict[str, Any]:
    return {
        "type": transaction.type,
        "category": transaction.category,
        "amount": transaction.amount,
        "fee": transaction.fee,
        "net": transaction.net,
        "parts": {part.type: part.amount for part in transaction.fee_parts},
        "exchange_rate": transaction.exchange_rate,
        "description": transaction.description,
    }
