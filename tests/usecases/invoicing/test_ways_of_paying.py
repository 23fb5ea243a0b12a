"""Tests the ways of paying: bank debits, partial payments, overpayments, credit notes, and payments outside
Stripe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Refused
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.identifiers import UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import PaymentMethod
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.invoicing.invoices import refresh_invoice
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from tests.timelines import entries, kinds
from tests.world import OFFICE, World

DEBIT = "pm_usBankAccount_success"


class Company:
    """A connected company with one sent invoice of 75.00."""

    def __init__(self, **changes: object) -> None:
        self.world = World()
        self.account = self.world.connect()
        self.world.customer()
        self.invoice = self.world.invoice(**changes)  # type: ignore[arg-type]
        self.world.deliver()

    @property
    def now(self) -> Invoice:
        return self.world.now(self.invoice)

    @property
    def stripe_id(self) -> str:
        return self.invoice.stripe_invoice_id or ""

    def pays(self, method: str = "pm_card_visa", amount: int | None = None) -> str:
        payment = self.world.double.pay(self.account, self.stripe_id, method, amount=amount)
        self.world.deliver()
        return str(payment["payment_intent"])

    def kinds(self) -> list[str]:
        return kinds(self.now)


@pytest.fixture
def company() -> Company:
    return Company(payment_methods=("card", "us_bank_account"))


def test_a_bank_debit_is_pending_for_days_and_then_paid(company: Company) -> None:
    company.pays(DEBIT)
    assert company.now.status is InvoiceStatus.PENDING
    assert company.now.facts.payment_under_way
    company.world.advance(5 * 86400)
    company.world.deliver()
    assert company.now.status is InvoiceStatus.PAID
    assert not company.now.facts.payment_under_way


def test_a_bank_debit_that_is_returned_days_later_fails_with_its_reason(company: Company) -> None:
    intent = company.pays(DEBIT)
    company.world.advance(2 * 86400)
    company.world.double.settle_debit(company.account, intent, fail="insufficient_funds")
    company.world.deliver()
    assert company.now.status is InvoiceStatus.FAILED
    assert company.now.failure is not None
    assert company.now.failure.reason is FailureReason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("code", ["bank_account_declined", "account_closed", "debit_not_authorized"])
def test_a_bank_debit_refused_by_the_bank_fails_as_declined_by_the_bank(company: Company, code: str) -> None:
    intent = company.pays(DEBIT)
    company.world.double.settle_debit(company.account, intent, fail=code)
    company.world.deliver()
    assert company.now.status is InvoiceStatus.FAILED
    assert company.now.failure is not None
    assert company.now.failure.reason is FailureReason.BANK_DECLINED


def test_a_partial_payment_lowers_the_balance_and_the_last_payment_settles_it(company: Company) -> None:
    company.pays(amount=2500)
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PENDING, 5000)
    assert company.now.paid_amount == 2500
    company.pays()
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PAID, 0)
    assert company.now.paid_amount == 7500


def test_an_overpayment_is_reported(company: Company) -> None:
    debit = company.pays(DEBIT)
    company.pays(amount=7500)
    assert company.now.status is InvoiceStatus.PAID
    company.world.double.settle_debit(company.account, debit)
    company.world.deliver()
    assert company.now.facts.invoice is not None
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PAID, 0)
    assert (company.now.paid_amount, company.now.facts.invoice.amount_overpaid) == (15_000, 7500)
    company.world.advance(700)
    company.world.sweep(objects=False)  # the card's webhooks arrived before POM knew its payment
    assert company.kinds() == ["created", "sent", "payment_under_way", "paid", "paid"]


def test_an_invoice_is_refunded_once_all_its_payments_are_refunded(company: Company) -> None:
    company.pays(amount=2500)
    company.pays()
    for charge in company.world.in_stripe(company.account, "charge"):
        assert company.now.status is InvoiceStatus.PAID
        company.world.client.v1.refunds.create({"charge": charge["id"]}, {"stripe_account": company.account})
        company.world.deliver()
    assert company.now.status is InvoiceStatus.REFUNDED


def test_a_credit_note_reduces_the_balance(company: Company) -> None:
    note = {"invoice": company.stripe_id, "amount": 1500}
    company.world.client.v1.credit_notes.create(note, {"stripe_account": company.account})  # type: ignore[arg-type]
    company.world.deliver()
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PENDING, 6000)
    assert company.now.credited_amount == 1500
    assert "credited" in company.kinds()


def test_a_voided_credit_note_no_longer_counts(company: Company) -> None:
    options = {"stripe_account": company.account}
    credit_note = company.world.client.v1.credit_notes.create(
        {"invoice": company.stripe_id, "amount": 1500},
        options,  # type: ignore[arg-type]
    )
    company.world.client.v1.credit_notes.void_credit_note(credit_note.id, None, options)  # type: ignore[arg-type]
    company.world.deliver()
    assert (company.now.credited_amount, company.now.balance) == (0, 7500)


def test_a_refresh_finds_a_credit_note_without_an_event(company: Company) -> None:
    company.world.double.set_delivery(never_generate=["*"])
    note = {"invoice": company.stripe_id, "amount": 1500}
    company.world.client.v1.credit_notes.create(note, {"stripe_account": company.account})  # type: ignore[arg-type]
    invoice = company.invoice
    refreshed = refresh_invoice(invoice.organization_id, invoice.id, OFFICE, company.world.ports)
    assert (refreshed.credited_amount, refreshed.balance) == (1500, 6000)


def test_cash_and_checks_are_recorded_with_method_and_reference(company: Company) -> None:
    paid_invoice = _mark_paid(company, "check", "No. 1042")
    assert (paid_invoice.status, paid_invoice.balance) == (InvoiceStatus.PAID, 0)
    [entry] = entries(paid_invoice, "marked_paid", "paid")
    assert (entry.reason, entry.actor) == ("check No. 1042", OFFICE)
    assert (entry.method, entry.amount) == (PaymentMethod("check"), 7500)
    company.world.deliver()
    assert company.now.status is InvoiceStatus.PAID
    [in_stripe] = company.world.in_stripe(company.account)
    assert in_stripe["status"] == "paid"


def test_marking_a_paid_invoice_as_paid_again_is_refused_and_names_the_first_record(company: Company) -> None:
    first = _mark_paid(company, "cash", None)
    with pytest.raises(Conflict, match="You recorded it on 15 January 2027: cash") as refusal:
        _mark_paid(company, "cash", None)
    assert refusal.value.code == "invoice_already_paid"
    assert company.now == first


def test_an_invoice_with_a_pending_bank_debit_cannot_be_marked_as_paid(company: Company) -> None:
    company.pays(DEBIT)
    with pytest.raises(Conflict) as refusal:
        _mark_paid(company, "cash", None)
    assert refusal.value.code == "payment_under_way"
    [in_stripe] = company.world.in_stripe(company.account)
    assert in_stripe["status"] == "open"


def test_an_invoice_with_an_unreported_bank_debit_cannot_be_marked_as_paid(company: Company) -> None:
    company.world.double.set_delivery(paused=True)
    company.world.double.pay(company.account, company.stripe_id, DEBIT)
    with pytest.raises(Conflict) as refusal:
        _mark_paid(company, "cash", None)
    assert refusal.value.code == "payment_under_way"


def test_an_invoice_with_an_unreported_card_payment_cannot_be_marked_as_paid(company: Company) -> None:
    company.world.double.set_delivery(paused=True)
    company.world.double.pay(company.account, company.stripe_id)
    with pytest.raises(Conflict, match="Paid on 15 January 2027 by card") as refusal:
        _mark_paid(company, "cash", None)
    assert refusal.value.code == "invoice_already_paid"
    assert company.now.status is InvoiceStatus.PAID
    assert "marked_paid" not in company.kinds()


def test_only_an_open_invoice_can_be_marked_as_paid() -> None:
    draft = Company(send=False)
    with pytest.raises(Conflict) as refusal:
        _mark_paid(draft, "cash", None)
    assert refusal.value.code == "invoice_not_open"


def test_an_unknown_method_is_refused(company: Company) -> None:
    with pytest.raises(Refused) as refusal:
        _mark_paid(company, "barter", None)
    assert (refusal.value.code, refusal.value.field) == ("payment_method_unknown", "method")


def _mark_paid(company: Company, method: str, reference: str | None) -> Invoice:
    invoice = company.invoice
    return mark_paid(invoice.organization_id, invoice.id, OFFICE, Settlement(method, reference), company.world.ports)


class InterruptedRecording:
    """Records a payment that reaches Stripe only after `meanwhile` has run. `then_dies` kills the process after
    Stripe was paid.
    """

    def __init__(self, company: Company, meanwhile: Callable[[], object], *, then_dies: bool = False) -> None:
        self._company, self._meanwhile, self._dies = company, meanwhile, then_dies

    def record(self, settlement: Settlement, user_id: UserId = OFFICE) -> None:
        stripe, invoice = self._company.world.ports.stripe, self._company.invoice
        pay = stripe.pay_outside

        def interfere_and_pay(*request: Any) -> Sequence[StripeFact]:
            stripe.pay_outside = pay  # type: ignore[method-assign]
            self._meanwhile()
            facts = pay(*request)
            if self._dies:
                raise RuntimeError("the process is gone")
            return facts

        stripe.pay_outside = interfere_and_pay  # type: ignore[method-assign]
        mark_paid(invoice.organization_id, invoice.id, user_id, settlement, self._company.world.ports)

    def recorded_entries(self) -> list[tuple[str | None, str | None]]:
        return [(entry.actor, entry.reason) for entry in entries(self._company.now, "marked_paid") if entry.by_pom]


COLLEAGUE = UserId("user_colleague")


def _record_payment(company: Company, settlement: Settlement, user_id: UserId) -> Invoice:
    invoice = company.invoice
    return mark_paid(invoice.organization_id, invoice.id, user_id, settlement, company.world.ports)


def test_of_two_people_who_record_a_payment_the_timeline_names_the_person_whose_request_succeeded(
    company: Company,
) -> None:
    def colleague_is_faster() -> None:
        _record_payment(company, Settlement("cash"), COLLEAGUE)
        company.world.deliver()

    slower = InterruptedRecording(company, colleague_is_faster)
    with pytest.raises(Conflict, match="invoice_already_paid"):
        slower.record(Settlement("check", "No. 7"))
    company.world.deliver()
    assert slower.recorded_entries() == [(COLLEAGUE, "cash")]


def test_the_timeline_names_no_person_before_stripe_has_responded_to_one(company: Company) -> None:
    """The colleague's process dies after Stripe was paid, and the event arrives before the slower request is
    refused.
    """
    early_entries: list[object] = []

    def colleague_dies() -> None:
        inner = InterruptedRecording(company, lambda: None, then_dies=True)
        with suppress(RuntimeError):
            inner.record(Settlement("cash"), COLLEAGUE)
        company.world.deliver()
        early_entries.extend(inner.recorded_entries())

    slower = InterruptedRecording(company, colleague_dies)
    with pytest.raises(Conflict, match="invoice_already_paid"):
        slower.record(Settlement("check", "No. 7"))
    assert early_entries == []
    assert slower.recorded_entries() == [(COLLEAGUE, "cash")]


def test_the_remaining_amount_is_recorded_although_a_card_just_paid_a_part(company: Company) -> None:
    part = InterruptedRecording(company, lambda: company.pays(amount=2500))
    part.record(Settlement("cash"))
    company.world.deliver()
    assert part.recorded_entries() == [(OFFICE, "cash")]
    assert company.now.recorded_payment is not None
