"""Proof `load`: signed events of many stories at a fixed rate into the running API, on Amazon's DynamoDB Local.

A second process sends each event at its own time, whether or not earlier ones had a response; the latency counts from
that time. A burst of ten times the rate must be processed, and during a second burst the API process is killed and
started again. Then the proof looks up every id: each acknowledged event is in the tables, and every invoice is equal
to the double's ledger after a sweep has read the events again that arrived before the event that names their payment.

The figures are of one machine that runs everything: the API in one process (16 threads under one interpreter lock),
its database, Stripe's double and the sender. They say nothing about AWS.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.local.real import Unavailable, dynamodb_local
from infra.local.stack import LocalStack
from tests.bench.figures import percentile
from tests.proofs.load_stories import Load, prepared, recorded, subject, sweep
from tests.proofs.report import Budget, Result
from tests.stack_modules import run_module

JSON = dict[str, Any]

DUPLICATES = 0.1
MISPLACED = 0.2
"""The shares of the events that are sent again, and that are sent out of order."""

OUTCOMES = ("applied", "no_change", "recovered", "parked")


@dataclass(frozen=True)
class Size:
    """The size of a load: `rate` events a second; bursts have ten times that rate for `burst` seconds."""

    invoices: int
    rate: float
    burst: float


MIDDLE = Size(invoices=50, rate=10.0, burst=2.0)
FULL = Size(invoices=200, rate=20.0, burst=4.0)
CRASH_BURST = 1.0
"""The seconds of the second burst, in the middle of which the API is killed."""
CALM = 7.0
"""The minimum seconds at the plain rate after a burst, in which the API works the burst off."""


def prove(budget: Budget) -> Result:
    """Sends the load, a burst and a burst with a crash. The short slice sends nothing, because it must run without
    Java.
    """
    result = Result("load at a fixed rate", "webhooks sent on time", seed=budget.seed)
    if budget.slice == "short":
        result.tried = "not in the short slice"
        return result
    size = MIDDLE if budget.slice == "middle" else FULL
    try:
        with dynamodb_local() as dynamodb:
            variables = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb}
            never = dict.fromkeys(("plan_reconciliation", "plan_day", "resume_stuck"), 86_400.0)
            with LocalStack(variables=variables, intervals=never) as stack:
                _run(stack, size, random.Random(budget.seed), result)
    except Unavailable as missing:
        result.tried = f"skipped, no DynamoDB Local: {missing}"
    return result


def _run(stack: LocalStack, size: Size, rng: random.Random, result: Result) -> None:
    load = prepared(stack, size.invoices, foreign=max(2, size.invoices // 12))
    plan, marks, events = _planned(load, size, rng)
    sent = _sent(stack, plan, events, marks["kill"])
    result.count = len(sent)
    acknowledged = {events[each["body"]]["id"] for each in sent if each["latency"] is not None}
    result.failures += [f"never acknowledged: {each}" for each in sent if each["latency"] is None]
    foreign = {event["id"] for event in load.foreign}
    before = recorded(stack, load)
    early = acknowledged - foreign - before["outcomes"].keys()
    result.failures += [f"acknowledged and not kept: {each}" for each in _not_excused(early, sent, events)]
    sweep(stack)
    after = recorded(stack, load)
    sweep(stack)
    again = recorded(stack, load)
    result.failures += [
        f"acknowledged and lost: {each}" for each in acknowledged - foreign - after["outcomes"].keys()
    ]
    result.failures += [f"{name} is {said}" for name, said in after["outcomes"].items() if said not in OUTCOMES]
    applied = {name for name, said in after["outcomes"].items() if said != "parked"} & acknowledged
    result.failures += [f"marked, but in no event log: {each}" for each in applied - after["logs"].keys()]
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


# When each is sent


def _planned(
    load: Load, size: Size, rng: random.Random
) -> tuple[list[tuple[float, int]], dict[str, float], list[JSON]]:
    """Returns the times of sending with the numbers of events, the times at which phases begin, and the events."""
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
    """Returns the times at which phases begin, and the times of sending: at a steady rate, in a burst, at a steady
    rate, in the burst with the crash, and at a steady rate.
    """
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
        sending = pool.submit(run_module, stack, "tests.proofs.load_sender", standard_input=json.dumps(given))
        time.sleep(max(0.0, begin + kill - time.time()))
        stack.kill("api")
        stack.restart("api")
        return list(json.loads(sending.result()))


# What became of it


def _not_excused(early: set[str], sent: list[JSON], events: Sequence[JSON]) -> set[str]:
    """Returns the unmatched events that cannot have arrived before their invoice: they are about no payment, or were
    sent after the event that names their payment got its response.
    """
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
        if event["id"] in early and (not by_payment or named.get(subject(event), math.inf) < each["intended"]):
            found.add(str(event["id"]))
    return found


def _percentiles(phase: str, sent: list[JSON]) -> JSON:
    took = sorted(each["latency"] * 1000 for each in sent if each["latency"] is not None)
    names = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    return {f"ms {phase} {name}": round(percentile(took, part)) for name, part in names}


def _drained(sent: list[JSON], marks: dict[str, float]) -> int:
    """Returns the responses a second during the work on the burst, which is the rate that the machine sustains."""
    burst = _answered(each for each in sent if marks["burst"] <= each["intended"] < marks["calm"])
    return round(len(burst) / (burst[-1] - marks["burst"]))


def _healed(sent: list[JSON], marks: dict[str, float]) -> int:
    last = _answered(each for each in sent if each["intended"] < marks["kill"])[-1]
    return round(1000 * (last - marks["kill"]))


def _answered(sent: Iterable[JSON]) -> list[float]:
    return sorted(each["answered"] for each in sent if each["answered"] is not None)
