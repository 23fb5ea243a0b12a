"""The double's objects have the shapes of the SDK's annotations, nested objects included."""

from __future__ import annotations

import builtins
import sys
import types
import typing
from functools import cache
from typing import Any

import pytest
import stripe
import typing_extensions as te
from stripe._stripe_object import UntypedStripeObject

from infra.stripe_double import API_VERSION, DAY


class Names(dict[str, Any]):
    """The names in the SDK's annotations. Most are imported for type checkers only."""

    def __missing__(self, name: str) -> Any:
        return getattr(stripe, name, Any)


@cache
def hints(kind: Any) -> dict[str, Any]:
    names = Names({**vars(builtins), **vars(typing), **vars(te), **vars(sys.modules[kind.__module__])})
    names["UntypedStripeObject"] = UntypedStripeObject
    own = [b for b in kind.__mro__ if b not in stripe.StripeObject.__mro__]
    raw = {
        k: v for b in own for k, v in vars(b).get("__annotations__", {}).items() if k[0] != "_" and k != "OBJECT_NAME"
    }
    holder = type("Holder", (), {"__annotations__": raw})
    return te.get_type_hints(holder, globalns=names, localns=names)


def fits(value: Any, hint: Any, path: str) -> list[str]:
    """Returns the ways in which a value does not fit its annotation; an empty list if it fits."""
    origin = te.get_origin(hint)
    if hint is Any or isinstance(hint, typing.ForwardRef):
        return []
    if origin is typing.Union or origin is types.UnionType:
        if value is None and type(None) in te.get_args(hint):
            return []
        problems = [fits(value, h, path) for h in te.get_args(hint) if h is not type(None)]
        return [] if any(not f for f in problems) else min(problems, key=len)
    if origin in (typing.Literal, te.Literal):
        return [] if value in te.get_args(hint) else [f"{path}: {value!r} is not one of the literals"]
    if hint is type(None):
        return [] if value is None else [f"{path}: {value!r} should be null"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: {value!r} is not a list"]
        return [p for i, v in enumerate(value) for p in fits(v, te.get_args(hint)[0], f"{path}[{i}]")]
    name = getattr(origin or hint, "__name__", "")
    if name in ("UntypedStripeObject", "dict"):
        return [] if isinstance(value, dict) else [f"{path}: {value!r} is not a hash"]
    if name == "ListObject":
        if not isinstance(value, dict) or value.get("object") != "list":
            return [f"{path}: not a list object"]
        return [p for i, v in enumerate(value["data"]) for p in fits(v, te.get_args(hint)[0], f"{path}.data[{i}]")]
    if name == "Decimal":
        return [] if isinstance(value, str) else [f"{path}: decimals are strings on the wire"]
    if hint is float:
        return [] if isinstance(value, (int, float)) else [f"{path}: {value!r}"]
    if hint in (int, str, bool):
        return [] if type(value) is hint else [f"{path}: {value!r} is not {hint.__name__}"]
    if isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        return fits_object(value, hint, path)
    return []


def fits_object(value: Any, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not an object"]
    annotation_names = hints(kind)
    problems = [f"{path}.{k}: no such field in {kind.__name__}" for k in value if k not in annotation_names]
    for key, hint in annotation_names.items():
        optional = type(None) in te.get_args(hint)
        if key not in value:
            if not optional:
                problems.append(f"{path}.{key}: missing")
        else:
            problems += fits(value[key], hint, f"{path}.{key}")
    return problems


KINDS = {
    "invoice": stripe.Invoice,
    "customer": stripe.Customer,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "credit_note": stripe.CreditNote,
    "balance_transaction": stripe.BalanceTransaction,
    "payment_method": stripe.PaymentMethod,
    "tax_rate": stripe.TaxRate,
    "invoiceitem": stripe.InvoiceItem,
    "customer_balance_transaction": stripe.CustomerBalanceTransaction,
    "coupon": stripe.Coupon,
    "discount": stripe.Discount,
    "payout": stripe.Payout,
    "bank_account": stripe.BankAccount,
}


@pytest.fixture
def busy_company(alone: Any) -> Any:
    """A company whose account has every kind of object that the double implements."""
    rate = alone.v1.tax_rates.create({"display_name": "Tax", "percentage": 8.6, "inclusive": False}, alone.opts).id
    customer = alone.customer(address={"line1": "1 Main St", "city": "Phoenix"}, phone="+1 602 555 0100").id
    draft = alone.draft(
        customer=customer, custom_fields=[{"name": "PO", "value": "7"}], rendering={"pdf": {"page_size": "a4"}}
    )
    lines = [{"amount": 10_000, "tax_rates": [rate]}]
    alone.v1.invoices.add_lines(draft.id, {"lines": lines}, alone.opts)
    alone.v1.invoices.send_invoice(draft.id, None, alone.opts)
    for method in ("4000000000009995", "4242424242424241", "4000002760003184"):
        alone.pay(draft, method)
    alone.pay(draft, "4000002760003184", authenticate=True)
    alone.v1.refunds.create({"payment_intent": alone.intent(draft).id, "amount": 100}, alone.opts)
    alone.v1.credit_notes.create({"invoice": draft.id, "amount": 200, "credit_amount": 200}, alone.opts)
    for method in ("pm_card_createDispute", "pm_card_refundFail", "000123456789", "000222222227", "000555555559"):
        alone.pay(alone.open(), method)
    for token in ("pm_card_visa", "pm_usBankAccount_success"):
        created = alone.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "customer": customer}, alone.opts
        )
        consent = {"customer_acceptance": {"type": "offline"}}
        paying = {"payment_method": token, "return_url": "https://pom.test/", "mandate_data": consent}
        alone.v1.payment_intents.confirm(created.id, paying, alone.opts)
        part = {"payment_intent": created.id}
        alone.v1.invoices.attach_payment(alone.open(customer=customer).id, part, alone.opts)
        alone.v1.payment_methods.attach(token, {"customer": customer}, alone.opts)
    alone.v1.customers.balance_transactions.create(customer, {"amount": -900, "currency": "usd"}, alone.opts)
    alone.v1.invoice_items.create({"amount": 900, "currency": "usd", "customer": customer}, alone.opts)
    alone.double.advance(10 * DAY)
    refunded = [
        c
        for c in alone.v1.charges.list({"limit": 100}, alone.opts).data
        if c.status == "succeeded" and not c.disputed
    ]
    for charge in refunded:
        if charge.amount_refunded == 0:
            alone.v1.refunds.create({"charge": charge.id}, alone.opts)
    for terms in ({"amount_off": 300, "currency": "usd"}, {"percent_off": 12.5}):
        created = alone.v1.coupons.create({**terms, "duration": "once"}, alone.opts).id
        cheaper = alone.draft(5_000, 2_000, customer=alone.customer(balance=-1_000).id)
        alone.v1.invoices.update(cheaper.id, {"discounts": [{"coupon": created}]}, alone.opts)
        alone.v1.invoices.send_invoice(cheaper.id, None, alone.opts)
    alone.v1.invoices.mark_uncollectible(alone.open().id, None, alone.opts)
    alone.v1.invoices.void_invoice(alone.open().id, None, alone.opts)
    alone.v1.invoices.pay(alone.open().id, {"paid_out_of_band": True}, alone.opts)
    note = alone.open()
    alone.v1.credit_notes.create(
        {
            "invoice": note.id,
            "lines": [{"type": "custom_line_item", "description": "x", "unit_amount": 100, "quantity": 2}],
        },
        alone.opts,
    )
    alone.double.advance(10 * DAY)
    alone.double.update_account(
        alone.account, payout_schedule="daily", minimum_balance={"usd": 100}, fee_tax_rate=8.25, bank_last4="4321"
    )
    alone.double.outside_charge(alone.account, 10_000, currency="eur")
    alone.double.advance(5 * DAY)
    alone.double.outside_charge(alone.account, 10_000)
    alone.double.advance(2 * DAY)
    newest, *_ = alone.v1.payouts.list({"status": "in_transit"}, alone.opts).data
    deposit = next(payout for payout in alone.v1.payouts.list({"status": "paid"}, alone.opts) if payout.amount > 0)
    alone.double.fail_payout(alone.account, newest.id)
    alone.double.reverse_payout(alone.account, deposit.id)
    alone.double.pay_out(alone.account, method="instant")
    return alone


