"""The running local stack: webhooks a second with many events in its tables, and the duration of an invoice.

The figures are of moto and of this machine. They show that the local stack is usable, and say nothing about AWS.
"""

from __future__ import annotations

import json
import time
from typing import Any

from infra.local.stack import LocalStack
from tests.bench.figures import Figure, at_least, at_most, no_budget, percentile
from tests.bench.samples import updated_event
from tests.e2e.company import Company
from tests.stack_modules import run_module

EVENTS = 10_000
INVOICES = 20
WEBHOOKS = 600
CREATES = 25


def measure() -> list[Figure]:
    """Fills the tables, creates an invoice and posts webhooks. Returns the figures."""
    with LocalStack() as stack:
        company = Company(stack).connect()
        company.customer()
        stack.wait_until_idle()
        filled = _fill(stack, company)
        creating = [_create(company, f"svc_{n}") for n in range(CREATES)]
        company.all_delivered()
        posted = _post(stack, company)
        logged = _logged(company)
    assert not posted["refused"], f"{posted['refused']} webhooks did not get a 200"
    rate = posted["count"] / posted["seconds"]
    milliseconds = sorted(posted["milliseconds"])
    assert logged >= posted["count"], "an acknowledged webhook is in no event log"
    sent = f"{posted['count']} signed bodies of {posted['bytes']} bytes"
    how = f"{sent} from a second process, {posted['threads']} threads"
    return [
        at_least("webhooks into the local stack", rate, 50, "/s", f"{how}; {EVENTS} events in its tables"),
        no_budget("  each, p50", percentile(milliseconds, 0.5), "ms", "measured by the sender"),
        no_budget("  each, p99", percentile(milliseconds, 0.99), "ms", ""),
        no_budget("create and send an invoice, p50", percentile(creating, 0.5), "ms", f"{CREATES} over HTTP"),
        at_most("create and send an invoice, p95", percentile(creating, 0.95), 2_000, "ms", "Stripe double included"),
        no_budget("(time to fill the tables)", filled, "s", "through the stores' own models"),
    ]  # fmt: skip


def _create(company: Company, service: str) -> float:
    began = time.perf_counter()
    made = company.bill(service)
    took = (time.perf_counter() - began) * 1000
    assert made.status == 201, made.text
    return took


def _logged(company: Company) -> int:
    """Returns how many events are in the logs of the company's invoices."""
    invoices = company.member.get("/invoices?first=100")["data"]
    return sum(_logged_of(company, each["id"]) for each in invoices)


def _logged_of(company: Company, invoice_id: str) -> int:
    path = f"/invoices/{invoice_id}/events?first=100"
    page = company.member.get(path)
    count = len(page["data"])
    while page["pageInfo"]["hasNextPage"]:
        page = company.member.get(f"{path}&after={page['pageInfo']['endCursor']}")
        count += len(page["data"])
    return count


def _fill(stack: LocalStack, company: Company) -> float:
    began = time.perf_counter()
    run_module(stack, "tests.bench.fill", company.account_id, company.organization_id, str(EVENTS))
    return time.perf_counter() - began


def _post(stack: LocalStack, company: Company) -> Any:
    invoices = company.in_stripe()[:INVOICES]
    account, now = company.account_id, int(time.time())
    bodies = [updated_event(invoices[n % len(invoices)], account, n, now).decode() for n in range(WEBHOOKS)]
    secret = stack.secret.webhook_secrets[0]
    given = json.dumps({"url": stack.urls.webhooks, "secret": secret, "bodies": bodies})
    return json.loads(run_module(stack, "tests.bench.poster", standard_input=given))
