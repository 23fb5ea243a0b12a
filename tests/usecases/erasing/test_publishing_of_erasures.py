"""Tests the publishing of an erasure: one change of the customer is published, and no change of an invoice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.changes import NOTHING, ChangeType, Difference
from chalicelib.domain.erased_records import invoice_without_person
from chalicelib.domain.erasure_blockers import is_settled
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.other_changes import customer_difference
from chalicelib.domain.payments import payments_of
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.usecases.erasing.person import Company
from tests.world import OFFICE, ORGANIZATION, line


def paid_invoice(company: Company) -> Invoice:
    return company.bill_and_pay()


def invoice_paid_by_check(company: Company) -> Invoice:
    return company.bill_and_pay_by_check()


def invoice_paid_after_a_failure(company: Company) -> Invoice:
    invoice = company.bill()
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_chargeDeclined")
    company.settle()
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_visa")
    company.settle()
    return company.world.now(invoice)


def refunded_invoice(company: Company) -> Invoice:
    invoice = company.bill_and_pay()
    company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    return company.world.now(invoice)


def invoice_with_failed_refund(company: Company) -> Invoice:
    invoice = company.bill_and_pay()
    failed_refund = company.act_in_stripe("refunds", "create", {"payment_intent": payments_of(invoice)[0].id})
    company.world.double.settle_refund(company.account, failed_refund.id, outcome="failed")
    company.settle()
    return company.world.now(invoice)


def invoice_with_lost_dispute(company: Company) -> Invoice:
    invoice = company.bill_and_pay()
    [charge] = invoice.facts.charges.values()
    dispute = company.world.double.open_dispute(company.account, charge.id)
    company.world.double.move_dispute(company.account, dispute["id"], "lost")
    company.settle()
    return company.world.now(invoice)


def edited_and_voided_invoice(company: Company) -> Invoice:
    draft = company.bill(send=False)
    command = EditDraft(ORGANIZATION, draft.id, OFFICE, (line("svc_1", "50.00"),), BillingTerms())
    edit_draft(command, company.world.ports)
    send_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports)
    company.settle()
    void_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports)
    company.settle()
    return company.world.now(draft)


def deleted_draft(company: Company) -> Invoice:
    draft = company.bill(send=False)
    void_invoice(ORGANIZATION, draft.id, OFFICE, company.world.ports)
    company.settle()
    return company.world.now(draft)


def uncollectible_invoice(company: Company) -> Invoice:
    invoice = company.bill()
    company.act_in_stripe("invoices", "mark_uncollectible", str(invoice.stripe_invoice_id), None)
    return company.world.now(invoice)


SETTLED_INVOICES = (
    paid_invoice,
    invoice_paid_by_check,
    invoice_paid_after_a_failure,
    refunded_invoice,
    invoice_with_failed_refund,
    invoice_with_lost_dispute,
    edited_and_voided_invoice,
    deleted_draft,
    uncollectible_invoice,
)


@pytest.mark.parametrize("prepare", SETTLED_INVOICES, ids=lambda prepare: prepare.__name__)
def test_the_erasure_of_an_invoice_is_not_published(prepare: Callable[[Company], Invoice], company: Company) -> None:
    invoice = prepare(company)
    assert is_settled(invoice, invoice.stripe_account_id)
    without = invoice_without_person(invoice, company.world.ports.clock.now())
    assert without != invoice
    assert invoice_difference(invoice, without) == NOTHING
    assert (without.status, without.amounts, without.total) == (invoice.status, invoice.amounts, invoice.total)


def record_changes(company: Company) -> tuple[list[Difference], list[Difference]]:
    """Returns two growing lists: the published changes of each later write of a customer, and of an invoice."""
    of_customers: list[Difference] = []
    of_invoices: list[Difference] = []
    ports = company.world.ports
    save_customer, save_invoice = ports.customers.save, ports.invoices.save

    def save_customer_and_compare(customer: Any, *arguments: Any) -> Any:
        before = ports.customers.get(customer.organization_id, customer.id)
        stored = save_customer(customer, *arguments)
        of_customers.append(customer_difference(before, stored))
        return stored

    def save_invoice_and_compare(write: Any, *arguments: Any) -> Any:
        before = ports.invoices.get(write.invoice.organization_id, write.invoice.id)
        stored = save_invoice(write, *arguments)
        of_invoices.append(invoice_difference(before, stored))
        return stored

    ports.customers.save, ports.invoices.save = save_customer_and_compare, save_invoice_and_compare  # type: ignore[method-assign]
    return of_customers, of_invoices


def test_an_erasure_is_published_once(company: Company) -> None:
    company.bill_and_pay()
    company.bill_and_pay_by_check()
    of_customers, of_invoices = record_changes(company)
    company.erase()
    company.finish()
    assert [each for each in of_customers if each != NOTHING] == [
        Difference((ChangeType.CUSTOMER_ERASED,), "synced", None)
    ]
    assert len(of_invoices) == 2
    assert set(of_invoices) == {NOTHING}


def test_a_late_dispute_of_an_erased_invoice_is_published_only_as_a_dispute(company: Company) -> None:
    invoice = company.bill_and_pay()
    [charge] = invoice.facts.charges.values()
    company.erase()
    _, of_invoices = record_changes(company)
    before = company.world.now(invoice)
    company.world.double.open_dispute(company.account, charge.id)
    company.settle()
    after = company.world.now(invoice)
    assert after.disputed
    assert invoice_difference(before, after).types == (ChangeType.INVOICE_DISPUTE_OPENED,)
    assert company.personal_words() == []
    assert all(each == NOTHING or each.types == (ChangeType.INVOICE_DISPUTE_OPENED,) for each in of_invoices)
