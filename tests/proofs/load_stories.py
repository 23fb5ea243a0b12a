"""Events of many stories: invoices created through the API, the acts of their payers, and Stripe's events about
them.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.events import SUBSCRIPTION
from infra.local.stack import LocalStack
from tests.e2e.company import Company
from tests.e2e.passing_time import sweeps_fall_due
from tests.stack_modules import run_module

JSON = dict[str, Any]

CUSTOMERS = 5

CONCERNED = ("invoice", "invoice_payment", "payment_intent", "charge", "refund", "credit_note")
"""The kinds of events that are sent. Customers and accounts have no story here."""

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


@dataclass
class Load:
    """The events to send, and the company that they are about."""

    company: Company
    invoices: list[JSON] = field(default_factory=list)
    foreign: list[JSON] = field(default_factory=list)
    ours: list[list[JSON]] = field(default_factory=list)
    """The events of each invoice, in Stripe's order."""


def prepared(stack: LocalStack, count: int, *, foreign: int = 0) -> Load:
    """Creates `count` invoices through the API, and plays their payers. No webhook is delivered yet.

    The company creates `foreign` more in Stripe, without POM.
    """
    load = Load(Company(stack).connect())
    company = load.company
    for number in range(CUSTOMERS):
        company.customer(f"cust_{number}", f"payer{number}@example.com")
    stack.wait_until_idle()
    company.all_delivered()
    company.double("POST", "delivery", paused=True)
    company.double("POST", "rates")
    load.foreign = _foreign(company, foreign)

    def bill(number: int) -> JSON:
        methods = ["card", "us_bank_account"]
        made = company.bill(f"svc_{number}", customerId=f"cust_{number % CUSTOMERS}", paymentMethods=methods)
        assert made.status == 201, made.text
        return dict(made.json)

    with ThreadPoolExecutor(2) as pool:
        load.invoices = list(pool.map(bill, range(count)))
    stories = list(STORIES.values())
    told = {stripe_id_of(made): stories[n % len(stories)] for n, made in enumerate(load.invoices)}
    for step in range(max(map(len, stories))):
        for stripe_id, steps in told.items():
            if step < len(steps):
                _act(company, stripe_id, *steps[step].split())
        time.sleep(1.1)  # so that what follows is of another second, as it would be
    by_invoice: dict[str, list[JSON]] = {stripe_id: [] for stripe_id in told}
    owner = _owners(company)
    for event in _events(company):
        invoice = owner[subject(event)]
        if invoice in by_invoice:  # A charge of another system's invoice can be captured later.
            by_invoice[invoice].append(event)
    load.ours = list(by_invoice.values())
    return load


def stripe_id_of(invoice: JSON) -> str:
    """Returns the Stripe id of an invoice in a response of the API."""
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
    """Creates `count` paid invoices in Stripe without POM. Returns their events."""
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
    """Returns the events of the types that POM subscribes to, oldest first, as Stripe would send them."""
    all_of_them: list[JSON] = company.double("GET", f"events/{company.account_id}")
    wanted = [
        {**each, "account": company.account_id, "api_version": each["api_version"]}
        for each in all_of_them
        if each["type"] in SUBSCRIPTION and each["type"].split(".")[0] in CONCERNED
    ]
    return sorted(wanted, key=lambda each: int(each["created"]))


def subject(event: JSON) -> str:
    """Returns the id of the invoice or payment that the event is about."""
    about = event["data"]["object"]
    return str(about.get("invoice") or about.get("payment_intent") or about["id"])


def _owners(company: Company) -> dict[str, str]:
    """Returns the invoice of each invoice and payment, by id."""
    owners = {}
    for invoice in company.in_stripe():
        owners[invoice["id"]] = invoice["id"]
        for payment in invoice["payments"]["data"]:
            owners[payment["payment"]["payment_intent"]] = invoice["id"]
    return owners


def recorded(stack: LocalStack, load: Load) -> Any:
    """Returns the stored records of these invoices, and their differences from Stripe. See `load_ledger`."""
    company = load.company
    given = {
        "organization": company.organization_id,
        "account": company.account_id,
        "invoices": [each["id"] for each in load.invoices],
        "ledger": company.double("GET", f"ledger/{company.account_id}"),
    }
    ours = {stripe_id_of(each) for each in load.invoices}
    objects = given["ledger"]["objects"]
    objects["invoice"] = [each for each in objects["invoice"] if each["id"] in ours]
    return json.loads(run_module(stack, "tests.proofs.load_ledger", standard_input=json.dumps(given)))


def sweep(stack: LocalStack) -> None:
    """Reconciles every account now, and waits for it."""
    sweeps_fall_due(stack)
    stack.fire("plan_reconciliation")
    stack.wait_until_idle(60)
