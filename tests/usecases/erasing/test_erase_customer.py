"""Tests the erasure of a customer: the worker erases all data of the person once nothing is open, and repeats the
pass a day later.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import ERASED_TEXT, ErasureStatus, InStripe
from chalicelib.domain.erasure_blockers import INVOICE_OPEN
from chalicelib.domain.errors import Conflict, CustomerUnsettled
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.payments import payments_of
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import Period
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.connecting.connect import disconnect
from chalicelib.usecases.erasing import erase_records
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER, erase_customer
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.events.receive_event import receive_event
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.reconciling.backfill import BackfillOutcome, backfill, invoices_to_backfill
from chalicelib.usecases.reconciling.tie_out import tie_out
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.oracle import differences
from tests.usecases.erasing.person import ANN, BOB, DAY, PROFILE, Company
from tests.usecases.events.test_parked_events import fail_with
from tests.usecases.reconciling.test_backfill import lose_records
from tests.world import ADMIN, OFFICE, ORGANIZATION


def bill_in_every_way(company: Company) -> list[Invoice]:
    """Gives Annabel one settled invoice of every kind and returns the invoices."""
    paid_invoice, refunded_invoice, disputed_invoice = (
        company.bill_and_pay(),
        company.bill_and_pay(),
        company.bill_and_pay(),
    )
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(refunded_invoice)[0].id})
    [charge] = disputed_invoice.facts.charges.values()
    dispute = company.world.double.open_dispute(company.account, charge.id)
    company.world.double.move_dispute(company.account, dispute["id"], "lost")
    paid_by_check, voided, uncollectible = company.bill_and_pay_by_check(), company.bill(), company.bill()
    void_invoice(ORGANIZATION, voided.id, OFFICE, company.world.ports)
    company.act_in_stripe("invoices", "mark_uncollectible", str(uncollectible.stripe_invoice_id), None)
    company.settle()
    return [
        company.world.now(each)
        for each in (paid_invoice, refunded_invoice, disputed_invoice, paid_by_check, voided, uncollectible)
    ]


def bookkeeping(company: Company) -> Any:
    """Returns everything that the company's bookkeeping reads."""
    ports = company.world.ports
    day = dt.date(2027, 1, 15)
    tallies = ports.summaries.tallies(ORGANIZATION, Period(day - dt.timedelta(30), day + dt.timedelta(30)))
    invoices = {
        each.id: (each.status, each.total, each.paid_amount, each.refunded_amount, each.due_day, each.paid_on,
                  each.facts.invoice.number if each.facts.invoice else None, each.order.services)
        for each in ports.database.invoices.values()
    }  # fmt: skip
    rows = {key: replace(row, brand=None, last4=None, reason=None) for key, row in ports.database.movements.items()}
    return tallies, invoices, rows


def test_an_erasure_removes_all_data_of_the_person_and_keeps_the_books(company: Company) -> None:
    bill_in_every_way(company)
    company.bill_and_pay(BOB, "pm_card_mastercard", memo=None, footer=None, deductions=())
    before = bookkeeping(company)
    assert "annabel" in company.personal_words()
    company.erase()
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASED, [])
    assert bookkeeping(company) == before
    comparison = tie_out(ORGANIZATION, company.world.ports, days=3)
    assert (comparison.compared, comparison.differences) == (True, ())
    assert (
        differences(company.world.double.ledger(company.account), company.world.ports.database.invoices.values())
        == []
    )


def test_an_erasure_does_not_change_other_customers(company: Company) -> None:
    bill_in_every_way(company)
    company.bill_and_pay(BOB, memo="Gate code", deductions=())
    database = company.world.ports.database

    def of_bob() -> Any:
        rows = [row for row in database.movements.values() if row.customer_id == BOB]
        invoices = [each for each in database.invoices.values() if each.order.customer_id == BOB]
        return database.customers[ORGANIZATION, BOB], invoices, rows

    before = of_bob()
    company.erase(InStripe.DELETE)
    company.finish()
    assert of_bob() == before
    [bob] = [each for each in company.world.in_stripe(company.account, "customer") if not each.get("deleted")]
    assert bob["email"] == "bob@example.test"


