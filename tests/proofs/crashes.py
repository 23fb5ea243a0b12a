"""Proof `crashes`: after a crash at any boundary, every piece of work ends as it would have ended without the crash.

Claim: the process is killed before or after any call that leaves it, during one of these: connecting, creating an
invoice, editing a draft, an edit that Stripe refuses, sending a draft, sending a draft of a batch or holding it back,
voiding, correcting an issued invoice, applying an event, sending a customer to Stripe, reconciling, reminding,
recording cash, giving an invoice up, refunding, reading a payment's fee, reading a payout with its lines, comparing
them, or erasing a customer who is in all of these records. Afterwards POM is equal to Stripe, and Stripe has the
ordered lines. There is one payable invoice, one customer, one e-mail (two after a reminder, none if the draft was
held back) and one refund for one order. The timeline has each act of POM once, fees and payouts are those of Stripe's
books, and no record holds an erased customer.

Method: every boundary, before and after, with the work resumed after two minutes and after a day. The person who got
no response repeats the request, or does not. Payouts are read in pages of two lines, of which one may fail.

Limits: crashes inside one call, such as half a transaction. DynamoDB guarantees that there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

from chalicelib.adapters.stripe import lists
from chalicelib.domain.batch import BatchStatus, ItemStatus
from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.erasure import InStripe
from chalicelib.domain.errors import IntegrationError, Refused
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import payments_of
from chalicelib.domain.saga import LEASE
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.bulk.batches import send_drafts
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.customers.customers import sync_customer
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.invoicing_settings import change
from chalicelib.usecases.invoicing.refund import RefundRequest, refund
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.settle_outside import Settlement, give_up_if_due, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.payouts import read_payout
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.fakes import FakeDatabase
from tests.fakes.database import Parked
from tests.oracle import differences
from tests.proofs.books import Books, faults_of_money
from tests.proofs.erased import faults_at_rest
from tests.proofs.orders import faults_of_orders
from tests.proofs.records import faults_of_rows, rows_of
from tests.proofs.report import Budget, Result
from tests.world import OFFICE, ORGANIZATION, World, line, order

ONCE = order("svc_1", "svc_2", idempotency_key="once")
DAY = 86_400


@dataclass(frozen=True)
class Errand:
    """A piece of work, its preparation, the number of e-mails at the end, and the expected timeline."""

    name: str
    before: Callable[[World], None]
    do: Callable[[World], object]
    mails: int = 1
    tells: EntryKind | None = None
    repeatable: bool = True
    thinned: int = 1
    """Outside the full slice, this errand is crashed once for every `thinned` crashes of another errand."""
    later: Callable[[World], str | None] = lambda world: None
    """Runs last steps before the checks. Returns the fault that it finds, or None."""
    copies: int = 0
    """The number of invoices at the end besides the first one. Only one of them can be paid."""


def _connected(world: World) -> None:
    world.connect()
    world.customer()


def _draft(world: World) -> None:
    _connected(world)
    create_invoice(replace(ONCE, terms=replace(ONCE.terms, send=False)), world.ports)


def _send(world: World) -> None:
    _connected(world)
    create_invoice(ONCE, world.ports)


def _paid_unheard(world: World) -> None:
    _send(world)
    world.deliver()
    world.double.set_delivery(lose_rate=1.0)
    invoice = _invoice(world)
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id))


def _pay(world: World) -> None:
    _send(world)
    invoice = _invoice(world)
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id))
    world.deliver()


def _sent_yesterday(world: World) -> None:
    _send(world)
    world.deliver()
    world.advance(24 * 3600)


def _due_a_day_ago(world: World) -> None:
    _send(world)
    world.deliver()
    world.advance(32 * 24 * 3600)


def _past_its_window(world: World) -> None:
    _due_a_day_ago(world)
    settings = world.ports.settings.get(ORGANIZATION)
    change(ORGANIZATION, replace(settings, payment_window=1), world.ports)
    world.advance(2 * 24 * 3600)


def _deliverable(world: World) -> None:
    _send(world)
    invoice = _invoice(world)
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id))


def _connect(world: World) -> object:
    account = next(iter(world.double.world.ledgers), None) or world.account()
    return world.connect(account=account)


def _deliver(world: World) -> object:
    return world.double.drain()


def _void(world: World) -> object:
    return void_invoice(ORGANIZATION, _invoice(world).id, OFFICE, world.ports)


def _correct(world: World) -> object:
    [original] = [each for each in world.ports.database.invoices.values() if each.corrects is None]
    return correct_invoice(ORGANIZATION, original.id, OFFICE, world.ports, confirmed=True)


def _decline(world: World) -> None:
    _send(world)
    invoice = _invoice(world)
    world.double.pay(invoice.stripe_account_id, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    world.deliver()


def _refund(world: World) -> object:
    """Refunds a part, which is small enough to be refunded twice by mistake."""
    [payment] = payments_of(_invoice(world))
    return refund(RefundRequest(ORGANIZATION, OFFICE, payment.id, "once", Decimal("25.00")), world.ports)


def _book_payment(world: World) -> None:
    """Creates a payment of POM's whose fee POM has not read yet, and other business of the account."""
    account = world.connect(account=world.account(payout_schedule="daily"))
    world.customer()
    create_invoice(ONCE, world.ports)
    world.double.pay(account, str(_invoice(world).stripe_invoice_id))
    for _ in range(3):
        world.double.outside_charge(account, 4_200)
    world.advance(60)
    world.double.refund_charge(account, _charge(world)["id"], amount=2_500)
    world.deliver()
    world.ports.queues.take()


