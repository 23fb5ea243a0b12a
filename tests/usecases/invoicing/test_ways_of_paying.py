"""Bank debits, partial payments, overpayments, credit notes, and payments outside of Stripe."""

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
        paid = self.world.double.pay(self.account, self.stripe_id, method, amount=amount)
        self.world.deliver()
        return str(paid["payment_intent"])

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


def test_a_bank_debit_that_comes_back_days_later_is_failed_with_its_reason(company: Company) -> None:
    intent = company.pays(DEBIT)
    company.world.advance(2 * 86400)
    company.world.double.settle_debit(company.account, intent, fail="insufficient_funds")
    company.world.deliver()
    assert company.now.status is InvoiceStatus.FAILED
    assert company.now.failure is not None
    assert company.now.failure.reason is FailureReason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize("code", ["bank_account_declined", "account_closed", "debit_not_authorized"])
def test_a_bank_debit_that_the_bank_refuses_leads_to_another_way_of_paying(company: Company, code: str) -> None:
    intent = company.pays(DEBIT)
    company.world.double.settle_debit(company.account, intent, fail=code)
    company.world.deliver()
    assert company.now.status is InvoiceStatus.FAILED
    assert company.now.failure is not None
    assert company.now.failure.reason is FailureReason.BANK_DECLINED


def test_a_partial_payment_lowers_the_balance_and_the_rest_makes_it_paid(company: Company) -> None:
    company.pays(amount=2500)
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PENDING, 5000)
    assert company.now.paid_amount == 2500
    company.pays()
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PAID, 0)
    assert company.now.paid_amount == 7500


def test_what_was_received_beyond_the_total_is_told(company: Company) -> None:
    debit = company.pays(DEBIT)
    company.pays(amount=7500)
    assert company.now.status is InvoiceStatus.PAID
    company.world.double.settle_debit(company.account, debit)
    company.world.deliver()
    assert company.now.facts.invoice is not None
    assert (company.now.status, company.now.balance) == (InvoiceStatus.PAID, 0)
    assert (company.now.paid_amount, company.now.facts.invoice.amount_overpaid) == (15_000, 7500)
    company.world.advance(700)
    company.world.sweep(objects=False)  # the webhooks of the card came before POM had heard of its payment
    assert company.kinds() == ["created", "sent", "payment_under_way", "paid", "paid"]


def test_both_payments_of_an_invoice_must_go_back_before_it_is_refunded(company: Company) -> None:
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


def test_a_voided_credit_note_counts_no_more(company: Company) -> None:
    options = {"stripe_account": company.account}
    created = company.world.client.v1.credit_notes.create(
        {"invoice": company.stripe_id, "amount": 1500},
        options,  # type: ignore[arg-type]
    )
    company.world.client.v1.credit_notes.void_credit_note(created.id, None, options)  # type: ignore[arg-type]
    company.world.deliver()
    assert (company.now.credited_amount, company.now.balance) == (0, 7500)


def test_a_credit_note_that_no_event_told_of_is_found_by_a_refresh(company: Company) -> None:
    company.world.double.set_delivery(never_generate=["*"])
    note = {"invoice": company.stripe_id, "amount": 1500}
    company.world.client.v1.credit_notes.create(note, {"stripe_account": company.account})  # type: ignore[arg-type]
    invoice = company.invoice
    refreshed = refresh_invoice(invoice.organization_id, invoice.id, OFFICE, company.world.ports)
    assert (refreshed.credited_amount, refreshed.balance) == (1500, 6000)


def test_cash_and_checks_are_recorded_with_method_and_reference(company: Company) -> None:
    paid = _marked_paid(company, "check", "No. 1042")
    assert (paid.status, paid.balance) == (InvoiceStatus.PAID, 0)
    [told] = entries(paid, "marked_paid", "paid")
    assert (told.reason, told.actor) == ("check No. 1042", OFFICE)
    assert (told.method, told.amount) == (PaymentMethod("check"), 7500)
    company.world.deliver()
    assert company.now.status is InvoiceStatus.PAID
    [in_stripe] = company.world.in_stripe(company.account)
    assert in_stripe["status"] == "paid"


def test_marking_a_paid_invoice_as_paid_again_changes_nothing_and_tells_who_recorded_it(company: Company) -> None:
    first = _marked_paid(company, "cash", None)
    with pytest.raises(Conflict, match="You recorded it on 15 January 2027: cash") as refused:
        _marked_paid(company, "cash", None)
    assert refused.value.code == "invoice_already_paid"
    assert company.now == first


def test_an_invoice_whose_debit_is_on_its_way_cannot_be_marked_as_paid(company: Company) -> None:
    company.pays(DEBIT)
    with pytest.raises(Conflict) as refused:
        _marked_paid(company, "cash", None)
    assert refused.value.code == "payment_under_way"
    [in_stripe] = company.world.in_stripe(company.account)
    assert in_stripe["status"] == "open"


