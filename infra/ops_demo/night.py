"""The night: normal business, then one act for each failure, and at the end the books tie out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.demo.narrator import Narrator
from infra.local.cloudwatch.alarms import MetricAlarm
from infra.local.cloudwatch.watch import Watch, WatchedAlarm
from infra.local.stack import LocalStack
from infra.ops_demo.business import Business
from infra.ops_demo.run_book import Operator

PLAN = "plan_reconciliation"
SECRETS_ARE_READ = 5
"""Minutes within which functions read a new secret."""
CALM = 15
"""Minutes without events in the morning."""
FINDING_OUT = 30
"""Minutes within which an alarm must fire after a failure."""
GETTING_QUIET = 90
"""Minutes within which an alarm must be quiet after a repair. The alarm on an hour's corrections needs that hour."""


@dataclass(frozen=True)
class Before:
    """The state before a failure: the time, the values that alarms measured, and the alarms that fired."""

    at: float
    values: dict[str, str]
    notifying: str


class Night:
    """Plays the night, with one method for each act."""

    def __init__(self, stack: LocalStack, watch: Watch, operator: Operator, defect: Path, narrator: Narrator) -> None:
        self._stack = stack
        self._watch = watch
        self._operator = operator
        self._defect = defect
        self._narrator = narrator
        self._business = Business(stack)
        self._rang: list[list[str]] = []
        self.acts: list[tuple[float, str]] = []
        """When each act began, and its name."""

    def tell(self) -> bool:
        """Plays the night from evening to morning. Returns True if every check passed."""
        for act in (
            self._evening,
            self._poison_event,
            self._dead_worker,
            self._lost_webhooks,
            self._wrong_secret,
            self._morning,
        ):
            act()
        self._narrator.table(
            "The alarms", ["Alarm", "Grade", "Measured", "Threshold", "After", "Run book"], self._rang
        )
        return self._narrator.ends()

    def _evening(self) -> None:
        say, business = self._narrator, self._business
        self._begin_act("Evening: normal business")
        say.quotes("A company connects Stripe, saves customers, sends invoices, and some are paid.")
        say.expects("Connection", business.connects(), "connected")
        customers = business.gains(6)
        say.expects("Customers in Stripe", business.synced(customers), len(customers))
        self._invoices = business.bills(customers)
        for invoice in self._invoices[:2]:
            business.is_paid(invoice)
        say.expects("Paid", business.statuses(self._invoices[:2]), "paid, paid")
        say.does("let half an hour pass: schedules ran, and every alarm of the template was evaluated each minute")
        self._watch.pass_minutes(30)
        say.expects("Alarms that fire", self._notifying(), "none")

    def _poison_event(self) -> None:
        say, business = self._narrator, self._business
        invoice_id = self._invoices[0]
        self._begin_act("A poison event")
        say.quotes("A defect is deployed: events about refunds cannot be applied. Then a company refunds a payment.")
        self._remember_state()
        self._defect.touch()
        business.is_refunded(invoice_id)
        say.does(
            "refunded the first invoice in Stripe; each event got a 2xx response, and was parked with its reason"
        )
        say.expects("POM still shows", business.status(invoice_id), "paid")
        self._fires("ParkedEvents")

        say.quotes("The run book: which events are parked, and why?")
        explanation = self._operator.json_of("explain", "organization", business.organization)
        event = explanation["parked"][0]["id"]
        values = {"ORGANIZATION": business.organization, "EVENT": event}
        self._operator.follows("parked-events.md", "Check", **values)
        say.expects("The reason", explanation["parked"][0]["error"], "KeyError")
        self._defect.unlink()
        say.does("a KeyError is a defect in the code: it was fixed, and the fix was deployed")

        say.quotes("The run book: replay the parked events.")
        self._operator.follows("parked-events.md", "Fix", **values)
        output = self._operator.follows("parked-events.md", "Verify", **values)
        say.expects("Nothing is parked", "Parked events: none" in output, True)
        say.expects("POM shows", business.status(invoice_id), "refunded")
        self._is_quiet_again("ParkedEvents")

    def _dead_worker(self) -> None:
        say, business = self._narrator, self._business
        self._begin_act("A dead worker")
        say.quotes("The workers' process is killed. Customers are saved, but no worker syncs them to Stripe.")
        self._remember_state()
        pid = self._stack.pids["workers"]
        # The worker is paused first. SQS would hide a message that a killed worker had received for twelve minutes.
        self._stack.pause("customer_sync")
        self._stack.kill("workers")
        customers = business.gains(3)
        say.does(f"killed process {pid}, and saved {len(customers)} customers; scheduled runs are lost")
        statuses = [business.office.get(f"/customers/{each.id}")["syncStatus"] for each in customers]
        say.expects("POM shows them as", ", ".join(statuses), "pending, pending, pending")
        self._fires("BacklogCustomerSync", "ReconciliationSilent")

        say.quotes(
            "The run books: which work waits, and were events missed? A reconciliation by hand needs no worker."
        )
        self._operator.follows("stuck-reconciliation.md", "Fix", ORGANIZATION=business.organization)
        self._operator.follows("backlog.md", "Check")
        self._stack.restart("workers")
        say.does(f"started the workers again, as process {self._stack.pids['workers']}")
        say.expects("Customers in Stripe", business.synced(customers), len(customers))
        self._stack.wait_until_idle()
        self._operator.follows("stuck-reconciliation.md", "Verify")
        queues = self._operator.json_of("status", good_statuses=(0, 1))["queues"]
        say.expects("Waiting messages", sum(each["waiting"] for each in queues), 0)
        say.expects("Dead letters", sum(each["dead_letters"] for each in queues), 0)
        self._is_quiet_again("BacklogCustomerSync", "ReconciliationSilent")

    def _lost_webhooks(self) -> None:
        say, business = self._narrator, self._business
        invoices = self._invoices[2:4]
        self._begin_act("Lost webhooks")
        say.quotes("Webhooks stop reaching POM. Two customers pay.")
        self._watch.pass_until_fired(PLAN)
        self._remember_state()
        business.world.lose_webhooks("*")
        for invoice in invoices:
            business.is_paid(invoice)
        say.does("the Stripe double dropped every webhook permanently")
        say.expects("POM does not have the payments yet", business.statuses(invoices), "pending, pending")
        self._fires("Corrections")
        say.expects("By then reconciliation has found the payments", business.statuses(invoices), "paid, paid")

        say.quotes("The run book: is the endpoint configured correctly, and do events arrive?")
        self._operator.follows("corrections.md", "Check", slice(None), "--verify")
        business.world.lose_webhooks()
        say.does("the endpoint is correct, but no event arrives: the network was at fault, and was repaired")
        newcomers = business.gains(1)
        say.expects("Another customer in Stripe", business.synced(newcomers), 1)
        business.bills(newcomers)
        business.world.wait_until_delivered()
        say.does("billed another customer, whose events arrived by webhook")
        self._operator.follows("corrections.md", "Verify")
        reconciled = self._operator.json_of("reconcile", "--all", "--dry-run")["reconciled"]
        say.expects("Events that POM has not processed", sum(each["missed"] for each in reconciled), 0)
        self._is_quiet_again("Corrections")

    def _wrong_secret(self) -> None:
        say, business = self._narrator, self._business
        invoices = self._invoices[4:6]
        self._begin_act("A wrong webhook secret")
        say.quotes("An operator rolls the endpoint's secret in Stripe, and forgets to add it to POM. Customers pay.")
        self._watch.pass_until_fired(PLAN)
        self._remember_state()
        new_secret = self._operator.directory / "new-secret.txt"
        new_secret.touch(mode=0o600)
        new_secret.write_text(business.rolls_the_webhook_secret())
        business.is_paid(invoices[0])
        say.does("Stripe signs with a secret that POM does not have; each webhook got a 400 response")
        self._watch.pass_minutes(1)
        business.is_paid(invoices[1])
        say.expects("POM does not have the payments yet", business.statuses(invoices), "pending, pending")
        self._fires("SignatureFailures")
        self._fires("SignaturesAllRefused")
        say.expects("By then reconciliation has found the payments", business.statuses(invoices), "paid, paid")

        say.quotes("The run book: add the new secret next to the old one.")
        self._operator.follows("secret-rotation.md", "Fix", slice(None), "--verify")
        self._watch.pass_minutes(SECRETS_ARE_READ)
        say.does("let five minutes pass, within which functions read the secret again")
        resent = business.world.send_refused_again()
        say.does(f"Stripe sent the refused webhooks again: {resent} webhooks")
        say.expects("POM shows", business.statuses(invoices), "paid, paid")
        self._operator.follows("secret-rotation.md", "Verify")
        self._is_quiet_again("SignatureFailures", "SignaturesAllRefused")

    def _morning(self) -> None:
        say = self._narrator
        self._begin_act("Morning: are the books right?")
        say.quotes("Every payment, refund and dispute in Stripe is in POM, and nothing else.")
        self._watch.pass_minutes(CALM)
        say.expects("Alarms that fire", self._notifying(), "none")
        say.expects(
            "No difference between Stripe and POM",
            "Differences: none" in self._operator.runs("./ops tie-out --all"),
            True,
        )

    def _begin_act(self, act: str) -> None:
        self.acts.append((self._watch.clock.now(), act))
        self._narrator.chapter(act)

    def _remember_state(self) -> None:
        """Remembers the state before a failure."""
        alarms = self._watch.alarms
        values = {watched.alarm.name: _latest_value(watched) for watched in alarms}
        self._before = Before(self._watch.clock.now(), values, self._notifying())

    def _fires(self, *names: str) -> None:
        """Skips time until these alarms fire, and checks that no alarm fired before the failure."""
        say, alarms = self._narrator, self._watch.alarms
        say.quotes(f"Which alarms fire: {', '.join(names)}.")
        say.expects("Alarms that fired before", self._before.notifying, "none")
        self._watch.until(*names, firing=True, at_most=FINDING_OUT)
        other_names = [name for name in alarms.notifying() if name not in names]
        for name in names:
            watched = alarms[name]
            after, grade = self._after(watched), watched.alarm.grade
            values_text = f"measured {self._before.values[name]} before and {_latest_value(watched)} now"
            say.notes(f"{name} ({grade}): {values_text}, fires at {_limit(watched)}")
            say.expects(f"{name} fires, after {after}", watched.notifies, True)
        for name in (*names, *other_names):
            watched = alarms[name]
            alarm = watched.alarm
            self._rang.append(
                [name, alarm.grade, _latest_value(watched), _limit(watched), self._after(watched), alarm.run_book]
            )
        say.notes(f"Alarms that fire too: {_names(other_names)}")
        say.notes(f"Run books: {_names(sorted({f'docs/runbooks/{alarms[name].alarm.run_book}' for name in names}))}")

    def _after(self, watched: WatchedAlarm) -> str:
        """Returns how long after the failure an alarm fired, in words."""
        return f"{(watched.since - self._before.at) / 60:.0f} min" if watched.notifies else "never"

    def _is_quiet_again(self, *names: str) -> None:
        """Skips time until no alarm fires any more, and checks these alarms."""
        say, alarms = self._narrator, self._watch.alarms
        say.quotes(f"After the repair, the alarms are quiet again: {', '.join(names)}.")
        began = self._watch.clock.now()
        self._watch.pass_minutes(1)
        for _ in range(GETTING_QUIET):
            if not alarms.notifying():
                break
            self._watch.pass_minutes(1)
        after = (self._watch.clock.now() - began) / 60
        for name in names:
            say.expects(f"{name} is quiet, at {_latest_value(alarms[name])}", not alarms[name].notifies, True)
        say.expects(f"Alarms that fire, {after:.0f} min after the repair", self._notifying(), "none")

    def _notifying(self) -> str:
        return _names(self._watch.alarms.notifying())


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _latest_value(watched: WatchedAlarm) -> str:
    return "nothing" if watched.latest is None else f"{watched.latest:.4g}"


def _limit(watched: WatchedAlarm) -> str:
    return watched.alarm.limit if isinstance(watched.alarm, MetricAlarm) else "all its parts"