def test_required_texts_are_replaced_by_a_note_that_they_were_erased(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.erase()
    order = company.world.now(invoice).order
    assert [each.description for each in (*order.line_items, *order.deductions)] == [ERASED_TEXT, ERASED_TEXT]
    assert (order.memo, order.footer, order.fingerprint) == (None, None, "")


def test_erasing_an_invoice_publishes_no_change(company: Company) -> None:
    invoices = bill_in_every_way(company)
    company.erase()
    for before in invoices:
        after = company.world.now(before)
        assert after.erased_at is not None
        assert invoice_difference(before, after).types == ()


def test_an_erasure_begins_once_every_earlier_request_must_be_over(company: Company) -> None:
    company.bill_and_pay()
    before = company.ann.profile
    company.request()
    company.world.resume()
    company.wait(BEGINS_AFTER - 1)
    assert (company.status, company.ann.profile) == (ErasureStatus.WAITING, before)
    assert company.world.ports.customers.erasures_due(company.world.ports.clock.now(), 10) == []
    company.wait(1)
    assert (company.status, company.ann.profile) == (ErasureStatus.ERASING, Profile())


def test_an_erasure_job_that_is_not_due_or_was_not_requested_does_nothing(company: Company) -> None:
    ports = company.world.ports
    assert erase_customer(ORGANIZATION, ANN, ports) is None
    assert erase_customer(ORGANIZATION, CustomerId("cust_9"), ports) is None
    company.erase()
    boundaries = count_calls(company.world)
    assert erase_customer(ORGANIZATION, ANN, company.world.ports) is ErasureStatus.ERASING
    assert boundaries.calls == ["customers.get"]
    stop_counting(company.world)


def test_an_erasure_waits_for_an_invoice_that_was_being_created(company: Company) -> None:
    closed_customer = company.request()
    ports = company.world.ports
    # A request had read the customer before the erasure was stored, and creates its invoice now.
    ports.database.customers[ORGANIZATION, ANN] = replace(closed_customer, erasure=None)
    invoice = company.bill()
    ports.database.customers[ORGANIZATION, ANN] = replace(closed_customer, version=company.ann.version)
    company.wait()
    assert [(each.code, each.object_id) for each in company.erasure.waits_for] == [(INVOICE_OPEN, invoice.id)]
    assert (company.status, company.ann.profile) == (ErasureStatus.WAITING, PROFILE)
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id))
    company.settle()
    company.wait(DAY)
    assert (company.status, company.erasure.waits_for, company.personal_words()) == (ErasureStatus.ERASING, (), [])


def test_an_open_invoice_found_after_the_erasure_is_erased_once_it_is_settled(company: Company) -> None:
    company.erase()
    before = company.ann
    company.world.ports.database.customers[ORGANIZATION, ANN] = replace(
        before, erasure=None, profile=PROFILE, edition=9
    )
    invoice = company.bill()
    company.world.ports.database.customers[ORGANIZATION, ANN] = replace(before, version=company.ann.version)
    company.finish()
    assert company.status is ErasureStatus.ERASING
    assert [each.object_id for each in company.erasure.waits_for] == [invoice.id]
    assert company.world.now(invoice).erased_at is None
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id))
    company.settle()
    company.wait(DAY)
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert company.status is ErasureStatus.ERASED


def test_the_second_pass_erases_records_that_the_lists_missed_and_repeats_until_none_is_left(
    company: Company,
) -> None:
    invoice = company.bill_and_pay()
    hidden = company.world.ports.database.invoices.pop((ORGANIZATION, invoice.id))
    company.erase()
    company.world.ports.database.invoices[ORGANIZATION, invoice.id] = hidden
    company.finish()
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert company.status is ErasureStatus.ERASED
    assert company.world.ports.customers.erasures_due(company.world.ports.clock.now() + 10 * DAY, 10) == []


def test_an_open_invoice_on_a_former_account_does_not_delay_an_erasure(
    company: Company,
) -> None:
    open_invoice, draft = company.bill(), company.bill(send=False)
    disconnect(ORGANIZATION, ADMIN, company.world.ports)
    with pytest.raises(CustomerUnsettled):
        company.request()
    company.world.connect()
    with pytest.raises(Conflict, match="invoice_of_other_account"):
        void_invoice(ORGANIZATION, open_invoice.id, OFFICE, company.world.ports)
    company.erase()
    company.finish()
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASED, [])
    assert [company.world.now(each).status for each in (open_invoice, draft)] == ["pending", "draft"]
    company.world.connect(account=company.account)
    company.world.double.pay(company.account, str(open_invoice.stripe_invoice_id))
    company.settle()
    company.world.sweep()
    assert (company.world.now(open_invoice).status, company.personal_words()) == (InvoiceStatus.PAID, [])