def test_a_debit_that_began_a_moment_ago_keeps_the_invoice_from_being_marked_as_paid(company: Company) -> None:
    company.world.double.set_delivery(paused=True)
    company.world.double.pay(company.account, company.stripe_id, DEBIT)
    with pytest.raises(Conflict) as refused:
        _marked_paid(company, "cash", None)
    assert refused.value.code == "payment_under_way"


def test_what_was_paid_by_card_a_moment_ago_is_not_marked_as_paid_by_cash(company: Company) -> None:
    company.world.double.set_delivery(paused=True)
    company.world.double.pay(company.account, company.stripe_id)
    with pytest.raises(Conflict, match="Paid on 15 January 2027 by card") as refused:
        _marked_paid(company, "cash", None)
    assert refused.value.code == "invoice_already_paid"
    assert company.now.status is InvoiceStatus.PAID
    assert "marked_paid" not in company.kinds()


def test_only_an_open_invoice_can_be_marked_as_paid() -> None:
    draft = Company(send=False)
    with pytest.raises(Conflict) as refused:
        _marked_paid(draft, "cash", None)
    assert refused.value.code == "invoice_not_open"


def test_an_unknown_method_is_refused(company: Company) -> None:
    with pytest.raises(Refused) as refused:
        _marked_paid(company, "barter", None)
    assert (refused.value.code, refused.value.field) == ("payment_method_unknown", "method")


def _marked_paid(company: Company, method: str, reference: str | None) -> Invoice:
    invoice = company.invoice
    return mark_paid(invoice.organization_id, invoice.id, OFFICE, Settlement(method, reference), company.world.ports)


class Interrupting:
    """Recorded payments that reach Stripe only after somebody else has acted in between, and may lose POM then."""

    def __init__(self, company: Company, meanwhile: Callable[[], object], *, then_dies: bool = False) -> None:
        self._company, self._meanwhile, self._dies = company, meanwhile, then_dies

    def record(self, settlement: Settlement, user_id: UserId = OFFICE) -> None:
        stripe, invoice = self._company.world.ports.stripe, self._company.invoice
        pays = stripe.pay_outside

        def paying(*request: Any) -> Sequence[StripeFact]:
            stripe.pay_outside = pays  # type: ignore[method-assign]
            self._meanwhile()
            facts = pays(*request)
            if self._dies:
                raise RuntimeError("the process is gone")
            return facts

        stripe.pay_outside = paying  # type: ignore[method-assign]
        mark_paid(invoice.organization_id, invoice.id, user_id, settlement, self._company.world.ports)

    def told(self) -> list[tuple[str | None, str | None]]:
        return [(entry.actor, entry.reason) for entry in entries(self._company.now, "marked_paid") if entry.by_pom]


COLLEAGUE = UserId("user_colleague")


def _records(company: Company, settlement: Settlement, user_id: UserId) -> Invoice:
    invoice = company.invoice
    return mark_paid(invoice.organization_id, invoice.id, user_id, settlement, company.world.ports)


def test_of_two_people_who_record_at_once_the_one_whose_request_stripe_took_is_named(company: Company) -> None:
    def colleague_is_faster() -> None:
        _records(company, Settlement("cash"), COLLEAGUE)
        company.world.deliver()

    both = Interrupting(company, colleague_is_faster)
    with pytest.raises(Conflict, match="invoice_already_paid"):
        both.record(Settlement("check", "No. 7"))
    company.world.deliver()
    assert both.told() == [(COLLEAGUE, "cash")]


def test_nobody_is_named_for_a_colleagues_payment_while_stripe_has_answered_neither(company: Company) -> None:
    """The colleague's process dies after Stripe has paid, and the event comes before the slower one is refused."""
    told_early: list[object] = []

    def colleague_dies() -> None:
        inner = Interrupting(company, lambda: None, then_dies=True)
        with suppress(RuntimeError):
            inner.record(Settlement("cash"), COLLEAGUE)
        company.world.deliver()
        told_early.extend(inner.told())

    both = Interrupting(company, colleague_dies)
    with pytest.raises(Conflict, match="invoice_already_paid"):
        both.record(Settlement("check", "No. 7"))
    assert told_early == []
    assert both.told() == [(COLLEAGUE, "cash")]


def test_the_rest_counts_as_recorded_although_a_card_paid_a_part_a_moment_before(company: Company) -> None:
    part = Interrupting(company, lambda: company.pays(amount=2500))
    part.record(Settlement("cash"))
    company.world.deliver()
    assert part.told() == [(OFFICE, "cash")]
    assert company.now.recorded_payment is not None
