"""Tests closed customers: after somebody has requested the erasure of a customer, no source adds anything for the
customer.

A customer is closed from the request of its erasure on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.batch import Batch, BatchKind, ItemStatus
from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import Erasure, InStripe
from chalicelib.domain.errors import Conflict, CustomerErased, NotFound
from chalicelib.domain.explanation import explain
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.settings import Reminders
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.attention.needs_attention import AttentionFilter, needs_attention
from chalicelib.usecases.bulk.batches import list_batches, send_drafts
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.customers.customers import (
    get_customer,
    list_customers,
    put_customer,
    queue_waiting_customers,
    sync_again,
    sync_customer,
)
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.preview import preview_invoice
from chalicelib.usecases.invoicing.remind import remind, remind_if_due
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.reconciling.search_spellings import INDEXED_AFTER, search_spellings
from tests.usecases.erasing.person import ANN, BOB, DAY, PROFILE, Company
from tests.world import ADMIN, OFFICE, ORGANIZATION, line, order


def close(company: Company) -> None:
    """Closes Annabel although she has an open invoice, as if POM had stored the invoice only after the request."""
    now = company.world.ports.clock.now()
    erasure = Erasure(ADMIN, now, InStripe.KEEP, due_at=now)
    company.world.ports.customers.save(replace(company.ann, erasure=erasure))


def draft_of_closed(company: Company) -> Invoice:
    draft = company.bill(send=False)
    close(company)
    return draft


def invoice_of_closed(company: Company) -> Invoice:
    invoice = company.bill()
    close(company)
    return invoice


def save(company: Company, _: Invoice) -> object:
    return put_customer(ORGANIZATION, ANN, Save(PROFILE), company.world.ports)


def save_other_values(company: Company, _: Invoice) -> object:
    return put_customer(ORGANIZATION, ANN, Save(Profile(email="ann@other.test")), company.world.ports)


def sync(company: Company, _: Invoice) -> object:
    return sync_again(ORGANIZATION, ANN, company.world.ports)


def bill(company: Company, _: Invoice) -> object:
    return company.world.invoice("svc_new")


def edit(company: Company, draft: Invoice) -> object:
    command = EditDraft(ORGANIZATION, draft.id, OFFICE, (line("svc_1", "50.00"),), BillingTerms())
    return edit_draft(command, company.world.ports)


def send(company: Company, draft: Invoice) -> object:
    return send_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports)


def preview(company: Company, draft: Invoice) -> object:
    return preview_invoice(ORGANIZATION, draft.id, company.world.ports)


@pytest.mark.parametrize("act", [save, save_other_values, sync, bill, edit, send, preview])
def test_a_closed_customer_is_neither_saved_nor_billed_nor_mailed(
    act: Callable[[Company, Invoice], object], company: Company
) -> None:
    draft = draft_of_closed(company)
    mails, customer = len(company.world.double.mails()), company.ann
    with pytest.raises(CustomerErased, match="customer_erased"):
        act(company, draft)
    assert (company.world.now(draft).status, company.ann) == (InvoiceStatus.DRAFT, customer)
    assert len(company.world.double.mails()) == mails


def correct(company: Company, invoice: Invoice) -> object:
    return correct_invoice(ORGANIZATION, invoice.id, OFFICE, company.world.ports, confirmed=True)


def correct_unconfirmed(company: Company, invoice: Invoice) -> object:
    return correct_invoice(ORGANIZATION, invoice.id, OFFICE, company.world.ports, confirmed=False)


def remind_now(company: Company, invoice: Invoice) -> object:
    company.world.advance(2 * DAY)
    return remind(ORGANIZATION, invoice.id, OFFICE, company.world.ports)


@pytest.mark.parametrize("act", [correct, correct_unconfirmed, remind_now])
def test_an_invoice_of_a_closed_customer_is_neither_corrected_nor_reminded_of(
    act: Callable[[Company, Invoice], object], company: Company
) -> None:
    invoice = invoice_of_closed(company)
    mails = len(company.world.double.mails())
    with pytest.raises(CustomerErased):
        act(company, invoice)
    assert company.world.now(invoice).status is InvoiceStatus.PENDING
    assert len(company.world.double.mails()) == mails


def test_a_closed_customer_is_neither_readable_nor_listed(company: Company) -> None:
    close(company)
    ports = company.world.ports
    with pytest.raises(NotFound, match="customer_erased"):
        get_customer(ORGANIZATION, ANN, ports)
    status = company.ann.sync_status
    for customer_filter in (
        CustomerFilter(),
        CustomerFilter(sync_status=status),
        CustomerFilter(email=PROFILE.email),
        CustomerFilter(name="rec"),
    ):
        page = list_customers(ORGANIZATION, customer_filter, 10, None, ports)
        assert ANN not in {each.id for each in page.items}
        assert not page.has_next
    assert BOB in {each.id for each in list_customers(ORGANIZATION, CustomerFilter(), 10, None, ports).items}


def test_invoices_no_longer_name_a_closed_customer(company: Company) -> None:
    both = {ANN, BOB}
    assert set(names_of(ORGANIZATION, both, company.world.ports)) == both
    close(company)
    assert set(names_of(ORGANIZATION, both, company.world.ports)) == {BOB}


def test_a_draft_of_a_closed_customer_says_why_it_was_not_sent_and_what_to_do(company: Company) -> None:
    draft = company.bill(send=False)
    close(company)
    with pytest.raises(CustomerErased):
        send_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports, asked_at=company.world.ports.clock.now())
    now = company.world.ports.clock.now()
    assert "the customer had been erased" in explain(company.world.now(draft), now)
    attention = needs_attention(ORGANIZATION, AttentionFilter(AttentionKind.INVOICE_NOT_SENT), company.world.ports)
    assert [each.next_step for each in attention.items] == ["Void it. POM then continues to erase the customer."]
    void_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports)
    assert not company.world.now(draft).live


def test_an_invoice_is_taken_back_if_its_customer_is_closed_during_its_creation(company: Company) -> None:
    insert = company.world.ports.invoices.insert

    def insert_and_close(*arguments: Any) -> Invoice:
        stored = insert(*arguments)
        close(company)
        return stored

    company.world.ports.invoices.insert = insert_and_close  # type: ignore[method-assign]
    put_customer(ORGANIZATION, ANN, Save(replace(PROFILE, phone="+1 555 0100")), company.world.ports)
    company.world.ports.queues.take()  # creating the invoice sends the edition to Stripe
    with pytest.raises(Conflict, match="customer_erased"):
        company.world.invoice("svc_late")
    assert company.world.ports.database.invoices == {}
    assert company.world.in_stripe(company.account) == []


def test_a_planned_reminder_is_not_sent_to_a_closed_customer(company: Company) -> None:
    settings = company.world.ports.settings.get(ORGANIZATION)
    company.world.ports.settings.save(replace(settings, reminders=Reminders(enabled=True, days_after_due=(1,))))
    invoice = company.bill(payment_terms="due_on_receipt")
    close(company)
    company.world.advance(DAY + 3600)
    mails = len(company.world.double.mails())
    assert remind_if_due(ORGANIZATION, invoice.id, company.world.ports) is False
    assert len(company.world.double.mails()) == mails


def test_a_sync_queued_before_the_closing_sends_nothing_to_stripe(company: Company) -> None:
    put_customer(ORGANIZATION, ANN, Save(replace(PROFILE, phone="+1 555 0100")), company.world.ports)
    close(company)
    company.world.double.api.log.reset()
    before = company.ann
    assert sync_customer(ORGANIZATION, ANN, company.world.ports) is SyncStatus.PENDING
    assert (company.world.stripe_calls(), company.ann) == ({}, before)


def test_a_closed_customer_is_not_synced_when_the_company_connects(company: Company) -> None:
    ports = company.world.ports
    waiting = replace(company.ann.edited(PROFILE, None, ports.clock.now()), sync_status=SyncStatus.NOT_CONNECTED)
    ports.customers.save(waiting)
    assert company.ann.waits_for == company.account
    close(company)
    ports.customers.waiting_for = lambda *_: [ANN]  # type: ignore[method-assign]  # the index is behind
    queue_waiting_customers(ORGANIZATION, company.account, ports)
    assert company.ann.sync_status is SyncStatus.NOT_CONNECTED


@pytest.mark.parametrize(("closed", "searches"), [(False, 2), (True, 1)], ids=["open", "closed"])
def test_other_spellings_of_a_closed_customers_email_are_not_searched_for(
    closed: bool, searches: int, company: Company
) -> None:
    ports = company.world.ports
    ports.customers.save(replace(company.ann, search_spellings=True))
    if closed:
        close(company)
    company.world.advance(INDEXED_AFTER + 1)
    company.world.double.api.log.reset()
    behind = iter([[ANN, BOB]])
    ports.customers.to_search = lambda *_: next(behind, [])  # type: ignore[method-assign]  # the index is behind
    # Bob's email is searched for in either case.
    assert search_spellings(ORGANIZATION, company.account, ports.clock.now() + 60, ports) == searches
    assert company.world.double.api.log.total() == searches


def only_item(company: Company, kind: BatchKind) -> Any:
    [batch] = list_batches(ORGANIZATION, kind, 10, None, company.world.ports).items
    [item] = company.world.ports.batches.items(batch, 10, None).items
    return item


def test_an_imported_row_for_a_closed_customer_fails(company: Company) -> None:
    close(company)
    rows = (Row(ANN, Save(PROFILE)),)
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)
    before = company.ann
    company.world.work()
    item = only_item(company, BatchKind.CUSTOMERS)
    assert (item.status, item.error.code, company.ann) == (ItemStatus.FAILED, "customer_erased", before)


def test_an_imported_row_fails_if_its_customer_is_closed_during_the_write(company: Company) -> None:
    decide = company.world.ports.batches.decide

    def close_and_decide(*arguments: Any) -> Any:
        company.world.ports.batches.decide = decide  # type: ignore[method-assign]
        close(company)
        return decide(*arguments)

    rows = (Row(ANN, Save(Profile(email="ann@other.test"))),)
    import_customers(ImportCustomers(ORGANIZATION, OFFICE, "key", "print", rows), company.world.ports)
    company.world.ports.batches.decide = close_and_decide  # type: ignore[method-assign]
    company.world.work()
    item = only_item(company, BatchKind.CUSTOMERS)
    assert (item.status, item.error.code) == (ItemStatus.FAILED, "customer_erased")
    assert company.ann.profile == PROFILE


def bill_in_batch(company: Company, *, send: bool) -> Batch:
    services = ((ANN, line("svc_monthly")),)
    command = BillMany(ORGANIZATION, OFFICE, "key", "print", services, BillingTerms(send=send))
    return bill_many(command, company.world.ports)


def test_a_batch_item_for_a_closed_customer_fails(company: Company) -> None:
    close(company)
    bill_in_batch(company, send=True)
    company.world.work()
    item = only_item(company, BatchKind.INVOICES)
    assert (item.status, item.error.code, item.error.field) == (
        ItemStatus.FAILED,
        "customer_erased",
        "services[0].customerId",
    )
    assert company.world.ports.database.invoices == {}


def test_a_batch_ordered_after_the_erasure_stores_no_texts_about_the_person(company: Company) -> None:
    company.erase()
    company.finish()
    service = replace(line("svc_monthly"), description="Annabel's pool: the dog bites")
    bill_many(BillMany(ORGANIZATION, OFFICE, "key", "print", ((ANN, service),), BillingTerms()), company.world.ports)
    company.world.work()
    assert only_item(company, BatchKind.INVOICES).status is ItemStatus.FAILED
    assert company.personal_words() == []


def test_a_batch_draft_of_a_closed_customer_is_held_back(company: Company) -> None:
    drafts = bill_in_batch(company, send=False)
    company.settle()
    close(company)
    send_drafts(ORGANIZATION, drafts.id, OFFICE, None, company.world.ports)
    company.world.work()
    item = only_item(company, BatchKind.INVOICES)
    assert (item.status, item.error.code) == (ItemStatus.HELD_BACK, "customer_erased")


def test_the_stripe_customer_of_an_erased_customer_is_linked_to_no_other_customer(company: Company) -> None:
    stripe_id = str(company.ann.linked_id)
    company.erase()
    company.finish()
    assert company.ann.linked_id == stripe_id
    for customer_id in (BOB, CustomerId("cust_new")):
        with pytest.raises(Conflict, match="stripe_customer_taken"):
            put_customer(ORGANIZATION, customer_id, Save(PROFILE, stripe_id), company.world.ports)


def test_the_erased_person_can_become_a_new_customer_with_a_new_stripe_customer(company: Company) -> None:
    stripe_id = str(company.ann.linked_id)
    company.erase()
    put_customer(ORGANIZATION, CustomerId("cust_new"), Save(PROFILE), company.world.ports)
    company.settle()
    back = get_customer(ORGANIZATION, CustomerId("cust_new"), company.world.ports)
    assert back.sync_status is SyncStatus.SYNCED
    assert back.linked_id not in (None, stripe_id)


def test_an_uncollectible_invoice_of_an_erased_customer_is_paid_without_a_reference(company: Company) -> None:
    invoice = company.bill()
    company.act_in_stripe("invoices", "mark_uncollectible", str(invoice.stripe_invoice_id), None)
    company.erase()
    assert company.world.now(invoice).erased_at is not None
    by_check = Settlement("check", "No. 1042 from Annabel", amount=Decimal("99.00"))
    with pytest.raises(CustomerErased) as refusal:
        mark_paid(ORGANIZATION, invoice.id, OFFICE, by_check, company.world.ports)
    assert refusal.value.field == "reference"
    invoice_after = mark_paid(
        ORGANIZATION, invoice.id, OFFICE, replace(by_check, reference=None), company.world.ports
    )
    assert invoice_after.status is InvoiceStatus.PAID


def test_an_open_invoice_of_a_closed_customer_can_be_marked_as_paid(company: Company) -> None:
    invoice = invoice_of_closed(company)
    invoice_after = mark_paid(ORGANIZATION, invoice.id, OFFICE, Settlement("check", "No. 1042"), company.world.ports)
    assert invoice_after.status is InvoiceStatus.PAID


def test_a_closed_customer_without_an_email_is_not_listed_as_needing_attention(company: Company) -> None:
    company.world.customer("cust_3", None)
    company.settle()
    ports = company.world.ports
    assert [each.kind for each in needs_attention(ORGANIZATION, AttentionFilter(), ports).items] == [
        AttentionKind.CUSTOMER_WITHOUT_EMAIL
    ]
    company.request(customer_id=CustomerId("cust_3"))
    assert list(needs_attention(ORGANIZATION, AttentionFilter(), ports).items) == []


def test_an_order_for_an_unknown_customer_is_refused_as_not_found(company: Company) -> None:
    close(company)
    with pytest.raises(NotFound, match="customer_not_found"):
        company.world.invoice("svc_9", customer_id=CustomerId("cust_9"))
    assert order("svc_9").customer_id == ANN
