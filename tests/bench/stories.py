"""The guide's stories, each with its use of Stripe, DynamoDB, SQS and Lambda; counts and units are gates.

Every story runs through the Lambda handlers (`stories_stage`), webhooks included; `units` computes the units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from rich.console import Console

from chalicelib.domain.summary import invoice_write
from chalicelib.usecases.invoicing.invoices import get_invoice
from tests.backends import aws_with_resources, table_backend
from tests.bench import stories_drafts
from tests.bench.figures import Figure
from tests.bench.stories_growth import CREATED, FEE, NOTHING_NEW, PAID, SENT_AGAIN, TROUBLED, invoice_growth_figures
from tests.bench.stories_stage import Stage, running
from tests.bench.story_costs import StoryCost, show
from tests.world import ORGANIZATION

BULK = 100
CUSTOMERS_IN_BULK = [f"cust_bulk_{n}" for n in range(BULK)]
EDITS = 10
CAPTURED_AFTER = 5
"""The seconds after which Stripe has booked a card payment and has sent its `charge.updated`."""
PAID_LATER = 25
DAY = 86_400
DEPOSITED = "show an invoice, its deposit known"
DEPOSIT = "deposit of all that: made, listed, arrived"

BOUNDS: dict[str, tuple[float, float, float]] = {
    "save a new customer": (10, 7, 19),
    "create and send, customer new to Stripe": (30, 18, 56),
    CREATED: (27, 18, 45),
    PAID: (16, 12, 44),
    FEE: (6, 5, 6),
    "card declined": (13, 9, 29),
    "paid by card after the decline": (18, 14, 56),
    "bank debit begun": (5, 3, 12),
    "bank debit arrived": (19, 15, 47),
    "partial refund": (9, 7, 16),
    "full refund": (9, 7, 18),
    "dispute opened": (9, 7, 20),
    TROUBLED: (71, 51, 179),
    SENT_AGAIN: (93, 47, 83),
    NOTHING_NEW: (20, 10, 20),
    "void": (15, 10, 24),
    "reminder": (9, 6, 5),
    "edit a customer": (13, 9, 18),
    "show an invoice": (3, 4, 0),
    "the same create again": (2, 2, 0),
    f"bulk of {BULK}, sent": (2782, 1930, 5680),
    "page of 25 invoices": (3, 56, 0),
    "page of 25 customers": (2, 6, 0),
    "page of 25 customers by name": (3, 29, 0),
    "summary": (4, 4, 0),
    "reconciliation, nothing missed": (8, 12, 4),
    "a schedule's tick, nothing due": (6, 3, 2),
    DEPOSIT: (69, 68, 129),
    "page of payouts": (2, 2, 0),
    "show a payout with 25 lines": (4, 33, 0),
    "page of 25 payments": (3, 31, 0),
    DEPOSITED: (4, 5, 0),
    **stories_drafts.BOUNDS,
}
"""The maximum DynamoDB requests, read units and write units of each story. Requests are exact; units have a tenth of
reserve.
"""


class Teller:
    """Plays the stories one after another on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.told: list[StoryCost] = []

    def tells(self, name: str, do: Callable[[], Any]) -> Any:
        """Plays one story to its end: all webhooks are delivered, and the queues are empty."""
        self._stage.invocations.clear()
        answer = do()
        self._stage.settle()
        self.told.append(StoryCost(name, tuple(self._stage.invocations)))
        self._stage.invocations.clear()
        return answer

    def all(self) -> list[StoryCost]:
        """Plays all stories, from the first customer to a deposit and a reconciliation that finds nothing."""
        stage, tell = self._stage, self.tells
        tell("save a new customer", lambda: self._customer("cust_new", "new@example.test"))
        stage.office.put("/customers/cust_1", _person("unknown@example.test"))
        stage.queue.waiting.clear()
        tell("create and send, customer new to Stripe", lambda: self._bill("svc_1", customer="cust_1"))
        self._quietly(lambda: self._customer("cust_2", "known@example.test"))
        invoice = tell(CREATED, lambda: self._bill("svc_2"))
        tell(PAID, lambda: self._pay(invoice))
        tell(FEE, lambda: stage.advance(CAPTURED_AFTER))
        declined = self._quietly(lambda: self._bill("svc_3"))
        tell("card declined", lambda: self._pay(declined, "pm_card_chargeDeclinedInsufficientFunds"))
        tell("paid by card after the decline", lambda: self._pay(declined))
        self._booked()
        debit = self._quietly(lambda: self._bill("svc_4", paymentMethods=["card", "us_bank_account"]))
        intent = tell("bank debit begun", lambda: self._pay(debit, "000123456789"))["payment_intent"]
        tell("bank debit arrived", lambda: stage.double.settle_debit(stage.account_id, intent))
        tell("partial refund", lambda: self._refund(declined, 2500))
        tell("full refund", lambda: self._refund(invoice))
        charge = self._charge(debit)
        tell("dispute opened", lambda: stage.double.open_dispute(stage.account_id, charge["id"]))
        troubled = self._quietly(lambda: self._bill("svc_7"))
        tell(TROUBLED, lambda: self._much_happens_to(troubled))
        self._booked()
        tell(SENT_AGAIN, lambda: self._send_again(troubled))
        tell(NOTHING_NEW, lambda: self._edit_metadata(invoice))
        voided = self._quietly(lambda: self._bill("svc_5"))
        tell("void", lambda: self._ok(stage.office.post(f"/invoices/{voided['id']}/void")))
        reminded = self._quietly(lambda: self._sent_yesterday("svc_6"))
        tell("reminder", lambda: self._ok(stage.office.post(f"/invoices/{reminded['id']}/remind")))
        tell("edit a customer", lambda: self._customer("cust_2", "known@example.test", companyName="Blue"))
        tell("show an invoice", lambda: self._ok(stage.office.get(f"/invoices/{invoice['id']}")))
        tell("the same create again", lambda: self._bill("svc_2"))
        self._bulk()
        tell("page of 25 invoices", lambda: self._ok(stage.office.get("/invoices?first=25")))
        tell("page of 25 customers", lambda: self._ok(stage.office.get("/customers?first=25")))
        tell("page of 25 customers by name", lambda: self._ok(stage.office.get("/customers?first=25&name=an")))
        tell("summary", lambda: self._ok(stage.office.get("/summary")))
        stage.advance(600)
        self._quietly(lambda: stage.tick("plan_reconciliation"))
        stage.advance(600)
        tell("reconciliation, nothing missed", lambda: stage.tick("plan_reconciliation"))
        tell("a schedule's tick, nothing due", lambda: stage.tick("resume_stuck"))
        self._deposit(invoice)
        stories_drafts.review(stage, tell, CUSTOMERS_IN_BULK)
        return self.told

    def _much_happens_to(self, invoice: Any) -> None:
        """An invoice is declined three times, paid, partially refunded, and disputed, and the dispute is lost."""
        stage = self._stage
        for _ in range(3):
            self._quietly(lambda: self._pay(invoice, "pm_card_chargeDeclinedInsufficientFunds"))
        self._quietly(lambda: self._pay(invoice))
        self._quietly(lambda: self._refund(invoice, 2500))
        dispute = stage.double.open_dispute(stage.account_id, self._charge(invoice)["id"])
        stage.settle()
        stage.double.move_dispute(stage.account_id, dispute["id"], "lost")

    def _send_again(self, invoice: Any) -> None:
        """Stripe sends every event about an invoice a second time."""
        log = self._stage.ports.events.of_invoice(ORGANIZATION, invoice["id"], 100, None)
        for event in log.items:
            self._stage.double.resend(self._stage.account_id, event.id)

    def _edit_metadata(self, invoice: Any) -> None:
        """Changes something in Stripe that POM does not store."""
        update = self._stage.client.v1.invoices.update
        for number in range(EDITS):
            update(
                _stripe_id(invoice), {"metadata": {"note": str(number)}}, {"stripe_account": self._stage.account_id}
            )

    def _bulk(self) -> None:
        def save() -> None:
            for customer in CUSTOMERS_IN_BULK:
                self._customer(customer, f"{customer}@example.test")

        self._quietly(save)
        services = [{"customerId": each, **_line(f"svc_{each}")} for each in CUSTOMERS_IN_BULK]
        post = self._stage.office.post
        headers = {"Idempotency-Key": "bulk"}
        self.tells(
            f"bulk of {BULK}, sent",
            lambda: self._ok(post("/invoice-batches", {"services": services}, headers=headers)),
        )

    def _deposit(self, invoice: Any) -> None:
        """Pays out all earlier payments and some more in one payout, which people then read."""
        stage = self._stage
        paid_later = stage.office.get(f"/invoices?first={PAID_LATER}&status=pending").json["data"]
        self._quietly(lambda: [self._pay(each) for each in paid_later])

        def days_pass(days: int) -> None:
            for _ in range(days):
                stage.advance(DAY)
                stage.settle()

        self._quietly(lambda: days_pass(3))
        payout = self.tells(DEPOSIT, lambda: (stage.double.pay_out(stage.account_id), days_pass(3)))[0]
        for name, path in (
            ("page of payouts", "/payouts?first=25"),
            ("show a payout with 25 lines", f"/payouts/{payout['id']}?first=25"),
            ("page of 25 payments", "/payments?first=25"),
            (DEPOSITED, f"/invoices/{invoice['id']}"),
        ):
            self.tells(name, lambda path=path: self._ok(stage.office.get(path)))  # type: ignore[misc]

    def _quietly(self, do: Callable[[], Any]) -> Any:
        answer = do()
        self._stage.settle()
        return answer

    def _booked(self) -> None:
        """Books the payments of the last story in Stripe, so that this is no part of the next story."""
        self._quietly(lambda: self._stage.advance(CAPTURED_AFTER))

    def _customer(self, customer_id: str, email: str, **more: str) -> Any:
        return self._ok(self._stage.office.put(f"/customers/{customer_id}", {**_person(email), **more}))

    def _bill(self, service: str, customer: str = "cust_2", **more: Any) -> Any:
        body = {"customerId": customer, "invoiceType": "stripe", "lineItems": [_line(service)], **more}
        return self._ok(self._stage.office.post("/invoices", body, headers={"Idempotency-Key": f"bill {service}"}))

    def _sent_yesterday(self, service: str) -> Any:
        """Sends an invoice a day ago, because a reminder is never sent on the day of sending. A later clock would
        make comparisons due.
        """
        invoice = self._bill(service)
        ports = self._stage.ports
        stored = get_invoice(ORGANIZATION, invoice["id"], ports)
        ports.invoices.save(invoice_write(replace(stored, sent_at=(stored.sent_at or 0) - 86_400)))
        return invoice

    def _pay(self, invoice: Any, method: str = "pm_card_visa") -> Any:
        return self._stage.double.pay(self._stage.account_id, _stripe_id(invoice), method)

    def _refund(self, invoice: Any, amount: int | None = None) -> None:
        wanted: Any = {"charge": self._charge(invoice)["id"], **({"amount": amount} if amount else {})}
        self._stage.client.v1.refunds.create(wanted, {"stripe_account": self._stage.account_id})

    def _charge(self, invoice: Any) -> Any:
        """Returns the charge that paid an invoice."""
        paid = self._stage.in_stripe(self._stage.account_id, "invoice_payment")
        intent = next(each["payment"]["payment_intent"] for each in paid if each["invoice"] == _stripe_id(invoice))
        charges = self._stage.in_stripe(self._stage.account_id, "charge")
        return next(each for each in charges if each["payment_intent"] == intent and each["paid"])

    def _ok(self, answer: Any) -> Any:
        assert answer.status < 300, answer.text
        return answer.json


