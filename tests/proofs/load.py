"""Load, open loop: signed events of many stories at a fixed rate into the running API, on Amazon's DynamoDB Local.

A second process sends each event at its own time, whether or not earlier ones were answered; a latency counts from
that time. A burst of ten times the rate must drain, and in the midst of a second one the API process is killed and
started again. Then every id is looked for: what was acknowledged is recorded in the tables, and every invoice is what
the double's ledger says, once a sweep has met again what came before the event that names its payment.

The figures are of one machine with everything on it: the API in one process (16 threads under one interpreter lock),
its database, Stripe's double and the sender. They say nothing about AWS.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.events import SUBSCRIPTION
from infra.local.real import Unavailable, dynamodb_local
from infra.local.stack import ROOT, LocalStack
from tests.bench.figures import percentile
from tests.e2e.company import Company
from tests.proofs.report import Budget, Result

JSON = dict[str, Any]

CUSTOMERS = 5
DUPLICATES = 0.1
MISPLACED = 0.2
"""Of the events: so many come again, and so many at another place than their own."""

CONCERNED = ("invoice", "invoice_payment", "payment_intent", "charge", "refund", "credit_note")
"""Kinds of events that are sent; those of customers and accounts have no story here."""

OUTCOMES = ("applied", "no_change", "recovered", "parked")

STORIES: dict[str, tuple[str, ...]] = {
    "paid": ("pay pm_card_visa",),
    "declined, then paid": ("pay pm_card_chargeDeclined", "pay pm_card_visa"),
    "failed": ("pay pm_card_chargeDeclinedInsufficientFunds",),
    "refunded": ("pay pm_card_visa", "refund"),
    "partly refunded": ("pay pm_card_visa", "refund 2500"),
    "disputed": ("pay pm_card_visa", "dispute"),
    "bank debit": ("pay 000123456789", "settle"),
    "voided": ("void",),
    "paid in parts": ("pay pm_card_visa 2500", "pay pm_card_visa"),
    "sent": (),
}


@dataclass(frozen=True)
class Size:
    """`rate` a second; bursts have ten times that for `burst` seconds."""

    invoices: int
    rate: float
    burst: float


MIDDLE = Size(invoices=50, rate=10.0, burst=2.0)
FULL = Size(invoices=200, rate=20.0, burst=4.0)
CRASH_BURST = 1.0
"""Seconds of the second burst, in the middle of which the API is killed."""
CALM = 7.0
"""Seconds at the plain rate after a burst, at least, in which it drains."""


@dataclass
class Load:
    """What is to be sent, and of whom."""

    company: Company
    invoices: list[JSON] = field(default_factory=list)
    foreign: list[JSON] = field(default_factory=list)
    ours: list[list[JSON]] = field(default_factory=list)
    """The events of each invoice, in Stripe's order."""


def prove(budget: Budget) -> Result:
    """Load, a burst and a crash; nothing in the short slice, which must do without Java."""
    result = Result("load, open loop", "webhooks sent on time", seed=budget.seed)
    if budget.slice == "short":
        result.tried = "not in the short slice"
        return result
    size = MIDDLE if budget.slice == "middle" else FULL
    try:
        with dynamodb_local() as dynamodb:
            variables = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb}
            never = dict.fromkeys(("plan_reconciliation", "send_reminders", "resume_stuck"), 86_400.0)
            with LocalStack(variables=variables, intervals=never) as stack:
                _run(stack, size, random.Random(budget.seed), result)
    except Unavailable as missing:
        result.tried = f"skipped, no DynamoDB Local: {missing}"
    return result