def _paid_out(world: World) -> None:
    """Creates a payout whose lines Stripe can list."""
    _book_payment(world)
    world.double.account_fee(_account(world), 300)
    for _ in range(3):
        world.advance(DAY)
    world.deliver()
    world.ports.queues.take()


def _paid_out_again(world: World) -> None:
    """Creates a payout that the bank returned after POM read it, and another one with its money."""
    _paid_out(world)
    _read_payouts(world)
    [payout] = [each["id"] for each in world.in_stripe(_account(world), "payout") if each["amount"] > 0]
    world.double.fail_payout(_account(world), payout)
    world.double.update_account(_account(world), bank_last4="4321")
    world.advance(DAY)
    world.advance(7_200)
    world.deliver()
    world.ports.queues.take()


def _with_wrong_lines(world: World) -> None:
    """Creates a payout of which POM lacks one line."""
    _paid_out(world)
    _read_payouts(world)
    for key, lines in world.ports.database.payout_lines.items():
        world.ports.database.payout_lines[key] = dict(list(lines.items())[1:])
    world.advance(DAY)
    world.deliver()


def _account(world: World) -> str:
    return str(world.ports.connections.get(ORGANIZATION).account_id)


def _charge(world: World) -> dict[str, object]:
    """Returns the charge of POM's invoice, which is the first."""
    return world.in_stripe(_account(world), "charge")[0]


def _read_fee(world: World) -> object:
    payment = str(_charge(world)["payment_intent"])
    return do_balance_job(BalanceJob(ORGANIZATION, BalanceTask.PAYMENT, payment), world.ports)


def _of_each_payout(task: BalanceTask, world: World) -> None:
    """Runs `task` for each payout, as if Stripe listed two lines on a page and POM stored its place after each
    page.
    """
    with patch.object(lists, "PAGE_SIZE", 2), patch.object(read_payout, "REMEMBERED_EVERY", 1):
        for payout in world.in_stripe(_account(world), "payout"):
            do_balance_job(BalanceJob(ORGANIZATION, task, str(payout["id"])), world.ports)


def _read_payouts_with_a_failing_page(world: World) -> None:
    """Reads payouts while Stripe fails at the second page of a payout. Stripe keeps failing until the next run."""
    world.double.order_fault("error_before", method="GET", path="/v1/balance_transactions", skip=1, count=9)
    try:
        with suppress(IntegrationError):
            _read_payouts(world)
    finally:
        world.double.clear_faults()


_read_payouts = partial(_of_each_payout, BalanceTask.PAYOUT)
_compare_payouts = partial(_of_each_payout, BalanceTask.COMPARE)