# Stripe's customer


def stripe_customer_ids(company: Company) -> list[str]:
    customers = company.world.in_stripe(company.account, "customer")
    return [each["id"] for each in customers if not each.get("deleted")]


def test_the_stripe_customer_is_deleted_or_kept_as_requested() -> None:
    for in_stripe, remaining in ((InStripe.KEEP, 2), (InStripe.DELETE, 1)):
        company = Company()
        company.bill_and_pay()
        company.erase(in_stripe)
        assert len(stripe_customer_ids(company)) == remaining
        assert (company.erasure.deleted_in_stripe_at is not None) == (in_stripe is InStripe.DELETE)
        assert company.erasure.not_deleted_because is None


def test_a_stripe_customer_whose_creation_got_no_response_is_deleted_too(company: Company) -> None:
    orphan = {"email": "Annabel.Recognizable@example.test", "metadata": {
        "pom_organization_id": ORGANIZATION, "pom_customer_id": ANN}}  # fmt: skip
    stripe_customer = company.act_in_stripe("customers", "create", orphan)
    foreign_customer = company.act_in_stripe("customers", "create", {"email": "Annabel.Recognizable@example.test"})
    company.erase(InStripe.DELETE)
    assert stripe_customer.id not in stripe_customer_ids(company)
    assert foreign_customer.id in stripe_customer_ids(company)


def test_an_erasure_without_a_connection_finishes_and_says_that_stripe_was_not_reached(company: Company) -> None:
    company.bill_and_pay()
    company.request(InStripe.DELETE)
    company.world.double.revoke(company.account)
    company.wait()
    assert (company.erasure.not_deleted_because, company.erasure.deleted_in_stripe_at) == (
        "stripe_not_connected",
        None,
    )
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, [])


def test_a_stripe_customer_on_another_account_is_not_deleted_and_the_erasure_says_so(company: Company) -> None:
    company.request(InStripe.DELETE)
    connection = company.world.ports.connections.get(ORGANIZATION)
    other_account = company.world.account()
    company.world.ports.database.connections[ORGANIZATION] = replace(connection, account_id=other_account)
    company.wait()
    assert company.erasure.not_deleted_because == "stripe_customer_of_other_account"


def test_an_erasure_waits_while_stripe_does_not_respond(company: Company) -> None:
    company.request(InStripe.DELETE)
    company.world.advance(BEGINS_AFTER)
    company.world.double.order_fault("close_before", path="/v1/customers*", count=50)
    with pytest.raises(Exception, match="stripe_"):
        erase_customer(ORGANIZATION, ANN, company.world.ports)
    assert company.ann.profile == PROFILE
    company.world.double.clear_faults()
    company.wait()
    assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, [])


# After the erasure


def test_events_about_the_erased_stripe_customer_are_counted_and_change_nothing(company: Company) -> None:
    company.bill_and_pay()
    company.erase()
    stripe_id = company.ann.linked_id
    before = company.ann
    company.world.receipts.clear()
    company.act_in_stripe("customers", "update", stripe_id, {"name": "Annabel Recognizable", "phone": "+1 555 0199"})
    company.act_in_stripe("customers", "delete", stripe_id, None)
    outcomes = [each.outcome for each in company.world.receipts if each.event_type.startswith("customer.")]
    assert outcomes == [EventOutcome.ERASED, EventOutcome.ERASED]
    assert (company.ann, company.personal_words()) == (before, [])
    events = company.world.double.events(company.account)
    for event in (each for each in events if each["type"] == "customer.deleted"):
        company.world.double.resend(company.account, event["id"])
    company.settle()
    assert company.world.receipts[-1].outcome is EventOutcome.DUPLICATE


def test_late_refunds_and_disputes_change_the_status_and_restore_no_personal_data(
    company: Company,
) -> None:
    refunded_invoice, disputed_invoice = company.bill_and_pay(), company.bill_and_pay()
    company.erase()
    company.finish()
    refund = company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(refunded_invoice)[0].id})
    assert company.world.now(refunded_invoice).status is InvoiceStatus.REFUNDED
    company.world.double.settle_refund(company.account, refund.id, outcome="failed")
    company.settle()
    assert company.world.now(refunded_invoice).status is InvoiceStatus.PAID
    [charge] = disputed_invoice.facts.charges.values()
    company.world.double.open_dispute(company.account, charge.id)
    company.settle()
    assert company.world.now(disputed_invoice).disputed
    assert company.personal_words() == []