def _run(stack: LocalStack, size: Size, rng: random.Random, result: Result) -> None:
    load = _prepared(stack, size)
    plan, marks, events = _planned(load, size, rng)
    sent = _sent(stack, plan, events, marks["kill"])
    result.count = len(sent)
    acknowledged = {events[each["body"]]["id"] for each in sent if each["latency"] is not None}
    result.failures += [f"never acknowledged: {each}" for each in sent if each["latency"] is None]
    foreign = {event["id"] for event in load.foreign}
    before = _ledger(stack, load)
    early = acknowledged - foreign - before["outcomes"].keys()
    result.failures += [f"acknowledged and not kept: {each}" for each in _not_excused(early, sent, events)]
    _sweep(stack)
    after = _ledger(stack, load)
    _sweep(stack)
    again = _ledger(stack, load)
    result.failures += [
        f"acknowledged and lost: {each}" for each in acknowledged - foreign - after["outcomes"].keys()
    ]
    result.failures += [f"{name} is {said}" for name, said in after["outcomes"].items() if said not in OUTCOMES]
    applied = {name for name, said in after["outcomes"].items() if said != "parked"} & acknowledged
    result.failures += [f"marked, but in no history: {each}" for each in applied - after["histories"].keys()]
    result.failures += [f"recorded although foreign: {each}" for each in foreign & after["outcomes"].keys()]
    result.failures += after["differences"]
    if after["missing"]:
        result.failures.append(f"{after['missing']} invoices are gone")
    if (again["versions"], again["outcomes"]) != (after["versions"], after["outcomes"]):
        result.failures.append("the second sweep wrote something")
    if not any(each["tries"] > 1 for each in sent):
        result.failures.append("the crash was not felt: nothing had to be sent again")
    said = Counter(before["outcomes"][each] for each in acknowledged & before["outcomes"].keys())
    result.figures |= {
        "a second": int(size.rate),
        **_percentiles("steady", [each for each in sent if each["intended"] < marks["burst"]]),
        "a second in the burst": int(size.rate * 10),
        "a second drained": _drained(sent, marks),
        **_percentiles("burst", [each for each in sent if marks["burst"] <= each["intended"] < marks["calm"]]),
        "ms from crash to the last of its burst": _healed(sent, marks),
        "sent again": sum(each["tries"] > 1 for each in sent),
        "answered 5xx": sum(each["refusals"] for each in sent),
        "events, each id looked for": len(acknowledged),
        **dict(said),
        "sent twice": len(sent) - len(events),
        "foreign": len(foreign & acknowledged),
        "before what names their payment, met again by the sweep": len(early),
        "differences before the sweep": len(before["differences"]),
    }


# What is there beforehand


