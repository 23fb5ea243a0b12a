"""Small examples of the records that stores hold; keyword arguments change single fields."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.balance_transactions import BalanceTransaction, FeePart
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.events import EventMarker, Reference, StripeEvent
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import (
    CustomerId,
    InvoiceId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
    UserId,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement, MovementKind
from chalicelib.domain.order import LineItem, Order
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.payout_lines import Owner, PayoutLine
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus

ORG = OrganizationId("org_1")
OTHER_ORG = OrganizationId("org_2")
ACCOUNT = StripeAccountId("acct_1")
OTHER_ACCOUNT = StripeAccountId("acct_2")
NOW = 1_800_000_000


def invoice(name: str = "a", **changes: Any) -> Invoice:
    """Returns an invoice in creation, with one service."""
    line = LineItem(ServiceId("svc_1"), "Weekly service", Decimal("1.5"), 5000, 7500)
    order = Order(CustomerId("cust_1"), "usd", (line,), "net_30", 30, None, "UTC", "fingerprint")
    saga = Saga(Step.DRAFT, send=True, nonce="nonce", step_began_at=NOW, resume_at=NOW + 120)
    example = Invoice(ORG, InvoiceId(f"inv_{name}"), ACCOUNT, False, order, saga, NOW, UserId("user_1"), NOW)
    return replace(example, **changes)


def of_customer(base: Invoice, customer_id: str) -> Invoice:
    return replace(base, order=replace(base.order, customer_id=CustomerId(customer_id)))


def in_status(base: Invoice, status: InvoiceStatus, due_at: int | None = None) -> Invoice:
    """Returns the invoice with Stripe's facts for this status. Its saga has finished, unless the status is
    creating.
    """
    if status is InvoiceStatus.CREATING:
        return base
    words = {InvoiceStatus.PENDING: "open", InvoiceStatus.FAILED: "open", InvoiceStatus.REFUNDED: "paid"}
    fact = InvoiceFact(f"in_{base.id}", NOW, words.get(status, status.value), 7500, 0, 7500, "usd", due_at=due_at)
    if status is InvoiceStatus.PAID:
        fact = replace(fact, amount_paid=7500, amount_remaining=0)
    facts = Snapshots(invoice=fact, attempt_failed_at=NOW if status is InvoiceStatus.FAILED else 0)
    resting = replace(base.saga, step=Step.DONE, resume_at=None)
    result = replace(base, facts=facts, saga=resting).changed(NOW)
    assert result.status is status
    return result


def marker(event_id: str = "evt_1", **changes: Any) -> EventMarker:
    example = EventMarker(ACCOUNT, event_id, "invoice.paid", NOW - 5, NOW, Source.WEBHOOK, "applied")
    return replace(example, **changes)


def about_invoice(event_id: str = "evt_1", **changes: Any) -> EventMarker:
    """Returns a marker of an event about invoice `a`."""
    about = {"organization_id": ORG, "invoice_id": InvoiceId("inv_a"), "object_id": "in_1"}
    return marker(event_id, **{**about, **changes})


def payment(movement_id: str = "ch_1", **changes: Any) -> Movement:
    """Returns a payment of invoice `a` by card."""
    example = Movement(
        movement_id, MovementKind.PAYMENT, "succeeded", NOW, 7500, "usd", InvoiceId("inv_a"), CustomerId("cust_1"),
        method="card", brand="visa", last4="4242",
    )  # fmt: skip
    return replace(example, **changes)


def refund(movement_id: str = "re_1", **changes: Any) -> Movement:
    return payment(movement_id, **{"kind": MovementKind.REFUND, "payment_id": "ch_1", "method": None, **changes})


def balance_transaction(transaction_id: str = "txn_1", **changes: Any) -> BalanceTransaction:
    """Returns the balance transaction of payment `ch_1`."""
    example = BalanceTransaction(
        transaction_id, "charge", "charge", 7500, 248, 7252, "usd", NOW, NOW + 2 * 86400,
        fee_parts=(FeePart("stripe_fee", 248, "Stripe processing fees"),),
        source_type="charge", source_id="ch_1", source_amount=7500, source_currency="usd", payment_id="ch_1",
    )  # fmt: skip
    return replace(example, **changes)


def payout(payout_id: str = "po_1", organization_id: OrganizationId = ORG, **changes: Any) -> Payout:
    """Returns a deposit in transit. `changes` are fields of its fact."""
    fact = PayoutFact(payout_id, NOW, "in_transit", 7252, "usd", NOW, NOW + 86400, last4="6789")
    return Payout(organization_id, ACCOUNT, replace(fact, **changes))


def payout_line(transaction_id: str = "txn_1", **changes: Any) -> PayoutLine:
    """Returns the line of a payment of invoice `a` in a deposit."""
    owner = Owner(InvoiceId("inv_a"), CustomerId("cust_1"), "A-0001")
    return PayoutLine(balance_transaction(transaction_id, **changes), owner)


def event(event_id: str = "evt_1", **changes: Any) -> StripeEvent:
    example = StripeEvent(
        event_id, "invoice.paid", ACCOUNT, False, NOW, None, "invoice", "in_1", None, f'{{"id": "{event_id}"}}'
    )
    return replace(example, **changes)


def reference(stripe_id: str, owner: Invoice) -> Reference:
    return Reference(owner.stripe_account_id, stripe_id, owner.organization_id, owner.id)


def customer(name: str = "1", **changes: Any) -> Customer:
    example = Customer(ORG, CustomerId(f"cust_{name}"), Profile(first_name="Ann"), 1, NOW, NOW)
    return replace(example, **changes)


def linked_customer(base: Customer, stripe_customer_id: str, account_id: StripeAccountId = ACCOUNT) -> Customer:
    link = StripeLink(account_id, stripe_customer_id, base.edition)
    return replace(base, link=link, sync_status=SyncStatus.SYNCED)


def services(*names: str, dead: Invoice | None = None) -> dict[ServiceId, InvoiceId | None]:
    """Returns claims on these services, which take them over from `dead` if it is given."""
    return {ServiceId(name): dead.id if dead else None for name in names}