def _replaces_order(world: World, *services: str, memo: str | None = None) -> object:
    """Replaces the order of the draft by these services."""
    lines, terms = tuple(line(service) for service in services), BillingTerms(memo=memo)
    return edit_draft(EditDraft(ORGANIZATION, _invoice(world).id, OFFICE, lines, terms), world.ports)


def _drafted_in_batch(world: World) -> None:
    """Creates a draft in a batch, and delivers Stripe's event about it."""
    _connected(world)
    services = ((ONCE.customer_id, ONCE.line_items[0]),)
    bill_many(BillMany(ORGANIZATION, OFFICE, "batch", "batch", services, BillingTerms(send=False)), world.ports)
    world.work()
    world.deliver()
    world.work()


def _ordered_in_batch_and_changed(world: World) -> None:
    """Orders the sending, and then changes the due date in Stripe. POM must not send a content that the office has
    not read.
    """
    _drafted_in_batch(world)
    _order_to_send(world)
    world.advance(5)
    draft, later = _invoice(world), world.ports.clock.now() + 90 * DAY
    account: Any = {"stripe_account": draft.stripe_account_id}
    world.client.v1.invoices.update(draft.stripe_invoice_id, {"due_date": later}, account)


def _send_batch(world: World) -> object:
    """Orders the sending of the batch, or repeats the order, and runs the workers."""
    _order_to_send(world)
    return world.work()


def _order_to_send(world: World) -> None:
    [batch] = world.ports.database.batches.values()
    send_drafts(ORGANIZATION, batch.id, OFFICE, "once", world.ports)


def _same_everywhere(world: World) -> None:
    """Creates a customer with a paid invoice from a batch whose payment is in a payout, and with a parked event."""
    account = world.connect(account=world.account(payout_schedule="daily"))
    world.customer()
    services = ((ONCE.customer_id, ONCE.line_items[0]),)
    terms = BillingTerms(memo="Thank you")
    bill_many(BillMany(ORGANIZATION, OFFICE, "batch", "batch", services, terms), world.ports)
    world.work()
    world.deliver()
    world.double.pay(account, str(_invoice(world).stripe_invoice_id))
    with patch.object(world.ports.customers, "get", side_effect=KeyError("broken")):
        changed: Any = {"phone": "+15550111"}
        [customer] = world.in_stripe(account, "customer")
        world.client.v1.customers.update(customer["id"], changed, {"stripe_account": account})
        world.deliver()
    assert any(isinstance(each, Parked) for each in world.ports.database.events.values()), "nothing is parked"
    for _ in range(3):
        world.advance(DAY)
        world.deliver()
        world.work()
    world.deliver()
    world.work()


def _erase(world: World) -> object:
    """Requests the erasure in POM and in Stripe, and runs the worker twice, a day apart."""
    request_erasure(ORGANIZATION, CustomerId("cust_1"), InStripe.DELETE, OFFICE, world.ports)
    world.work()
    for seconds in (BEGINS_AFTER, SECOND_LOOK_AFTER):
        world.advance(seconds)
        world.resume()
    return world.deliver()


def _erased_in_the_end(world: World) -> str | None:
    """Returns the place that still names the person after days in which a refund came back, or None. No request is
    repeated.
    """
    database, account = world.ports.database, _account(world)
    if not any(each.erased for each in database.customers.values()):
        request_erasure(ORGANIZATION, CustomerId("cust_1"), InStripe.KEEP, OFFICE, world.ports)
    for _ in range(4):
        world.advance(SECOND_LOOK_AFTER + 1)
        world.deliver()
        world.resume()
    world.double.refund_charge(account, _charge(world)["id"], amount=2_500)
    world.deliver()
    world.double.settle_refund(account, world.in_stripe(account, "refund")[0]["id"], outcome="failed")
    world.deliver()
    world.sweep()
    world.work()
    world.sweep()
    if [each.status for each in database.invoices.values()] != ["paid"]:
        return "the refund that failed was not noticed"
    return next(faults_at_rest(database), None)


def _edit(world: World) -> None:
    _send(world)
    world.customer(email="new@pool.test")