def _prepared(stack: LocalStack, size: Size) -> Load:
    """Invoices made through the API, and what payers did with them; no webhook has been delivered yet."""
    load = Load(Company(stack).connect())
    company = load.company
    for number in range(CUSTOMERS):
        company.customer(f"cust_{number}", f"payer{number}@example.com")
    stack.wait_until_idle()
    company.all_delivered()
    company.double("POST", "delivery", paused=True)
    company.double("POST", "rates")
    load.foreign = _foreign(company, max(2, size.invoices // 12))
    others = {event["id"] for event in load.foreign}

    def bill(number: int) -> JSON:
        methods = ["card", "us_bank_account"]
        made = company.bill(f"svc_{number}", customerId=f"cust_{number % CUSTOMERS}", paymentMethods=methods)
        assert made.status == 201, made.text
        return dict(made.json)

    with ThreadPoolExecutor(2) as pool:
        load.invoices = list(pool.map(bill, range(size.invoices)))
    stories = list(STORIES.values())
    told = {_stripe_id(made): stories[n % len(stories)] for n, made in enumerate(load.invoices)}
    for step in range(max(map(len, stories))):
        for stripe_id, steps in told.items():
            if step < len(steps):
                _act(company, stripe_id, *steps[step].split())
        time.sleep(1.1)  # so that what follows is of another second, as it would be
    by_invoice: dict[str, list[JSON]] = {stripe_id: [] for stripe_id in told}
    owner = _owners(company)
    for event in _events(company):
        if event["id"] not in others:
            by_invoice[owner[_subject(event)]].append(event)
    load.ours = list(by_invoice.values())
    return load


def _stripe_id(invoice: JSON) -> str:
    return str(invoice["dashboardUrl"].rsplit("/", 1)[1])


def _act(company: Company, invoice: str, what: str, *words: str) -> None:
    account = company.account_id
    if what == "pay":
        amount = {"amount": int(words[1])} if len(words) > 1 else {}
        company.double("POST", f"invoices/{account}/{invoice}/pay", method=words[0], **amount)
        return
    if what == "void":
        company.owner.does("POST", f"/invoices/{invoice}/void")
        return
    payments = company.owner.does("GET", f"/invoice_payments?invoice={invoice}")["data"]
    intent = payments[-1]["payment"]["payment_intent"]
    if what == "settle":
        company.double("POST", f"debits/{account}/{intent}/settle")
    elif what == "refund":
        amount = {"amount": words[0]} if words else {}
        company.owner.does("POST", "/refunds", payment_intent=intent, **amount)
    else:
        charge = company.owner.does("GET", f"/payment_intents/{intent}")["latest_charge"]
        company.double("POST", f"charges/{account}/{charge}/dispute")


def _foreign(company: Company, count: int) -> list[JSON]:
    """What the company does in Stripe without POM."""
    does = company.owner.does
    customer = does("POST", "/customers", email="stranger@example.com")["id"]
    for _ in range(count):
        invoice = does("POST", "/invoices", customer=customer, collection_method="send_invoice", days_until_due="7")
        line = {"lines[0][description]": "A pump", "lines[0][amount]": "4000"}
        does("POST", f"/invoices/{invoice['id']}/add_lines", **line)
        does("POST", f"/invoices/{invoice['id']}/finalize")
        company.double("POST", f"invoices/{company.account_id}/{invoice['id']}/pay")
    return _events(company)


def _events(company: Company) -> list[JSON]:
    """Those that we subscribe to, oldest first, as Stripe would send them."""
    all_of_them: list[JSON] = company.double("GET", f"events/{company.account_id}")
    wanted = [
        {**each, "account": company.account_id, "api_version": each["api_version"]}
        for each in all_of_them
        if each["type"] in SUBSCRIPTION and each["type"].split(".")[0] in CONCERNED
    ]
    return sorted(wanted, key=lambda each: int(each["created"]))


def _subject(event: JSON) -> str:
    """The id of the invoice or payment that the event is about."""
    about = event["data"]["object"]
    return str(about.get("invoice") or about.get("payment_intent") or about["id"])


def _owners(company: Company) -> dict[str, str]:
    """Invoices and payments to the invoice they belong to."""
    found = {}
    for invoice in company.in_stripe():
        found[invoice["id"]] = invoice["id"]
        for payment in invoice["payments"]["data"]:
            found[payment["payment"]["payment_intent"]] = invoice["id"]
    return found


# When each is sent


def _planned(
    load: Load, size: Size, rng: random.Random
) -> tuple[list[tuple[float, int]], dict[str, float], list[JSON]]:
    """Pairs of a moment and an event's number; the moments at which phases begin; the events."""
    placed: list[tuple[float, JSON]] = []
    for story in [*load.ours, *([event] for event in load.foreign)]:
        start = rng.random()
        for number, event in enumerate(story):
            at = start + 0.02 * number
            placed.append((rng.random() * 1.2 if rng.random() < MISPLACED else at, event))
    events = [event for _, event in placed]
    order = [(at, number) for number, (at, _) in enumerate(placed)]
    order += [(at + rng.choice((0.0, 0.001, 0.3)), number) for at, number in order if rng.random() < DUPLICATES]
    numbers = [number for _, number in sorted(order)]
    marks, moments = _moments(len(numbers), size)
    return list(zip(moments, numbers, strict=True)), marks, events


def _moments(count: int, size: Size) -> tuple[dict[str, float], list[float]]:
    """Steady, burst, steady, burst with the crash, steady."""
    bursts = int(size.rate * 10 * size.burst), int(size.rate * 10 * CRASH_BURST)
    calm = int(size.rate * CALM)
    steady = count - sum(bursts) - 2 * calm
    if steady < calm:
        raise ValueError(f"{count} webhooks are too few for these bursts")
    parts = ((steady, 1), (bursts[0], 10), (calm, 1), (bursts[1], 10), (calm, 1))
    moments, begun, now = [], [], 0.0
    for many, times in parts:
        begun.append(now)
        for _ in range(many):
            moments.append(now)
            now += 1 / (size.rate * times)
    return {"burst": begun[1], "calm": begun[2], "crash": begun[3], "kill": begun[3] + CRASH_BURST / 2}, moments


def _sent(stack: LocalStack, plan: list[tuple[float, int]], events: Sequence[JSON], kill: float) -> list[JSON]:
    begin = time.time() + 2.5
    given = {
        "url": stack.urls.webhooks,
        "secret": stack.secret.webhook_secrets[0],
        "begin": begin,
        "bodies": [json.dumps(event, indent=2) for event in events],
        "plan": plan,
    }
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_module, stack, "tests.proofs.load_sender", given)
        time.sleep(max(0.0, begin + kill - time.time()))
        stack.kill("api")
        stack.restart("api")
        return list(sending.result())


def _module(stack: LocalStack, name: str, given: JSON) -> Any:
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", name],
        input=json.dumps(given),
        env={**own, **stack.environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


# What became of it


def _ledger(stack: LocalStack, load: Load) -> Any:
    company = load.company
    given = {
        "organization": company.organization_id,
        "account": company.account_id,
        "invoices": [each["id"] for each in load.invoices],
        "ledger": company.double("GET", f"ledger/{company.account_id}"),
    }
    ours = {_stripe_id(each) for each in load.invoices}
    objects = given["ledger"]["objects"]
    objects["invoice"] = [each for each in objects["invoice"] if each["id"] in ours]
    return _module(stack, "tests.proofs.load_ledger", given)


def _sweep(stack: LocalStack) -> None:
    stack.fire("plan_reconciliation")
    stack.wait_until_idle(60)


def _not_excused(early: set[str], sent: list[JSON], events: Sequence[JSON]) -> set[str]:
    """Those that are more than early: about no payment, or sent after the event that names theirs was answered."""
    named: dict[str, float] = {}
    for each in sent:
        event = events[each["body"]]
        if event["type"].startswith("invoice_payment.") and each["answered"] is not None:
            intent = event["data"]["object"]["payment"]["payment_intent"]
            named[intent] = min(each["answered"], named.get(intent, each["answered"]))
    found = set()
    for each in sent:
        event = events[each["body"]]
        by_payment = event["type"].split(".")[0] in ("payment_intent", "charge", "refund")
        if event["id"] in early and (not by_payment or named.get(_subject(event), math.inf) < each["intended"]):
            found.add(str(event["id"]))
    return found


def _percentiles(phase: str, sent: list[JSON]) -> JSON:
    took = sorted(each["latency"] * 1000 for each in sent if each["latency"] is not None)
    names = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    return {f"ms {phase} {name}": round(percentile(took, part)) for name, part in names}


def _drained(sent: list[JSON], marks: dict[str, float]) -> int:
    """Answers a second while the burst was being worked off: what the machine holds."""
    burst = _answered(each for each in sent if marks["burst"] <= each["intended"] < marks["calm"])
    return round(len(burst) / (burst[-1] - marks["burst"]))


def _healed(sent: list[JSON], marks: dict[str, float]) -> int:
    last = _answered(each for each in sent if each["intended"] < marks["kill"])[-1]
    return round(1000 * (last - marks["kill"]))


def _answered(sent: Iterable[JSON]) -> list[float]:
    return sorted(each["answered"] for each in sent if each["answered"] is not None)
