"""The night: honest business, then one act for each thing that goes wrong, and the books tied out in the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.demo.telling import Teller
from infra.local.cloudwatch.alarms import MetricAlarm
from infra.local.cloudwatch.watch import Bell, Watch
from infra.local.stack import LocalStack
from infra.ops_demo.business import Business
from infra.ops_demo.run_book import Operator

PLAN = "plan_reconciliation"
SECRETS_ARE_READ = 5
"""Minutes within which functions take a new secret."""
CALM = 15
"""Minutes of the morning."""
FINDING_OUT = 30
"""Minutes after which whatever goes wrong must have rung."""
GETTING_QUIET = 90
"""Minutes after which what was mended must be quiet; an alarm on an hour's corrections needs that hour."""


@dataclass(frozen=True)
class Before:
    """How things were before something broke: when that was, what alarms measured, and which of them rang."""

    at: float
    measured: dict[str, str]
    telling: str


class Night:
    """Tells it, one act a method."""

    def __init__(self, stack: LocalStack, watch: Watch, operator: Operator, defect: Path, teller: Teller) -> None:
        self._stack = stack
        self._watch = watch
        self._operator = operator
        self._defect = defect
        self._teller = teller
        self._business = Business(stack)
        self._rang: list[list[str]] = []
        self.acts: list[tuple[float, str]] = []
        """When each act began, and what it is called."""

    def tell(self) -> bool:
        """From evening to morning; answers whether everything was as it should be."""
        for act in (
            self._evening,
            self._poison_event,
            self._dead_worker,
            self._lost_webhooks,
            self._wrong_secret,
            self._morning,
        ):
            act()
        self._teller.table("The alarms", ["Alarm", "Grade", "Measured", "Threshold", "After", "Run book"], self._rang)
        return self._teller.ends()

    def _evening(self) -> None:
        say, business = self._teller, self._business
        self._begins("Evening: honest business")
        say.says("A company connects Stripe, saves customers, sends invoices, and some are paid.")
        say.sees("Connection", business.connects(), "connected")
        customers = business.gains(6)
        say.sees("Customers in Stripe", business.synced(customers), len(customers))
        self._invoices = business.bills(customers)
        for invoice in self._invoices[:2]:
            business.is_paid(invoice)
        say.sees("Paid", business.statuses(self._invoices[:2]), "paid, paid")
        say.does("let half an hour pass: schedules fired, and every alarm of the template was judged each minute")
        self._watch.pass_minutes(30)
        say.sees("Alarms that ring", self._telling(), "none")

    def _poison_event(self) -> None:
        say, business = self._teller, self._business
        refunded = self._invoices[0]
        self._begins("A poison event")
        say.says("A defect is deployed: events about refunds cannot be applied. Then a company refunds a payment.")
        self._breaks()
        self._defect.touch()
        business.is_refunded(refunded)
        say.does("refunded the first invoice in Stripe; each event was answered 2xx, and parked with its reason")
        say.sees("POM still shows", business.status(refunded), "paid")
        self._rings("ParkedEvents")

        say.says("The run book: what is parked, and why?")
        told = self._operator.asks("explain", "organization", business.organization)
        event = told["parked"][0]["id"]
        values = {"ORGANIZATION": business.organization, "EVENT": event}
        self._operator.follows("parked-events.md", "Command", slice(2), **values)
        say.sees("The reason", told["parked"][0]["error"], "KeyError")
        self._defect.unlink()
        say.does("a KeyError is a defect: it was mended, and the fix deployed")

        say.says("The run book: replay what is parked.")
        self._operator.follows("parked-events.md", "Command", slice(2, None), **values)
        said = self._operator.follows("parked-events.md", "Check", **values)
        say.sees("Nothing is parked", "Parked events: none" in said, True)
        say.sees("POM shows", business.status(refunded), "refunded")
        self._is_quiet_again("ParkedEvents")

    def _dead_worker(self) -> None:
        say, business = self._teller, self._business
        self._begins("A dead worker")
        say.says("The workers' process is killed. Customers are saved, but nobody brings them to Stripe.")
        self._breaks()
        pid = self._stack.pids["workers"]
        # What it has asked SQS for ends first: a message handed to the dead is seen again only twelve minutes later.
        self._stack.pause("customer_sync")
        self._stack.kill("workers")
        customers = business.gains(3)
        say.does(f"killed process {pid}, and saved {len(customers)} customers; schedules fire into nothing")
        unsynced = [business.office.get(f"/customers/{each.id}")["syncStatus"] for each in customers]
        say.sees("POM shows them as", ", ".join(unsynced), "pending, pending, pending")
        self._rings("BacklogCustomerSync", "ReconciliationSilent")

        say.says("The run books: what waits, and is anything missed? Reconciling by hand needs no worker.")
        self._operator.follows("stuck-reconciliation.md", "Command", ORGANIZATION=business.organization)
        self._operator.follows("backlog.md", "Command")
        self._stack.restart("workers")
        say.does(f"started the workers again, as process {self._stack.pids['workers']}")
        say.sees("Customers in Stripe", business.synced(customers), len(customers))
        self._stack.wait_until_idle()
        self._operator.follows("stuck-reconciliation.md", "Check")
        queues = self._operator.asks("status", fine=(0, 1))["queues"]
        say.sees("Messages that wait", sum(each["waiting"] for each in queues), 0)
        say.sees("Dead letters", sum(each["dead_letters"] for each in queues), 0)
        self._is_quiet_again("BacklogCustomerSync", "ReconciliationSilent")

    def _lost_webhooks(self) -> None:
        say, business = self._teller, self._business
        invoices = self._invoices[2:4]
        self._begins("Lost webhooks")
        say.says("Webhooks stop reaching us. Two customers pay.")
        self._watch.pass_until_fired(PLAN)
        self._breaks()
        business.world.lose_webhooks("*")
        for invoice in invoices:
            business.is_paid(invoice)
        say.does("the double lost every webhook, for good")
        say.sees("POM knows nothing of it yet", business.statuses(invoices), "pending, pending")
        self._rings("Corrections")
        say.sees("By then reconciliation has found it", business.statuses(invoices), "paid, paid")

        say.says("The run book: is the endpoint as it has to be, and does anything arrive?")
        self._operator.follows("corrections.md", "Command", slice(None), "--verify")
        business.world.lose_webhooks()
        say.does("the endpoint is as it should be, and nothing arrives: it is the network between, which was mended")
        newcomers = business.gains(1)
        say.sees("Another customer in Stripe", business.synced(newcomers), 1)
        business.bills(newcomers)
        business.world.wait_until_delivered()
        say.does("billed another customer, of which Stripe's webhooks told")
        self._operator.follows("corrections.md", "Check")
        missed = self._operator.asks("reconcile", "--all", "--dry-run")["reconciled"]
        say.sees("Events that nobody has dealt with", sum(each["missed"] for each in missed), 0)
        self._is_quiet_again("Corrections")

    def _wrong_secret(self) -> None:
        say, business = self._teller, self._business
        invoices = self._invoices[4:6]
        self._begins("A wrong webhook secret")
        say.says("Somebody rolls the endpoint's secret in Stripe, and forgets to tell us. Customers pay.")
        self._watch.pass_until_fired(PLAN)
        self._breaks()
        new_secret = self._operator.directory / "new-secret.txt"
        new_secret.touch(mode=0o600)
        new_secret.write_text(business.rolls_the_webhook_secret())
        business.is_paid(invoices[0])
        say.does("Stripe signs with a secret that we do not have; each webhook was refused with a 400")
        self._watch.pass_minutes(1)
        business.is_paid(invoices[1])
        say.sees("POM knows nothing of it yet", business.statuses(invoices), "pending, pending")
        self._rings("SignatureFailures")
        self._rings("SignaturesAllRefused")
        say.sees("By then reconciliation has found it", business.statuses(invoices), "paid, paid")

        say.says("The run book: add the new secret beside the old one.")
        self._operator.follows("secret-rotation.md", "Command", slice(None), "--verify")
        self._watch.pass_minutes(SECRETS_ARE_READ)
        say.does("let five minutes pass, within which functions read the secret again")
        again = business.world.send_refused_again()
        say.does(f"Stripe tried again what was refused: {again} webhooks")
        say.sees("POM shows", business.statuses(invoices), "paid, paid")
        self._operator.follows("secret-rotation.md", "Check")
        self._is_quiet_again("SignatureFailures", "SignaturesAllRefused")

    def _morning(self) -> None:
        say = self._teller
        self._begins("Morning: are the books right?")
        say.says("Every payment, refund and dispute in Stripe is in POM, and nothing else.")
        self._watch.pass_minutes(CALM)
        say.sees("Alarms that ring", self._telling(), "none")
        say.sees("No differences", "Differences: none" in self._operator.runs("./ops tie-out --all"), True)

    def _begins(self, act: str) -> None:
        self.acts.append((self._watch.clock.now(), act))
        self._teller.chapter(act)

    def _breaks(self) -> None:
        """Remember how things are before they break."""
        bells = self._watch.bells
        measured = {bell.alarm.name: _measured(bell) for bell in bells}
        self._before = Before(self._watch.clock.now(), measured, self._telling())

    def _rings(self, *names: str) -> None:
        """Let time pass until these alarms tell somebody; before, none did."""
        say, bells = self._teller, self._watch.bells
        say.says(f"What rings: {', '.join(names)}.")
        say.sees("Rang before it broke", self._before.telling, "none")
        self._watch.until(*names, ringing=True, at_most=FINDING_OUT)
        others = [name for name in bells.telling() if name not in names]
        for name in names:
            bell = bells[name]
            after, grade = self._after(bell), bell.alarm.grade
            measured = f"measured {self._before.measured[name]} before and {_measured(bell)} now"
            say.tells(f"{name} ({grade}): {measured}, rings at {_limit(bell)}")
            say.sees(f"{name} rings, after {after}", bell.tells, True)
        for name in (*names, *others):
            bell = bells[name]
            alarm = bell.alarm
            self._rang.append([name, alarm.grade, _measured(bell), _limit(bell), self._after(bell), alarm.run_book])
        say.tells(f"Rings too: {_joined(others)}")
        say.tells(f"Run books: {_joined(sorted({f'docs/runbooks/{bells[name].alarm.run_book}' for name in names}))}")

    def _after(self, bell: Bell) -> str:
        """How long after it broke an alarm rang."""
        return f"{(bell.since - self._before.at) / 60:.0f} min" if bell.tells else "never"

    def _is_quiet_again(self, *names: str) -> None:
        """Let time pass until nothing rings any more."""
        say, bells = self._teller, self._watch.bells
        say.says(f"And quiet again: {', '.join(names)}.")
        began = self._watch.clock.now()
        self._watch.pass_minutes(1)
        for _ in range(GETTING_QUIET):
            if not bells.telling():
                break
            self._watch.pass_minutes(1)
        after = (self._watch.clock.now() - began) / 60
        for name in names:
            say.sees(f"{name} is quiet, at {_measured(bells[name])}", not bells[name].tells, True)
        say.sees(f"Alarms that ring, {after:.0f} min after the mending", self._telling(), "none")

    def _telling(self) -> str:
        return _joined(self._watch.bells.telling())


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _measured(bell: Bell) -> str:
    return "nothing" if bell.latest is None else f"{bell.latest:.4g}"


def _limit(bell: Bell) -> str:
    return bell.alarm.limit if isinstance(bell.alarm, MetricAlarm) else "all its parts"
