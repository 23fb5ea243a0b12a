"""The guide's stories, each with what it asks of Stripe, DynamoDB, SQS and Lambda; counts and units are gates.

Every story runs through the Lambda handlers (`stories_stage`), webhooks included; units are computed by `units`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from chalicelib.domain.invoice import Invoice
from chalicelib.domain.summary import recounted
from chalicelib.usecases.invoicing.invoices import get_invoice
from tests.backends import aws_with_resources, table_backend
from tests.bench.figures import Figure
from tests.bench.stories_growth import growth
from tests.bench.stories_stage import Invocation, Stage, running
from tests.world import ORGANIZATION

INVOICES = "invoices"
BULK = 100


@dataclass(frozen=True)
class Told:
    """One story, and the invocations that it took."""

    name: str
    invocations: tuple[Invocation, ...]

    @property
    def webhooks(self) -> list[Invocation]:
        return [each for each in self.invocations if each.webhook]

    def of(self, count: Callable[[Invocation], float]) -> float:
        return sum(map(count, self.invocations))

    @property
    def requests(self) -> int:
        return round(self.of(lambda each: len(each.requests)))

    @property
    def reads(self) -> float:
        return self.of(lambda each: each.reads)

    @property
    def writes(self) -> float:
        return self.of(lambda each: each.writes)

    @property
    def written(self) -> int:
        return round(self.of(lambda each: sum(request.written for request in each.requests)))

    @property
    def stripe_calls(self) -> int:
        return round(self.of(lambda each: each.stripe_calls))

    @property
    def messages(self) -> int:
        return round(self.of(lambda each: each.messages))

    @property
    def item(self) -> int:
        """Bytes of the largest invoice that it left behind; 0 if it wrote none."""
        sizes = (
            size
            for each in self.invocations
            for request in each.requests
            for table, size in request.sizes.items()
            if table.endswith(INVOICES)
        )
        return max(sizes, default=0)


BOUNDS = {
    "save a new customer": (8, 6, 10),
    "create and send, customer new to Stripe": (24, 14, 139),
    "create and send, known customer": (23, 14, 132),
    "paid by card": (13, 9, 88),
    "card declined": (10, 7, 70),
    "paid by card after the decline": (13, 9, 126),
    "bank debit begun": (5, 3, 33),
    "bank debit arrived": (13, 9, 107),
    "partial refund": (6, 5, 42),
    "full refund": (6, 5, 44),
    "dispute opened": (6, 5, 42),
    "void": (11, 7, 73),
    "reminder": (8, 5, 38),
    "edit a customer": (11, 8, 12),
    "show an invoice": (1, 1, 0),
    "the same create again": (1, 1, 0),
    f"bulk of {BULK}, sent": (2650, 1600, 14100),
    "page of 25 invoices": (1, 6, 0),
    "summary": (4, 4, 0),
    "reconciliation, nothing missed": (8, 12, 4),
    "a schedule's tick, nothing due": (5, 3, 2),
}
"""By story: the most requests to DynamoDB, read units and write units. Requests are what is; units leave a tenth."""


class Teller:
    """Tells the stories one after another to one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.told: list[Told] = []
        self.paid: Invoice

    def tells(self, name: str, do: Callable[[], Any]) -> Any:
        """One story, to its end: webhooks delivered, queues empty."""
        self._stage.invocations.clear()
        answer = do()
        self._stage.settle()
        self.told.append(Told(name, tuple(self._stage.invocations)))
        self._stage.invocations.clear()
        return answer

    def all(self) -> list[Told]:
        """From the first customer to a reconciliation that finds nothing."""
        stage, tell = self._stage, self.tells
        tell("save a new customer", lambda: self._customer("cust_new", "new@example.test"))
        stage.office.put("/customers/cust_1", _person("unknown@example.test"))
        stage.queue.waiting.clear()
        tell("create and send, customer new to Stripe", lambda: self._bill("svc_1", customer="cust_1"))
        self._quietly(lambda: self._customer("cust_2", "known@example.test"))
        made = tell("create and send, known customer", lambda: self._bill("svc_2"))
        tell("paid by card", lambda: self._pay(made))
        self.paid = get_invoice(ORGANIZATION, made["id"], stage.ports)
        declined = self._quietly(lambda: self._bill("svc_3"))
        tell("card declined", lambda: self._pay(declined, "pm_card_chargeDeclinedInsufficientFunds"))
        tell("paid by card after the decline", lambda: self._pay(declined))
        debit = self._quietly(lambda: self._bill("svc_4", paymentMethods=["card", "us_bank_account"]))
        intent = tell("bank debit begun", lambda: self._pay(debit, "000123456789"))["payment_intent"]
        tell("bank debit arrived", lambda: stage.double.settle_debit(stage.account_id, intent))
        tell("partial refund", lambda: self._refund(declined, 2500))
        tell("full refund", lambda: self._refund(made))
        charge = self._charge(debit)
        tell("dispute opened", lambda: stage.double.open_dispute(stage.account_id, charge["id"]))
        voided = self._quietly(lambda: self._bill("svc_5"))
        tell("void", lambda: self._ok(stage.office.post(f"/invoices/{voided['id']}/void")))
        reminded = self._quietly(lambda: self._sent_yesterday("svc_6"))
        tell("reminder", lambda: self._ok(stage.office.post(f"/invoices/{reminded['id']}/remind")))
        tell("edit a customer", lambda: self._customer("cust_2", "known@example.test", companyName="Blue"))
        tell("show an invoice", lambda: self._ok(stage.office.get(f"/invoices/{made['id']}")))
        tell("the same create again", lambda: self._bill("svc_2"))
        self._bulk()
        tell("page of 25 invoices", lambda: self._ok(stage.office.get("/invoices?first=25")))
        tell("summary", lambda: self._ok(stage.office.get("/summary")))
        stage.advance(600)
        self._quietly(lambda: stage.tick("plan_reconciliation"))
        stage.advance(600)
        tell("reconciliation, nothing missed", lambda: stage.tick("plan_reconciliation"))
        tell("a schedule's tick, nothing due", lambda: stage.tick("resume_stuck"))
        return self.told

    def _bulk(self) -> None:
        customers = [f"cust_bulk_{n}" for n in range(BULK)]

        def save() -> None:
            for customer in customers:
                self._customer(customer, f"{customer}@example.test")

        self._quietly(save)
        services = [{"customerId": each, **_line(f"svc_{each}")} for each in customers]
        post = self._stage.office.post
        headers = {"Idempotency-Key": "bulk"}
        self.tells(
            f"bulk of {BULK}, sent",
            lambda: self._ok(post("/invoice-batches", {"services": services}, headers=headers)),
        )

    def _quietly(self, do: Callable[[], Any]) -> Any:
        answer = do()
        self._stage.settle()
        return answer

    def _customer(self, customer_id: str, email: str, **more: str) -> Any:
        return self._ok(self._stage.office.put(f"/customers/{customer_id}", {**_person(email), **more}))

    def _bill(self, service: str, customer: str = "cust_2", **more: Any) -> Any:
        body = {"customerId": customer, "invoiceType": "stripe", "lineItems": [_line(service)], **more}
        return self._ok(self._stage.office.post("/invoices", body, headers={"Idempotency-Key": f"bill {service}"}))

    def _sent_yesterday(self, service: str) -> Any:
        """Nobody is reminded on the day of sending; a clock moved by a day would make accounts due for comparison."""
        made = self._bill(service)
        ports = self._stage.ports
        stored = get_invoice(ORGANIZATION, made["id"], ports)
        ports.invoices.save(recounted(replace(stored, sent_at=(stored.sent_at or 0) - 86_400)))
        return made

    def _pay(self, made: Any, method: str = "pm_card_visa") -> Any:
        return self._stage.double.pay(self._stage.account_id, _stripe_id(made), method)

    def _refund(self, made: Any, amount: int | None = None) -> None:
        wanted: Any = {"charge": self._charge(made)["id"], **({"amount": amount} if amount else {})}
        self._stage.client.v1.refunds.create(wanted, {"stripe_account": self._stage.account_id})

    def _charge(self, made: Any) -> Any:
        """The charge that paid an invoice."""
        paid = self._stage.in_stripe(self._stage.account_id, "invoice_payment")
        intent = next(each["payment"]["payment_intent"] for each in paid if each["invoice"] == _stripe_id(made))
        charges = self._stage.in_stripe(self._stage.account_id, "charge")
        return next(each for each in charges if each["payment_intent"] == intent and each["paid"])

    def _ok(self, answer: Any) -> Any:
        assert answer.status < 300, answer.text
        return answer.json


