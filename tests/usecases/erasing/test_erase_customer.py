"""Once nothing is open, the worker erases all that POM holds of the person, and looks once more a day later."""

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
from tests.usecases.reconciling.test_backfill import lose
from tests.world import ADMIN, OFFICE, ORGANIZATION


def busy(company: Company) -> list[Invoice]:
    """Annabel has had settled invoices of every kind, and so has Bob one."""
    paid, refunded, disputed = company.paid(), company.paid(), company.paid()
    company.stripe("refunds", "create", {"payment_intent": payments_of(refunded)[0].id})
    [charge] = disputed.facts.charges.values()
    dispute = company.world.double.open_dispute(company.account, charge.id)
    company.world.double.move_dispute(company.account, dispute["id"], "lost")
    by_check, voided, given_up = company.paid_by_check(), company.bill(), company.bill()
    void_invoice(ORGANIZATION, voided.id, OFFICE, company.world.ports)
    company.stripe("invoices", "mark_uncollectible", str(given_up.stripe_invoice_id), None)
    company.settle()
    return [company.world.now(each) for each in (paid, refunded, disputed, by_check, voided, given_up)]


def books(company: Company) -> Any:
    """What the company's bookkeeping reads."""
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


def test_nothing_of_the_person_is_left_and_the_books_are_as_they_were(company: Company) -> None:
    busy(company)
    company.paid(BOB, "pm_card_mastercard", memo=None, footer=None, deductions=())
    before = books(company)
    assert "annabel" in company.found()
    company.erase()
    assert (company.status, company.found()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert (company.status, company.found()) == (ErasureStatus.ERASED, [])
    assert books(company) == before
    found = tie_out(ORGANIZATION, company.world.ports, days=3)
    assert (found.compared, found.differences) == (True, ())
    assert (
        differences(company.world.double.ledger(company.account), company.world.ports.database.invoices.values())
        == []
    )


def test_others_are_not_touched(company: Company) -> None:
    busy(company)
    company.paid(BOB, memo="Gate code", deductions=())
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


def test_texts_that_people_expect_say_that_they_were_erased(company: Company) -> None:
    invoice = company.paid()
    company.erase()
    order = company.world.now(invoice).order
    assert [each.description for each in (*order.line_items, *order.deductions)] == [ERASED_TEXT, ERASED_TEXT]
    assert (order.memo, order.footer, order.fingerprint) == (None, None, "")


def test_erasing_an_invoice_tells_nobody_that_something_happened_to_it(company: Company) -> None:
    invoices = busy(company)
    company.erase()
    for before in invoices:
        after = company.world.now(before)
        assert after.erased_at is not None
        assert invoice_difference(before, after).types == ()


def test_nothing_is_erased_before_everybody_who_read_the_customer_is_done(company: Company) -> None:
    company.paid()
    before = company.ann.profile
    company.ask()
    company.world.resume()
    company.wait(BEGINS_AFTER - 1)
    assert (company.status, company.ann.profile) == (ErasureStatus.WAITING, before)
    assert company.world.ports.customers.erasures_due(company.world.ports.clock.now(), 10) == []
    company.wait(1)
    assert (company.status, company.ann.profile) == (ErasureStatus.ERASING, Profile())


def test_a_job_that_is_not_due_or_not_asked_for_does_nothing(company: Company) -> None:
    ports = company.world.ports
    assert erase_customer(ORGANIZATION, ANN, ports) is None
    assert erase_customer(ORGANIZATION, CustomerId("cust_9"), ports) is None
    company.erase()
    boundaries = count_calls(company.world)
    assert erase_customer(ORGANIZATION, ANN, company.world.ports) is ErasureStatus.ERASING
    assert boundaries.calls == ["customers.get"]
    stop_counting(company.world)


def test_an_invoice_that_was_being_made_is_waited_for_and_nothing_open_is_erased(company: Company) -> None:
    asked = company.ask()
    ports = company.world.ports
    # A request had read the customer before the erasure was stored, and makes its invoice now.
    ports.database.customers[ORGANIZATION, ANN] = replace(asked, erasure=None)
    invoice = company.bill()
    ports.database.customers[ORGANIZATION, ANN] = replace(asked, version=company.ann.version)
    company.wait()
    assert [(each.code, each.object_id) for each in company.erasure.waits_for] == [(INVOICE_OPEN, invoice.id)]
    assert (company.status, company.ann.profile) == (ErasureStatus.WAITING, PROFILE)
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id))
    company.settle()
    company.wait(DAY)
    assert (company.status, company.erasure.waits_for, company.found()) == (ErasureStatus.ERASING, (), [])


