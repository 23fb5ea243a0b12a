"""An invoice's item stays small, because DynamoDB bills by the kilobyte, and twice in a transaction."""

from __future__ import annotations

import random
import string
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.adapters.tables.invoice_items import invoice_values, stored_invoice
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.actions import CREATED, SENT_BY_POM, Action
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import (
    CustomerId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
    UserId,
    invoice_id_for,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import LineItem, Order
from chalicelib.domain.payment_facts import ChargeFact, InvoicePaymentFact, PaymentIntentFact
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.timeline import timeline
from tests.bench.units import size_of
from tests.world import World

ORGANIZATIONS = 20
MAX_BYTES_WHEN_PAID = 1100
"""The largest allowed size in bytes of an item with one line and one payment."""
MAX_BYTES_AFTER_EVENTS = 1229
"""The largest allowed size after declines, refunds and a dispute, with the short ids of the Stripe double."""
MAX_BYTES_BEFORE_PAYMENT = 1024
"""The largest allowed size before payment, so that a put costs one unit."""


class Stripe:
    """Generates ids and links with the length and the randomness of Stripe's."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.account = StripeAccountId(f"acct_1{self.letters(15)}")
        self._page = f"{self.account}/live_YWNjdF8x{self.letters(120)}"
        self.hosted_url = f"https://invoice.stripe.com/i/{self._page}?s=ap"
        self.pdf_url = f"https://pay.stripe.com/invoice/{self._page}/pdf?s=ap"
        self.receipt_url = f"https://pay.stripe.com/receipts/invoices/CAcaFwoVYWNjdF8x{self.letters(110)}?s=ap"

    def letters(self, count: int, of: str = string.ascii_letters + string.digits) -> str:
        return "".join(self._random.choices(of, k=count))

    def id(self, prefix: str) -> str:
        return f"{prefix}_1{self.letters(23)}"

    def number(self, digits: int) -> int:
        return self._random.randrange(10 ** (digits - 1), 10**digits)


def sent_and_paid_invoice(seed: int) -> tuple[Invoice, Invoice]:
    """Returns an invoice of one line as it is after sending, and as it is after payment by card."""
    stripe = Stripe(seed)
    organization = OrganizationId(str(uuid.UUID(int=stripe.number(38))))
    amount, at, user = stripe.number(5), 1_795_000_000 + stripe.number(6), UserId(f"user_{stripe.number(4)}")
    line = LineItem(
        ServiceId(f"svc_{stripe.number(7)}"), "Weekly cleaning, pump and filter", Decimal(1), amount, amount
    )
    fingerprint = stripe.letters(64, "0123456789abcdef")
    customer = CustomerId(f"cust_{stripe.number(5)}")
    order = Order(customer, "usd", (line,), "net_30", 30, None, "America/Phoenix", fingerprint)
    saga = Saga(Step.DONE, send=True, nonce=stripe.letters(32), step_began_at=at + 2)
    stripe_id, intent, charge, payment = (stripe.id(prefix) for prefix in ("in", "pi", "ch", "inpay"))
    fact = InvoiceFact(
        stripe_id, at + 2, "open", amount, 0, amount, "usd",
        number=f"{stripe.letters(8, string.ascii_uppercase)}-0042", due_at=at + 30 * 86400,
        hosted_url=stripe.hosted_url, pdf_url=stripe.pdf_url, finalized_at=at + 1, amount_due=amount,
        starting_balance=0, ending_balance=0,
        customer_email=f"{stripe.letters(12, string.ascii_lowercase)}@gmail.com",
    )  # fmt: skip
    towards = InvoicePaymentFact(payment, at + 2, "open", stripe_id, 0, "usd", intent)
    sent_invoice = Invoice(
        organization, invoice_id_for(organization, stripe.letters(36)), stripe.account, True, order, saga, at, user,
        at + 2, facts=Snapshots(invoice=fact, payments={payment: towards}),
        actions=(Action(at, CREATED, user), Action(at + 2, SENT_BY_POM, user, stripe_id=stripe_id)), sent_at=at + 2,
        stripe_customer_id=f"cus_{stripe.letters(14)}", stripe_invoice_id=stripe_id, terms_due_at=at + 30 * 86400,
        details_as_made=DraftDetails(), version=5,
    )  # fmt: skip
    later = at + stripe.number(6)
    paid_fact = replace(fact, as_of=later, status="paid", amount_paid=amount, amount_remaining=0, paid_at=later)
    facts = Snapshots(
        invoice=paid_fact,
        payment_intents={intent: PaymentIntentFact(intent, later, "succeeded", amount, "usd", charge)},
        charges={
            charge: ChargeFact(
                charge, later, "succeeded", amount, "usd", later, intent, method="card", brand="visa", last4="4242",
                expires="2029-04", receipt_url=stripe.receipt_url,
            )
        },
        payments={payment: replace(towards, as_of=later, status="paid", amount_paid=amount)},
    )  # fmt: skip
    return sent_invoice, replace(sent_invoice, facts=facts, updated_at=later + 3, version=9)


def size(invoice: Invoice) -> int:
    """Returns the item's size in bytes, including the names of attributes and keys."""
    write = invoice_write(invoice)
    return size_of(attributes(invoice_values(write.invoice, write.stored())))


@pytest.mark.parametrize("seed", range(ORGANIZATIONS))
def test_an_invoice_of_one_line_fits_into_a_kilobyte_until_it_is_paid_and_then_needs_little_more(seed: int) -> None:
    sent_invoice, paid_invoice = sent_and_paid_invoice(seed)
    assert size(sent_invoice) <= MAX_BYTES_BEFORE_PAYMENT
    assert size(paid_invoice) <= MAX_BYTES_WHEN_PAID


def test_an_item_stays_small_whatever_the_number_of_cards_and_payment_events() -> None:
    world = World(0)
    account = world.connect()
    world.customer()
    invoice = world.invoice()
    for _ in range(20):
        world.advance(60)
        world.double.pay(account, invoice.stripe_invoice_id, "pm_card_chargeDeclinedInsufficientFunds")
    world.double.pay(account, invoice.stripe_invoice_id, "pm_card_visa")
    world.deliver()
    [charge] = [each["id"] for each in world.in_stripe(account, "charge") if each["paid"]]
    world.client.v1.refunds.create({"charge": charge, "amount": 500}, {"stripe_account": account})
    dispute = world.double.open_dispute(account, charge)
    world.double.move_dispute(account, dispute["id"], "lost")
    world.deliver()
    assert [entry.kind for entry in timeline(world.now(invoice))][-3:] == [
        "refunded",
        "dispute_opened",
        "dispute_lost",
    ]
    assert size(world.now(invoice)) <= MAX_BYTES_AFTER_EVENTS


def test_an_item_holds_the_whole_invoice() -> None:
    for invoice in sent_and_paid_invoice(0):
        write = invoice_write(invoice)
        item = attributes(invoice_values(write.invoice, write.stored()))
        assert stored_invoice(item) == write.stored()


@pytest.mark.parametrize("name", ['org "blue"', "org#1", "Häuser", "\\\\"])
def test_ids_of_any_letters_are_read_back_from_the_items_key(name: str) -> None:
    sent_invoice, _ = sent_and_paid_invoice(0)
    write = invoice_write(replace(sent_invoice, organization_id=OrganizationId(name)))
    assert stored_invoice(attributes(invoice_values(write.invoice, write.stored()))) == write.stored()


def test_ten_thousand_invoices_of_one_second_have_distinct_positions_in_every_index() -> None:
    sent_invoice, _ = sent_and_paid_invoice(0)
    organization = sent_invoice.organization_id
    invoices = [replace(sent_invoice, id=invoice_id_for(organization, str(number))) for number in range(10_000)]
    for name in ("created_key", "due_key", "updated_key", "number_key"):
        assert len({invoice_values(each, sent_invoice)[name] for each in invoices}) == len(invoices)