def _stripe_id(invoice: Any) -> str:
    return str(invoice["dashboardUrl"].rsplit("/", 1)[1])


def _person(email: str) -> dict[str, str]:
    return {"firstName": "Ann", "lastName": "Lee", "email": email}


def _line(service: str) -> dict[str, Any]:
    return {
        "serviceId": service,
        "description": "Weekly cleaning, pump and filter",
        "quantity": 4,
        "unitPrice": "75.00",
    }


@cache
def run_stories() -> tuple[StoryCost, ...]:
    """Returns all stories, which are played once per process."""
    with aws_with_resources(), running(table_backend()) as stage:
        return tuple(Teller(stage).all())


def measure() -> list[Figure]:
    """Prints the table, and compares every story with its limits."""
    stories = run_stories()
    show(stories, Console(width=150))
    return [*_figures(stories), *invoice_growth_figures({each.name: each for each in stories})]


def _figures(stories: Sequence[StoryCost]) -> Iterator[Figure]:
    """Returns one figure for each story. It is good if none of the story's three numbers exceeds its limit."""
    for each in stories:
        numbers, bounds = (each.requests, each.reads, each.writes), BOUNDS[each.name]
        how = f"{each.stripe_calls} calls of Stripe, {each.messages} messages, {len(each.invocations)} invocations"
        yield Figure(
            what=f"{each.name}: requests to DynamoDB, RRU, WRU",
            measured="{:g}, {:g}, {:g}".format(*numbers),
            value=each.writes,
            budget="≤ {:g}, {:g}, {:g}".format(*bounds),
            good=all(number <= bound for number, bound in zip(numbers, bounds, strict=True)),
            how=how,
            is_count=True,
        )