def test_sweeps_and_repeated_events_restore_no_personal_data(company: Company) -> None:
    bill_in_every_way(company)
    company.erase()
    before = updates_of_invoices(company)
    company.world.ports.database.events.clear()
    for event in company.world.double.events(company.account):
        company.world.double.resend(company.account, event["id"])
    company.settle()
    company.world.sweep()
    assert (company.personal_words(), updates_of_invoices(company)) == ([], before)


def updates_of_invoices(company: Company) -> Any:
    """Returns the status and the time of the last change of each invoice."""
    return {key: (each.status, each.updated_at) for key, each in company.world.ports.database.invoices.items()}


def test_a_recreated_invoice_of_an_erased_customer_holds_no_personal_data(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.erase()
    company.finish()
    lose_records(company.world, invoice)
    stripe_invoices = invoices_to_backfill(
        ORGANIZATION, company.world.ports.clock.now() - 90 * DAY, company.world.ports
    )
    outcomes = [backfill(each, ORGANIZATION, company.world.ports).did for each in stripe_invoices]
    assert BackfillOutcome.RECREATED in outcomes
    again = company.world.now(invoice)
    assert (again.status, again.order.customer_id, again.erased_at) == (
        InvoiceStatus.PAID,
        ANN,
        company.erasure.erased_at,
    )
    assert company.personal_words() == []


def test_a_payment_row_that_its_invoice_no_longer_names_is_erased_too(company: Company) -> None:
    invoice = company.bill_and_pay()
    database = company.world.ports.database
    [row] = [each for each in database.movements.values() if each.invoice_id == invoice.id]
    database.movements[ORGANIZATION, "ch_former"] = replace(row, id="ch_former", status="failed")
    company.erase()
    assert company.personal_words() == []
    row_after = database.movements[ORGANIZATION, "ch_former"]
    assert (row_after.status, row_after.amount, row_after.method) == ("failed", row.amount, row.method)


# Batches


def test_a_cancelled_import_loses_its_data_of_the_person(company: Company) -> None:
    rows = (Row(ANN, Save(PROFILE)), Row(CustomerId("cust_3"), Save(Profile(first_name="Cleo"))))
    company.world.ports.queues.take()
    batch = import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)
    company.world.ports.queues.take()
    header = company.world.ports.database.batches[ORGANIZATION, batch.id]
    company.world.ports.database.batches[ORGANIZATION, batch.id] = header.cancelled(company.world.ports.clock.now())
    company.world.ports.database.parts.clear()
    company.erase()
    items = company.world.ports.batches.items_at(header, [0, 1])
    assert (items[0].profile, items[1].profile) == (None, Profile(first_name="Cleo"))
    assert company.personal_words() == []


def test_an_erasure_longer_than_one_run_continues_in_the_next_run(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple(Row(CustomerId(f"cust_{n}"), Save(Profile(email=f"owner{n}@example.test"))) for n in range(3, 9))
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)
    company.settle()
    company.bill_and_pay()
    company.request()
    company.world.advance(BEGINS_AFTER)
    monkeypatch.setattr(erase_records, "RUN_FOR", 0)
    assert erase_customer(ORGANIZATION, ANN, company.world.ports) is ErasureStatus.ERASING
    assert (company.erasure.reached, company.erasure.passed_at) == ("", None)
    monkeypatch.undo()
    company.world.resume()
    assert (company.erasure.reached, company.personal_words()) == (None, [])
    assert company.erasure.passed_at is not None


# Parked events