def test_what_is_found_open_after_the_customer_was_erased_is_left_until_it_is_settled(company: Company) -> None:
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
    assert (company.status, company.found()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert company.status is ErasureStatus.ERASED


def test_the_second_look_finds_what_the_lists_did_not_show_and_is_repeated_until_nothing_is_left(
    company: Company,
) -> None:
    invoice = company.paid()
    hidden = company.world.ports.database.invoices.pop((ORGANIZATION, invoice.id))
    company.erase()
    company.world.ports.database.invoices[ORGANIZATION, invoice.id] = hidden
    company.finish()
    assert (company.status, company.found()) == (ErasureStatus.ERASING, [])
    company.finish()
    assert company.status is ErasureStatus.ERASED
    assert company.world.ports.customers.erasures_due(company.world.ports.clock.now() + 10 * DAY, 10) == []


def test_what_is_open_on_an_account_that_the_company_left_holds_up_no_erasure(
    company: Company,
) -> None:
    opened, draft = company.bill(), company.bill(send=False)
    disconnect(ORGANIZATION, ADMIN, company.world.ports)
    with pytest.raises(CustomerUnsettled):
        company.ask()
    company.world.connect()
    with pytest.raises(Conflict, match="invoice_of_other_account"):
        void_invoice(ORGANIZATION, opened.id, OFFICE, company.world.ports)
    company.erase()
    company.finish()
    assert (company.status, company.found()) == (ErasureStatus.ERASED, [])
    assert [company.world.now(each).status for each in (opened, draft)] == ["pending", "draft"]
    company.world.connect(account=company.account)
    company.world.double.pay(company.account, str(opened.stripe_invoice_id))
    company.settle()
    company.world.sweep()
    assert (company.world.now(opened).status, company.found()) == (InvoiceStatus.PAID, [])


# Stripe's customer


def living(company: Company) -> list[str]:
    customers = company.world.in_stripe(company.account, "customer")
    return [each["id"] for each in customers if not each.get("deleted")]


def test_the_stripe_customer_is_deleted_or_kept_as_was_asked() -> None:
    for in_stripe, left in ((InStripe.KEEP, 2), (InStripe.DELETE, 1)):
        company = Company()
        company.paid()
        company.erase(in_stripe)
        assert len(living(company)) == left
        assert (company.erasure.deleted_in_stripe_at is not None) == (in_stripe is InStripe.DELETE)
        assert company.erasure.not_deleted_because is None


def test_a_stripe_customer_whose_making_was_never_answered_is_deleted_too(company: Company) -> None:
    orphan = {"email": "Annabel.Recognizable@example.test", "metadata": {
        "pom_organization_id": ORGANIZATION, "pom_customer_id": ANN}}  # fmt: skip
    made = company.stripe("customers", "create", orphan)
    foreign = company.stripe("customers", "create", {"email": "Annabel.Recognizable@example.test"})
    company.erase(InStripe.DELETE)
    assert made.id not in living(company)
    assert foreign.id in living(company)


def test_an_erasure_whose_connection_is_gone_goes_on_and_says_that_stripe_was_not_reached(company: Company) -> None:
    company.paid()
    company.ask(InStripe.DELETE)
    company.world.double.revoke(company.account)
    company.wait()
    assert (company.erasure.not_deleted_because, company.erasure.deleted_in_stripe_at) == (
        "stripe_not_connected",
        None,
    )
    assert (company.status, company.found()) == (ErasureStatus.ERASING, [])


def test_a_stripe_customer_on_another_account_is_not_deleted_and_the_erasure_says_so(company: Company) -> None:
    company.ask(InStripe.DELETE)
    connection = company.world.ports.connections.get(ORGANIZATION)
    other = company.world.account()
    company.world.ports.database.connections[ORGANIZATION] = replace(connection, account_id=other)
    company.wait()
    assert company.erasure.not_deleted_because == "stripe_customer_of_other_account"


def test_while_stripe_does_not_answer_nothing_is_erased_and_the_erasure_goes_on_later(company: Company) -> None:
    company.ask(InStripe.DELETE)
    company.world.advance(BEGINS_AFTER)
    company.world.double.order_fault("close_before", path="/v1/customers*", count=50)
    with pytest.raises(Exception, match="stripe_"):
        erase_customer(ORGANIZATION, ANN, company.world.ports)
    assert company.ann.profile == PROFILE
    company.world.double.clear_faults()
    company.wait()
    assert (company.status, company.found()) == (ErasureStatus.ERASING, [])


# Afterwards


def test_events_about_the_erased_stripe_customer_are_counted_and_change_nothing(company: Company) -> None:
    company.paid()
    company.erase()
    linked = company.ann.linked_id
    before = company.ann
    company.world.receipts.clear()
    company.stripe("customers", "update", linked, {"name": "Annabel Recognizable", "phone": "+1 555 0199"})
    company.stripe("customers", "delete", linked, None)
    outcomes = [each.outcome for each in company.world.receipts if each.event_type.startswith("customer.")]
    assert outcomes == [EventOutcome.ERASED, EventOutcome.ERASED]
    assert (company.ann, company.found()) == (before, [])
    events = company.world.double.events(company.account)
    for event in (each for each in events if each["type"] == "customer.deleted"):
        company.world.double.resend(company.account, event["id"])
    company.settle()
    assert company.world.receipts[-1].outcome is EventOutcome.DUPLICATE


def test_a_late_refund_and_its_failure_and_a_dispute_still_change_the_status_and_bring_nobody_back(
    company: Company,
) -> None:
    refunded, disputed = company.paid(), company.paid()
    company.erase()
    company.finish()
    refund = company.stripe("refunds", "create", {"payment_intent": payments_of(refunded)[0].id})
    assert company.world.now(refunded).status is InvoiceStatus.REFUNDED
    company.world.double.settle_refund(company.account, refund.id, outcome="failed")
    company.settle()
    assert company.world.now(refunded).status is InvoiceStatus.PAID
    [charge] = disputed.facts.charges.values()
    company.world.double.open_dispute(company.account, charge.id)
    company.settle()
    assert company.world.now(disputed).disputed
    assert company.found() == []


def test_no_sweep_and_no_event_that_comes_again_brings_the_person_back(company: Company) -> None:
    busy(company)
    company.erase()
    before = told(company)
    company.world.ports.database.events.clear()
    for event in company.world.double.events(company.account):
        company.world.double.resend(company.account, event["id"])
    company.settle()
    company.world.sweep()
    assert (company.found(), told(company)) == ([], before)


def told(company: Company) -> Any:
    """When each invoice changed last, as people see it."""
    return {key: (each.status, each.updated_at) for key, each in company.world.ports.database.invoices.items()}


def test_a_lost_invoice_of_an_erased_customer_comes_back_without_the_person(company: Company) -> None:
    invoice = company.paid()
    company.erase()
    company.finish()
    lose(company.world, invoice)
    listed = invoices_to_backfill(ORGANIZATION, company.world.ports.clock.now() - 90 * DAY, company.world.ports)
    did = [backfill(each, ORGANIZATION, company.world.ports).did for each in listed]
    assert BackfillOutcome.RECREATED in did
    again = company.world.now(invoice)
    assert (again.status, again.order.customer_id, again.erased_at) == (
        InvoiceStatus.PAID,
        ANN,
        company.erasure.erased_at,
    )
    assert company.found() == []


def test_a_row_of_money_that_its_invoice_no_longer_names_is_erased_too(company: Company) -> None:
    invoice = company.paid()
    database = company.world.ports.database
    [row] = [each for each in database.movements.values() if each.invoice_id == invoice.id]
    database.movements[ORGANIZATION, "ch_former"] = replace(row, id="ch_former", status="failed")
    company.erase()
    assert company.found() == []
    kept = database.movements[ORGANIZATION, "ch_former"]
    assert (kept.status, kept.amount, kept.method) == ("failed", row.amount, row.method)


# Batches


def test_an_abandoned_import_loses_what_it_says_of_the_person(company: Company) -> None:
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
    assert company.found() == []


def test_an_erasure_that_takes_longer_than_a_run_goes_on_in_the_next(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple(Row(CustomerId(f"cust_{n}"), Save(Profile(email=f"owner{n}@example.test"))) for n in range(3, 9))
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)
    company.settle()
    company.paid()
    company.ask()
    company.world.advance(BEGINS_AFTER)
    monkeypatch.setattr(erase_records, "RUN_FOR", 0)
    assert erase_customer(ORGANIZATION, ANN, company.world.ports) is ErasureStatus.ERASING
    assert (company.erasure.reached, company.erasure.passed_at) == ("", None)
    monkeypatch.undo()
    company.world.resume()
    assert (company.erasure.reached, company.found()) == (None, [])
    assert company.erasure.passed_at is not None


# Parked events


def test_a_parked_event_about_the_person_keeps_ids_alone_and_is_still_applied(company: Company) -> None:
    invoice = company.paid()
    company.world.double.set_delivery(lose=["*"])
    company.stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    events = [each for page in pages for each in page if each.type == "charge.refunded"]
    plain = company.world.ports.invoices, company.world.ports.events
    fail_with(company.world, KeyError("a defect"))
    assert receive_event(events[0], Source.WEBHOOK, company.world.ports).outcome is EventOutcome.PARKED
    company.world.ports.invoices, company.world.ports.events = plain
    company.erase()
    [parked] = company.world.ports.events.all_parked_events(company.account)
    assert events[0].object_id in parked.body
    assert company.found() == []
    company.world.sweep(objects=False)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert list(company.world.ports.events.all_parked_events(company.account)) == []
    assert company.found() == []


def test_an_event_that_is_parked_after_the_erasure_keeps_ids_alone_from_the_beginning(company: Company) -> None:
    invoice = company.paid()
    company.erase()
    linked = company.ann.linked_id
    company.world.double.set_delivery(lose=["*"])
    company.stripe("customers", "update", linked, {"name": "Annabel R. Recognizable"})
    company.stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    fail_with(company.world, KeyError("a defect"))
    for event in (each for page in pages for each in page):
        receive_event(event, Source.WEBHOOK, company.world.ports)
    kinds = {json.loads(each.body)["type"] for each in company.world.ports.events.all_parked_events(company.account)}
    assert {"customer.updated", "charge.refunded"} <= kinds
    assert company.found() == []


def test_an_event_that_is_parked_before_its_invoice_is_known_is_recognized_by_its_stripe_customer(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = company.paid()
    company.erase()
    [charge] = invoice.facts.charges
    company.world.double.set_delivery(lose=["*"])
    company.stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    [event] = [each for page in pages for each in page if each.type == "charge.refunded"]
    assert (event.object_id, "annabel" in event.body.lower()) == (charge, True)

    def defect(*_: Any) -> Any:
        raise KeyError("a defect")

    monkeypatch.setattr(company.world.ports.invoices, "find_by_reference", defect)
    assert receive_event(event, Source.WEBHOOK, company.world.ports).outcome is EventOutcome.PARKED
    monkeypatch.undo()
    assert company.found() == []
    company.world.sweep(objects=False)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert list(company.world.ports.events.all_parked_events(company.account)) == []


def test_a_parked_event_that_names_only_the_stripe_customer_of_an_invoice_keeps_ids_alone(company: Company) -> None:
    invoice = company.paid()
    former = str(invoice.stripe_customer_id)
    unlinked = replace(company.ann, link=None, claim=None, former_stripe_ids=())
    company.world.ports.database.customers[ORGANIZATION, ANN] = unlinked
    company.world.double.set_delivery(lose=["*"])
    company.stripe("customers", "update", former, {"name": "Annabel R. Recognizable"})
    now = company.world.ports.clock.now()
    pages = company.world.ports.stripe.events(company.account, now - 60, now)
    [event] = [each for page in pages for each in page if "Annabel R. Recognizable" in each.body]
    company.world.ports.events.park(event, now, "a_defect")
    company.erase()
    assert company.found() == []


# Crashes


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_at_any_boundary_is_followed_by_one_that_finishes(after: bool) -> None:
    number, finals = 0, []
    while True:
        company = Company()
        busy(company)
        company.ask(InStripe.DELETE)
        company.world.advance(BEGINS_AFTER)
        boundaries = count_calls(company.world, fatal=number, after=after)
        died = False
        try:
            erase_customer(ORGANIZATION, ANN, company.world.ports)
        except ProcessKilled:
            died = True
        stop_counting(company.world)
        company.wait()
        assert (company.status, company.found()) == (ErasureStatus.ERASING, []), boundaries.calls[-1]
        company.finish()
        company.finish()
        assert company.status is ErasureStatus.ERASED
        assert company.erasure.deleted_in_stripe_at is not None
        finals.append(books(company))
        if not died:
            break
        number += 1
    assert number > 20
    assert all(each == finals[-1] for each in finals)


def test_what_happens_to_an_invoice_while_it_is_erased_is_not_lost(company: Company) -> None:
    invoice = company.paid()
    company.ask()
    company.settle()
    company.world.advance(BEGINS_AFTER)
    plain = company.world.ports.invoices.save

    def refunded_meanwhile(*arguments: Any) -> Any:
        company.world.ports.invoices.save = plain  # type: ignore[method-assign]
        company.stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
        return plain(*arguments)

    company.world.ports.invoices.save = refunded_meanwhile  # type: ignore[method-assign]
    erase_customer(ORGANIZATION, ANN, company.world.ports)
    assert company.world.now(invoice).status is InvoiceStatus.REFUNDED
    assert company.found() == []


def test_the_second_look_comes_a_day_after_the_first_pass(company: Company) -> None:
    company.erase()
    company.wait(SECOND_LOOK_AFTER - 1)
    assert company.status is ErasureStatus.ERASING
    company.wait(1)
    assert company.status is ErasureStatus.ERASED