ERRANDS = (
    Errand("connect", lambda world: None, _connect, mails=0),
    Errand("reconnect", _send, _connect),
    Errand("create invoice", _connected, lambda world: create_invoice(ONCE, world.ports)),
    Errand("send draft", _draft, lambda world: send_invoice(ORGANIZATION, _invoice(world).id, OFFICE, world.ports)),
    Errand("send batch", _drafted_in_batch, _send_batch, thinned=2),
    Errand(
        "hold back", _ordered_in_batch_and_changed, _send_batch, mails=0, tells=EntryKind.SEND_REFUSED, thinned=2
    ),
    Errand("void", _send, _void, tells=EntryKind.VOIDED),
    Errand("delete draft", _draft, _void, mails=0, tells=EntryKind.DRAFT_DELETED),
    Errand("correct", _send, _correct, tells=EntryKind.CORRECTED, copies=1),
    Errand("correct what was declined", _decline, _correct, tells=EntryKind.CORRECTED, copies=1, thinned=2),
    Errand("edit draft", _draft, lambda w: _replaces_order(w, "svc_2", "svc_3", memo="Hi"), mails=0),
    Errand("refused edit", _draft, lambda w: _replaces_order(w, "svc_1", "svc_3", memo="x" * 1501), mails=0),
    Errand("edit of 95", _draft, lambda w: _replaces_order(w, *(f"n_{n}" for n in range(95))), mails=0, thinned=3),
    Errand("apply event", _deliverable, _deliver),
    Errand("customer sync", _edit, lambda w: sync_customer(ORGANIZATION, CustomerId("cust_1"), w.ports)),
    Errand("new customer", _connected, lambda w: sync_customer(ORGANIZATION, CustomerId("cust_1"), w.ports), mails=0),
    Errand("reconcile", _paid_unheard, lambda world: world.sweep()),
    Errand("remind", _sent_yesterday, lambda w: remind(ORGANIZATION, _invoice(w).id, OFFICE, w.ports), mails=2),
    Errand("turn overdue", _due_a_day_ago, lambda world: world.plan_day()),
    Errand(
        "cash",
        _send,
        lambda w: mark_paid(ORGANIZATION, _invoice(w).id, OFFICE, Settlement("cash"), w.ports),
        tells=EntryKind.MARKED_PAID,
    ),
    Errand(
        "give up",
        _past_its_window,
        lambda w: give_up_if_due(ORGANIZATION, _invoice(w).id, w.ports),
        tells=EntryKind.GIVEN_UP,
    ),
    Errand("refund", _pay, _refund, tells=EntryKind.REFUNDED),
    Errand("read fee", _book_payment, _read_fee),
    Errand("read payout", _paid_out, _read_payouts, thinned=3),
    Errand("read payout with a failing page", _paid_out, _read_payouts_with_a_failing_page, thinned=3),
    Errand("read payout that pays out again", _paid_out_again, _read_payouts, thinned=3),
    Errand("compare payout", _with_wrong_lines, _compare_payouts, thinned=3),
    Errand("erase", _same_everywhere, _erase, later=_erased_in_the_end, thinned=3),
)  # fmt: skip


def _invoice(world: World):  # type: ignore[no-untyped-def]
    [invoice] = world.ports.database.invoices.values()
    return invoice


def boundaries_of(errand: Errand) -> list[str]:
    """Returns the calls that leave the process in a run without faults."""
    world = World()
    errand.before(world)
    boundaries = count_calls(world)
    with suppress(Refused):
        errand.do(world)
    return boundaries.calls


def fate(errand: Errand, number: int, *, after: bool, gap: int, again: bool) -> str | None:
    """Returns the fault at the end if the errand is killed there, or None."""
    world = World()
    errand.before(world)
    if errand.name == "connect":
        world.account()
    count_calls(world, fatal=number, after=after)
    with suppress(ProcessKilled, IntegrationError):
        errand.do(world)
    stop_counting(world)
    if again:
        with suppress(IntegrationError):
            errand.do(world)
    for wait in (gap, 3601, 3601):
        world.advance(wait)
        world.deliver()
        with suppress(IntegrationError):  # the refusal of an edit, which the worker puts into the log
            world.resume()
    with suppress(IntegrationError):
        errand.do(world)
    world.double.set_delivery(lose_rate=0.0)
    world.deliver()
    world.work()
    world.sweep()
    world.work()
    return errand.later(world) or _faults(world, errand)