def test_every_object_fits_the_sdks_annotations(busy_company: Any) -> None:
    objects = busy_company.double.ledger(busy_company.account)["objects"]

    problems = {
        problem
        for kind, members in objects.items()
        for member in members
        for problem in fits_object(member, KINDS[kind], kind)
    }

    assert set(objects) == set(KINDS)
    assert sorted(p for p in problems if ".lines.total_count" not in p) == []


def test_accounts_events_and_endpoints_fit_the_sdks_annotations(busy_company: Any) -> None:
    created = busy_company.v1.webhook_endpoints.create(
        {"url": "https://pom.test/", "enabled_events": ["*"], "connect": True}
    )
    account = busy_company.v1.accounts.retrieve(busy_company.account)

    problems = fits_object(created.to_dict(for_json=True), stripe.WebhookEndpoint, "webhook_endpoint")
    problems += fits_object(account.to_dict(for_json=True), stripe.Account, "account")
    balance = busy_company.v1.balance.retrieve(None, busy_company.opts)
    problems += fits_object(balance.to_dict(for_json=True), stripe.Balance, "balance")
    for event in busy_company.double.events(busy_company.account):
        problems += [p for p in fits_object(event, stripe.Event, "event") if not p.startswith("event.data.")]

    assert problems == []


def test_every_snapshot_in_an_event_fits_the_sdks_annotations(busy_company: Any) -> None:
    problems = set()
    for event in busy_company.double.events(busy_company.account, version=API_VERSION):
        snapshot = event["data"]["object"]
        if snapshot["object"] in KINDS:
            problems |= set(fits_object(snapshot, KINDS[snapshot["object"]], event["type"]))

    assert problems == set()
