"""Every kind of request that our gateway sends, once for each method and each choice of optional parameters.

Three authorities that share no code with us judge them: the SDK's own types (`test_stripe_parameters`), Stripe's own
mock (`tests/real/test_stripe_mock`), and the Stripe double.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.adapters.stripe.objects import OBJECTS
from chalicelib.domain.customer_fields import Address, Field, Profile
from chalicelib.domain.draft_edit import DraftChanges, lines_of
from chalicelib.domain.identifiers import ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Deduction, DeductionKind, LineItem
from chalicelib.domain.status import InvoiceStatus
from tests.contracts.examples import ACCOUNT, NOW, customer, event, in_status, invoice

KEY = "pom-key"
ADDRESS = Address("12 Palm Way", "Unit 3", "Austin", "TX", "78701", "US")
FULL = Profile("Ann", "Lee", "Lee & Sons, Ltd. \u00e9\u4e2d", "ann@example.com", "+1 512 555 0123", ADDRESS)
BARE = Profile(first_name="Ann")


def invoice_with_draft(**order: Any) -> Invoice:
    """Returns an invoice that has its draft in Stripe."""
    draft = in_status(invoice(), InvoiceStatus.DRAFT)
    return replace(draft, order=replace(draft.order, **order), stripe_invoice_id="in_1")


def lines(count: int) -> tuple[LineItem, ...]:
    """Returns this many lines, each of several units and with a long description."""
    return tuple(
        LineItem(ServiceId(f"svc_{n}"), f"Cleaning {n} " + "x" * 480, Decimal("1.5"), 5000, 7500)
        for n in range(count)
    )


DATED = replace(lines(1)[0], service_date=dt.date(2026, 11, 23))
CREDIT = Deduction(DeductionKind.CREDIT, "Visit that was missed", 2000)

Calls = Sequence[Callable[[StripeGateway], Any]]

NO_REQUEST: Mapping[str, Calls] = {
    "authorize_url": [lambda g: g.authorize_url("state", "https://api.example.com/callback")],
    "pointer_to": [lambda g: g.pointer_to(event())],
    "read_event": [
        lambda g: g.read_event(
            json.dumps({"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {"id": "in_1"}}}),
            ACCOUNT,
        )
    ],
}
"""Public methods that send no request to Stripe."""

OAUTH: Mapping[str, Calls] = {
    "exchange_code": [lambda g: g.exchange_code("ac_1")],
    "deauthorize": [lambda g: g.deauthorize(ACCOUNT)],
}
"""Calls of Connect's OAuth, which is not part of Stripe's OpenAPI description."""

API: Mapping[str, Calls] = {
    "account": [lambda g: g.account(ACCOUNT)],
    "find_customers": [lambda g: g.find_customers(ACCOUNT, "ann@example.com")],
    "create_customer": [
        lambda g: g.create_customer(ACCOUNT, customer(profile=FULL), KEY),
        lambda g: g.create_customer(ACCOUNT, customer(profile=BARE), KEY),
    ],
    "update_customer": [
        lambda g: g.update_customer(ACCOUNT, "cus_1", customer(profile=FULL), FULL.values),
        lambda g: g.update_customer(ACCOUNT, "cus_1", customer(profile=BARE), BARE.values),
        lambda g: g.update_customer(ACCOUNT, "cus_1", customer(profile=FULL), {Field.PHONE: None}),
        lambda g: g.update_customer(ACCOUNT, "cus_1", customer(profile=FULL), {}),
    ],
    "search_customers": [lambda g: g.search_customers(ACCOUNT, "o'brien@example.com")],
    "customer": [lambda g: g.customer(ACCOUNT, "cus_1")],
    "delete_customer": [lambda g: g.delete_customer(ACCOUNT, "cus_1")],
    "create_draft": [
        lambda g: g.create_draft(ACCOUNT, invoice_with_draft(), "cus_1", KEY),
        lambda g: g.create_draft(
            ACCOUNT,
            invoice_with_draft(
                due_date=dt.date(2026, 12, 24),
                days_until_due=None,
                payment_terms=None,
                time_zone="America/New_York",
                memo="Thank you.",
                footer="Terms apply.",
                payment_methods=("card", "us_bank_account"),
            ),
            "cus_1",
            KEY,
        ),
        lambda g: g.create_draft(ACCOUNT, invoice_with_draft(days_until_due=0, currency="jpy"), "cus_1", KEY),
    ],
    "add_lines": [
        lambda g: g.add_lines(ACCOUNT, "in_1", lines_of(invoice_with_draft().order), KEY),
        lambda g: g.add_lines(
            ACCOUNT, "in_1", lines_of(invoice_with_draft(tax=620, deductions=(CREDIT,)).order), KEY
        ),
        lambda g: g.add_lines(ACCOUNT, "in_1", lines_of(invoice_with_draft(line_items=lines(250)).order), KEY),
        lambda g: g.add_lines(ACCOUNT, "in_1", lines_of(invoice_with_draft(line_items=(DATED,), tax=1).order), KEY),
    ],
    "remove_lines": [lambda g: g.remove_lines(ACCOUNT, "in_1", ["il_1", "il_2"], KEY)],
    "update_draft": [
        lambda g: g.update_draft(ACCOUNT, "in_1", DraftChanges("Hi", "Terms", ("card",), (("PO", "7"),), NOW), KEY),
        lambda g: g.update_draft(ACCOUNT, "in_1", DraftChanges("", "", (), (), NOW, mails=True), KEY),
        lambda g: g.update_draft(ACCOUNT, "in_1", DraftChanges(drops_additions=True), KEY),
        lambda g: g.update_draft(ACCOUNT, "in_1", DraftChanges(due_at=NOW), KEY),
    ],
    "draft_lines": [lambda g: g.draft_lines(ACCOUNT, "in_1")],
    "send": [lambda g: g.send(ACCOUNT, "in_1", KEY)],
    "finalize": [lambda g: g.finalize(ACCOUNT, "in_1", KEY)],
    "void": [lambda g: g.void(ACCOUNT, "in_1", KEY)],
    "pay_outside": [lambda g: g.pay_outside(ACCOUNT, "in_1", KEY)],
    "mark_uncollectible": [lambda g: g.mark_uncollectible(ACCOUNT, "in_1", KEY)],
    "delete_draft": [lambda g: g.delete_draft(ACCOUNT, "in_1")],
    "find_invoice": [lambda g: g.find_invoice(ACCOUNT, invoice())],
    "billed_lines": [lambda g: g.billed_lines(ACCOUNT, "in_1")],
    "events_about": [lambda g: g.events_about(ACCOUNT, "in_1", "invoice.sent", NOW)],
    "recorded": [lambda g: g.recorded(ACCOUNT, "in_1")],
    "everything": [lambda g: g.everything(ACCOUNT, "in_1")],
    "fetch": [lambda g, kind=kind: g.fetch(ACCOUNT, kind, "id_1") for kind in OBJECTS],  # type: ignore[misc]
    "events": [lambda g: list(g.events(ACCOUNT, NOW - 600, NOW))],
    "invoices_of_status": [
        lambda g: list(g.invoices_of_status(ACCOUNT, "open", NOW, None)),
        lambda g: list(g.invoices_of_status(ACCOUNT, "draft", NOW, NOW + 600)),
    ],
    "open_intents": [lambda g: list(g.open_intents(ACCOUNT, NOW, None))],
    "credit_notes": [lambda g: list(g.credit_notes(ACCOUNT, NOW))],
    "invoices_since": [lambda g: list(g.invoices_since(ACCOUNT, NOW))],
    "refund": [
        lambda g: g.refund(ACCOUNT, "pi_1", 7500, None, "rfd_1", KEY),
        lambda g: g.refund(ACCOUNT, "ch_1", 2500, "requested_by_customer", "rfd_1", KEY),
    ],
    "refunds_of": [lambda g: g.refunds_of(ACCOUNT, "pi_1"), lambda g: g.refunds_of(ACCOUNT, "ch_1")],
    "balance_transaction_of": [
        lambda g: g.balance_transaction_of(ACCOUNT, "pi_1"),
        lambda g: g.balance_transaction_of(ACCOUNT, "ch_1"),
    ],
    "payout": [lambda g: g.payout(ACCOUNT, "po_1")],
    "payouts": [lambda g: list(g.payouts(ACCOUNT, NOW))],
    "balance_transactions": [
        lambda g: list(g.balance_transactions(ACCOUNT, "po_1")),
        lambda g: list(g.balance_transactions(ACCOUNT, "po_1", after="txn_1")),
    ],
    "balance": [lambda g: g.balance(ACCOUNT)],
    "refunds": [lambda g: list(g.refunds(ACCOUNT, NOW))],
    "charges": [lambda g: list(g.charges(ACCOUNT, NOW))],
    "disputes": [lambda g: list(g.disputes(ACCOUNT, NOW))],
    "trial_customers": [lambda g: g.trial_customers(ACCOUNT)],
    "create_trial_customer": [lambda g: g.create_trial_customer(ACCOUNT, "run")],
    "create_trial_draft": [lambda g: g.create_trial_draft(ACCOUNT, "cus_1", "run", 50, "usd")],
    "finalize_trial": [lambda g: g.finalize_trial(ACCOUNT, "in_1")],
    "trial_invoice": [lambda g: g.trial_invoice(ACCOUNT, "in_1")],
    "trial_invoices": [lambda g: g.trial_invoices(ACCOUNT, "cus_1")],
    "void_trial": [lambda g: g.void_trial(ACCOUNT, "in_1")],
    "delete_trial_customer": [lambda g: g.delete_trial_customer(ACCOUNT, "cus_1")],
    "webhook_endpoints": [lambda g: g.webhook_endpoints()],
}
"""All other calls, which go to Stripe's API."""

METHODS = {name for name in dir(StripeGateway) if not name.startswith("_")}
"""All public methods of the gateway."""


def cases(of: Mapping[str, Calls]) -> list[tuple[str, int]]:
    """Yields each call as a test parameter, with its method's name and its position."""
    return [(name, position) for name, calls in of.items() for position in range(len(calls))]