def _faults(world: World, errand: Errand) -> str | None:
    database = world.ports.database
    connection = world.ports.connections.get(ORGANIZATION)
    if not connection.active or connection.account_id is None:
        return "not connected in the end"
    ledger = world.double.ledger(connection.account_id)
    faults = differences(ledger, database.invoices.values())
    faults += faults_of_money(Books(world.double, connection.account_id, database, ORGANIZATION))
    faults += faults_of_orders(
        database.invoices.values(), database, world.double.world.ledgers[connection.account_id]
    )
    if faults:
        return str(faults)
    mails = len(ledger["mails"])
    # A reminder on another day is a new reminder, so it sends another e-mail.
    allowed_mails = (errand.mails, errand.mails + 1) if errand.name == "remind" else (errand.mails,)
    if mails not in allowed_mails:
        return f"{mails} e-mails"
    customers = [c for c in ledger["objects"].get("customer", ()) if not c.get("_deleted")]
    if len(customers) > 1:
        return f"{len(customers)} customers"
    invoices = ledger["objects"].get("invoice", ())
    if len(invoices) > 1 + errand.copies:
        return "several Stripe invoices"
    if sum(each["status"] != "void" for each in invoices if not each.get("_deleted")) > 1:
        return "two Stripe invoices that can be paid"
    if len(database.invoices) > 1 + errand.copies:
        return "several invoices"
    if errand.copies and [each.status for each in database.invoices.values() if each.corrects] != ["draft"]:
        return "no draft copy in the end"
    if any(invoice.saga.running for invoice in database.invoices.values()):
        return "still being made"
    for batch in database.batches.values():
        outcome = ItemStatus.SENT if errand.mails else ItemStatus.HELD_BACK
        if batch.status is not BatchStatus.COMPLETED or batch.counts != {outcome: 1}:
            return f"the batch is {batch.status} with {batch.counts}"
    for invoice in database.invoices.values():
        wrong = None if invoice.corrects else _faults_of_reads(invoice, errand, database)
        if wrong is not None:
            return wrong
    now = world.ports.clock.now()
    if any((invoice.turns_overdue_at or now + 1) <= now for invoice in database.invoices.values()):
        return "its due day is over, and it is not overdue"
    return None


def _faults_of_reads(invoice: Invoice, errand: Errand, database: FakeDatabase) -> str | None:
    """Returns what is wrong with the timeline of an invoice or with the rows of its money, or None."""
    published = [entry.kind for entry in timeline(invoice)]
    if errand.tells is not None and published.count(errand.tells) != 1:
        return f"the timeline tells {published.count(errand.tells)} times that it was {errand.tells}"
    mails = [each for each in published if each in (EntryKind.SENT, EntryKind.REMINDED)]
    if errand.name != "remind" and len(mails) != errand.mails:
        return f"the timeline tells of {len(mails)} e-mails"
    rows = rows_of(database).get((invoice.organization_id, invoice.id), {}).values()
    if sum(row.counted for row in rows) != invoice.amounts.received:
        return f"its rows do not add up to what it received: {rows}"
    faults = faults_of_rows(invoice, database)
    return faults[0] if faults else None


def prove(budget: Budget) -> Result:
    result = Result("crash at every boundary", "crashes", seed=budget.seed)
    calls = {errand.name: boundaries_of(errand) for errand in ERRANDS}
    turn = 0
    for errand in ERRANDS:
        every = budget.of(9 * errand.thinned, 3 * errand.thinned, 1)
        for number, call in enumerate(calls[errand.name]):
            for after in (False, True):
                for gap in (LEASE + 1, 25 * 3600):
                    for again in (False, True):
                        turn += 1
                        if (turn + budget.seed) % every:
                            continue
                        result.count += 1
                        wrong = fate(errand, number, after=after, gap=gap, again=again)
                        if wrong:
                            where = f"{'after' if after else 'before'} {number} {call}"
                            result.failures.append(f"{errand.name}, killed {where}, {gap=} {again=}: {wrong}")
    result.figures = {"errands": len(ERRANDS), "boundaries": sum(map(len, calls.values()))}
    return result