def test_a_parked_event_about_the_person_keeps_only_ids_and_is_still_applied(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.world.double.set_delivery(lose=["*"])
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    events = [each for page in pages for each in page if each.type == "charge.refunded"]
    real = company.world.ports.invoices, company.world.ports.events
    fail_with(company.world, KeyError("a defect"))
    assert receive_event(events[0], Source.WEBHOOK, company.world.ports).outcome is EventOutcome.PARKED
    company.world.ports.invoices, company.world.ports.events = real
    company.erase()
    [parked_event] = company.world.ports.events.all_parked_events(company.account)
    assert events[0].object_id in parked_event.body
    assert company.personal_words() == []
    company.world.sweep(objects=False)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert list(company.world.ports.events.all_parked_events(company.account)) == []
    assert company.personal_words() == []


def test_an_event_parked_after_the_erasure_is_stored_with_only_its_ids(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.erase()
    stripe_id = company.ann.linked_id
    company.world.double.set_delivery(lose=["*"])
    company.act_in_stripe("customers", "update", stripe_id, {"name": "Annabel R. Recognizable"})
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    fail_with(company.world, KeyError("a defect"))
    for event in (each for page in pages for each in page):
        receive_event(event, Source.WEBHOOK, company.world.ports)
    kinds = {json.loads(each.body)["type"] for each in company.world.ports.events.all_parked_events(company.account)}
    assert {"customer.updated", "charge.refunded"} <= kinds
    assert company.personal_words() == []


def test_an_event_parked_without_its_invoice_is_recognized_by_its_stripe_customer(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = company.bill_and_pay()
    company.erase()
    [charge] = invoice.facts.charges
    company.world.double.set_delivery(lose=["*"])
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    [event] = [each for page in pages for each in page if each.type == "charge.refunded"]
    assert (event.object_id, "annabel" in event.body.lower()) == (charge, True)

    def defect(*_: Any) -> Any:
        raise KeyError("a defect")

    monkeypatch.setattr(company.world.ports.invoices, "find_by_reference", defect)
    assert receive_event(event, Source.WEBHOOK, company.world.ports).outcome is EventOutcome.PARKED
    monkeypatch.undo()
    assert company.personal_words() == []
    company.world.sweep(objects=False)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert list(company.world.ports.events.all_parked_events(company.account)) == []


def test_a_parked_event_that_names_only_the_stripe_customer_keeps_only_ids(company: Company) -> None:
    invoice = company.bill_and_pay()
    former = str(invoice.stripe_customer_id)
    customer_without_link = replace(company.ann, link=None, claim=None, former_stripe_ids=())
    company.world.ports.database.customers[ORGANIZATION, ANN] = customer_without_link
    company.world.double.set_delivery(lose=["*"])
    company.act_in_stripe("customers", "update", former, {"name": "Annabel R. Recognizable"})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    [event] = [each for page in pages for each in page if "Annabel R. Recognizable" in each.body]
    company.world.ports.events.park(event, now, "a_defect")
    company.erase()
    assert company.personal_words() == []


# Crashes


@pytest.mark.parametrize("after", [False, True])
def test_an_erasure_finishes_wherever_a_worker_dies(after: bool) -> None:
    number, finals = 0, []
    while True:
        company = Company()
        bill_in_every_way(company)
        company.request(InStripe.DELETE)
        company.world.advance(BEGINS_AFTER)
        boundaries = count_calls(company.world, fatal=number, after=after)
        died = False
        try:
            erase_customer(ORGANIZATION, ANN, company.world.ports)
        except ProcessKilled:
            died = True
        stop_counting(company.world)
        company.wait()
        assert (company.status, company.personal_words()) == (ErasureStatus.ERASING, []), boundaries.calls[-1]
        company.finish()
        company.finish()
        assert company.status is ErasureStatus.ERASED
        assert company.erasure.deleted_in_stripe_at is not None
        finals.append(bookkeeping(company))
        if not died:
            break
        number += 1
    assert number > 20
    assert all(each == finals[-1] for each in finals)


def test_a_refund_during_the_erasure_of_its_invoice_is_not_lost(company: Company) -> None:
    invoice = company.bill_and_pay()
    company.request()
    company.settle()
    company.world.advance(BEGINS_AFTER)
    save = company.world.ports.invoices.save

    def refund_and_save(*arguments: Any) -> Any:
        company.world.ports.invoices.save = save  # type: ignore[method-assign]
        company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
        return save(*arguments)

    company.world.ports.invoices.save = refund_and_save  # type: ignore[method-assign]
    erase_customer(ORGANIZATION, ANN, company.world.ports)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert company.personal_words() == []


def test_the_second_pass_runs_a_day_after_the_first(company: Company) -> None:
    company.erase()
    company.wait(SECOND_LOOK_AFTER - 1)
    assert company.status is ErasureStatus.ERASING
    company.wait(1)
    assert company.status is ErasureStatus.ERASED