def _stripe_id(made: Any) -> str:
    return str(made["dashboardUrl"].rsplit("/", 1)[1])


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
def told() -> tuple[tuple[Told, ...], Invoice]:
    """All stories, told once a process, and an invoice as it stood when it had been paid by card."""
    with aws_with_resources(), running(table_backend()) as stage:
        teller = Teller(stage)
        return tuple(teller.all()), teller.paid


def measure() -> list[Figure]:
    """Print the table, and hold every story to its bounds."""
    stories, paid = told()
    show(stories, Console(width=150))
    return [*_figures(stories), *growth(paid)]


def _figures(stories: Sequence[Told]) -> Iterator[Figure]:
    """One a story; it is good if none of its three numbers is beyond its bound."""
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


def show(stories: Sequence[Told], console: Console) -> None:
    """One row a story."""
    table = Table(title="What each story costs", title_justify="left", box=box.ROUNDED)
    table.add_column("Story")
    columns = (
        "Stripe",
        "DynamoDB",
        "RRU",
        "WRU",
        "of it indexes",
        "KB written",
        "SQS",
        "Lambda",
        "webhooks",
        "invoice KB",
    )
    for name in columns:
        table.add_column(name, justify="right")
    for each in stories:
        indexes = each.of(lambda one: sum(request.index_writes for request in one.requests))
        cells = (each.stripe_calls, each.requests, each.reads, each.writes, indexes, each.written / 1024,
                 each.messages, len(each.invocations), len(each.webhooks), each.item / 1024)  # fmt: skip
        table.add_row(each.name, *(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells))
    console.print(table)
