"""Tests refunds ordered in POM: one refund for each key, never more than the payment, and refusals with a next
step.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from chalicelib.domain.errors import AccountUnreachable, Conflict, IntegrationError, NotFound, Refused, StripeRefused
from chalicelib.domain.identifiers import OrganizationId, UserId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.timeline import timeline
from chalicelib.domain.timeline_entries import EntryKind
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.connecting.freeze import freeze
from chalicelib.usecases.invoicing.refund import RefundRequest, refund
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from tests.usecases.invoicing.refunding import DAY, Company, outward_calls
from tests.world import ADMIN, OFFICE, ORGANIZATION

DEBIT = "pm_usBankAccount_success"


@pytest.fixture
def company() -> Company:
    return Company()


def refusal_of(company: Company, key: str = "once", amount: str | None = None) -> IntegrationError:
    with pytest.raises((Refused, Conflict)) as refusal:
        company.refunds(key, amount)
    assert refusal.value.next_step
    return refusal.value


# Amounts


def test_a_refund_without_an_amount_refunds_everything_that_is_left(company: Company) -> None:
    ordered = company.refunds(reason="duplicate")
    assert ordered.fact is not None
    assert (ordered.amount, ordered.currency, ordered.reason, ordered.fact.status) == (
        7500,
        "usd",
        "duplicate",
        "succeeded",
    )
    assert (ordered.invoice_id, ordered.payment_id) == (company.invoice.id, company.payment_id)
    assert company.now.status is InvoiceStatus.REFUNDED
    assert company.in_stripe == [7500]
    company.assert_settled()


def test_a_payment_can_be_refunded_in_several_parts(company: Company) -> None:
    company.refunds("first", "25.00")
    assert company.now.status is InvoiceStatus.PAID
    assert company.now.partially_refunded
    company.refunds("second", "20")
    last = company.refunds("rest")
    assert last.amount == 3000
    assert company.in_stripe == [2500, 2000, 3000]
    assert company.now.status is InvoiceStatus.REFUNDED
    company.assert_settled()


def test_the_timeline_names_the_person_who_ordered_the_refund(company: Company) -> None:
    company.refunds(amount="10", reason="requested_by_customer")
    company.world.deliver()
    company.world.sweep()
    [entry] = [each for each in timeline(company.now) if each.kind is EntryKind.REFUNDED]
    assert (entry.actor, entry.by_pom, entry.amount, entry.reason) == (ADMIN, True, 1000, "requested_by_customer")


def test_a_refund_costs_two_writes_and_one_refund_call_of_stripe(company: Company) -> None:
    calls = outward_calls(company.refunds, company.world)
    assert [name for name in calls if name.startswith("stripe.")] == ["stripe.everything", "stripe.refund"]
    assert calls.count("invoices.save") == 2
    assert calls.index("invoices.save") < calls.index("stripe.refund")


# Idempotency keys


def test_the_same_key_and_body_always_return_the_same_refund(company: Company) -> None:
    first = company.refunds(amount="25.00")
    company.world.advance(3 * DAY)
    again = [company.refunds(amount="25.0") for _ in range(3)]
    assert {each.fact.id for each in again if each.fact} == {first.fact.id if first.fact else ""}
    assert company.in_stripe == [2500]


def test_the_same_key_returns_the_refund_of_everything_although_nothing_is_left(company: Company) -> None:
    first, again = company.refunds(), company.refunds()
    assert first.fact == again.fact
    assert company.in_stripe == [7500]


@pytest.mark.parametrize(
    ("amount", "reason"), [("25.01", "duplicate"), (None, "duplicate"), ("25", None), ("25", "fraudulent")]
)
def test_the_same_key_with_another_body_is_refused(company: Company, amount: str | None, reason: str | None) -> None:
    company.refunds(amount="25", reason="duplicate")
    with pytest.raises(Conflict) as refusal:
        company.refunds(amount=amount, reason=reason)
    assert (refusal.value.code, refusal.value.field) == ("idempotency_key_reused", "Idempotency-Key")
    assert company.in_stripe == [2500]


def test_the_key_of_a_refund_without_an_amount_is_refused_with_an_amount(company: Company) -> None:
    company.refunds()
    assert refusal_of(company, amount="75.00").code == "idempotency_key_reused"


def test_a_colleague_who_repeats_a_request_gets_the_refund_of_the_first_person(
    company: Company,
) -> None:
    first = company.refunds()
    again = refund(company.request(user=UserId("another_admin")), company.world.ports)
    assert again.fact == first.fact
    assert company.orders[0].actor == ADMIN


def test_the_same_key_returns_the_same_refund_after_a_disconnection(company: Company) -> None:
    first = company.refunds()
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    assert company.refunds().fact == first.fact


def test_the_same_key_returns_the_same_refund_although_its_order_was_lost(company: Company) -> None:
    """The order is lost, for example when POM recreated its record of the invoice from Stripe."""
    first = company.refunds(amount="25")
    without_order = company.now.without_order(company.orders[0])
    company.world.ports.database.invoices[ORGANIZATION, company.invoice.id] = without_order
    assert company.refunds(amount="25").fact == first.fact
    assert refusal_of(company, amount="26").code == "idempotency_key_reused"
    assert company.in_stripe == [2500]


def test_two_payments_can_be_refunded_with_the_same_key() -> None:
    company = Company(paid=False)
    payments = [company.pays(amount=2500), company.pays()]
    for company.payment_id in payments:
        company.refunds("once")
    assert company.in_stripe == [2500, 5000]
    company.assert_settled()


# Refusals of POM


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("75.01", "refund_exceeds_payment"),
        ("0", "amount_zero"),
        ("1.001", "amount_too_precise"),
        ("-1", "amount_negative"),
    ],
)
def test_an_invalid_refund_amount_is_refused_and_the_error_names_its_field(
    company: Company, amount: str, code: str
) -> None:
    refusal = refusal_of(company, amount=amount)
    assert (refusal.code, refusal.field) == (code, "amount")
    assert company.orders == ()
    assert company.in_stripe == []


def test_a_refund_above_the_remaining_amount_is_refused_and_the_error_names_the_amount(company: Company) -> None:
    company.refunds("first", "50")
    refusal = refusal_of(company, "second", "25.01")
    assert refusal.code == "refund_exceeds_payment"
    assert "25.00 USD is left" in refusal.message
    assert refusal.next_step == "Refund at most 25.00 USD."


def test_an_unreported_refund_in_the_dashboard_counts(company: Company) -> None:
    company.refunds_in_dashboard(5000)
    assert "25.00 USD is left" in refusal_of(company, amount="30").message
    assert company.refunds("rest").amount == 2500


def test_a_fully_refunded_payment_cannot_be_refunded_again(company: Company) -> None:
    company.refunds("first")
    assert refusal_of(company, "second").code == "refund_already_made"
    assert company.in_stripe == [7500]


def test_a_pending_bank_debit_cannot_be_refunded() -> None:
    company = Company(DEBIT)
    refusal = refusal_of(company)
    assert refusal.code == "refund_of_unpaid"
    assert "on its way" in refusal.message
    assert company.orders == ()


def test_a_failed_payment_cannot_be_refunded() -> None:
    company = Company("pm_card_chargeDeclined")
    refusal = refusal_of(company)
    assert (refusal.code, refusal.next_step) == ("refund_of_unpaid", "No refund is needed.")


def open_dispute(company: Company, status: str | None = None, reason: str = "fraudulent") -> None:
    charge = company.world.in_stripe(company.account, "charge")[-1]["id"]
    dispute = company.world.double.open_dispute(company.account, charge, reason=reason)["id"]
    if status is not None:
        company.world.double.move_dispute(company.account, dispute, status)


@pytest.mark.parametrize("reason", ["fraudulent", "inquiry"])
def test_a_payment_with_an_open_dispute_cannot_be_refunded(company: Company, reason: str) -> None:
    open_dispute(company, reason=reason)
    refusal = refusal_of(company)
    assert refusal.code == "refund_of_disputed_payment"
    assert "Stripe dashboard" in str(refusal.next_step)
    assert company.in_stripe == []


def test_a_payment_with_a_lost_dispute_cannot_be_refunded(company: Company) -> None:
    open_dispute(company, "lost")
    assert refusal_of(company).code == "refund_already_made"
    assert company.refundable_cents() == 0


def test_a_payment_with_a_won_dispute_can_be_refunded(company: Company) -> None:
    open_dispute(company, "won")
    assert company.refunds().amount == 7500


def test_a_payment_outside_stripe_cannot_be_refunded_in_stripe() -> None:
    company = Company(paid=False)
    mark_paid(ORGANIZATION, company.invoice.id, OFFICE, Settlement("check"), company.world.ports)
    company.payment_id = f"outside_{company.invoice.id}"
    refusal = refusal_of(company)
    assert refusal.code == "refund_of_outside_payment"
    assert "outside Stripe" in str(refusal.next_step)
    assert "credit note" in str(refusal.next_step)


def test_an_unknown_reason_is_refused_and_the_error_lists_the_known_reasons(company: Company) -> None:
    with pytest.raises(Refused) as refusal:
        company.refunds(reason="unhappy")
    assert (refusal.value.code, refusal.value.field) == ("refund_reason_unknown", "reason")
    assert "requested_by_customer" in str(refusal.value.next_step)


@pytest.mark.parametrize("payment_id", ["pi_unknown", "ch_unknown", "outside_inv_unknown", "{stripe_invoice}"])
def test_a_refund_of_an_unknown_payment_is_refused_as_not_found(company: Company, payment_id: str) -> None:
    company.payment_id = payment_id.format(stripe_invoice=company.invoice.stripe_invoice_id)
    with pytest.raises(NotFound) as refusal:
        company.refunds()
    assert (refusal.value.code, refusal.value.field) == ("payment_not_found", "paymentId")


def test_a_payment_of_another_organization_is_refused_as_not_found(company: Company) -> None:
    other_organization = OrganizationId("org_green")
    company.world.connect(other_organization)
    company.world.ports.queues.take()
    for payment_id in (company.payment_id, f"outside_{company.invoice.id}", "pi_unknown"):
        with pytest.raises(NotFound) as refusal:
            refund(RefundRequest(other_organization, ADMIN, payment_id, "once"), company.world.ports)
        assert refusal.value.message == "There is no payment with this id."
    assert company.in_stripe == []


def test_a_company_that_is_not_connected_cannot_refund(company: Company) -> None:
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    assert refusal_of(company).code == "stripe_not_connected"
    assert company.orders == ()


def test_a_payment_of_a_former_account_cannot_be_refunded(company: Company) -> None:
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    company.world.connect(account=company.world.account())
    with pytest.raises(NotFound) as refusal:
        company.refunds()
    assert "no longer connected" in str(refusal.value.next_step)


def test_a_refund_can_be_ordered_while_invoicing_is_paused(company: Company) -> None:
    freeze(ORGANIZATION, "ann", "Two invoices were made for one service.", company.world.ports)
    assert company.refunds().amount == 7500


# Refusals of Stripe


def test_a_refund_that_stripe_refuses_can_be_repeated_with_the_same_key(
    company: Company,
) -> None:
    company.world.double.update_account(company.account, covers_refunds=False)
    with pytest.raises(StripeRefused) as refusal:
        company.refunds()
    assert refusal.value.code == "refund_exceeds_balance"
    assert refusal.value.next_step
    assert company.orders == ()
    assert company.refund_entries() == ["refund_refused"]
    company.world.double.update_account(company.account, covers_refunds=True)
    assert company.refunds().fact is not None
    assert company.in_stripe == [7500]


def test_a_refund_over_a_revoked_connection_marks_it_and_stores_no_order(company: Company) -> None:
    company.world.double.revoke(company.account)
    with pytest.raises(AccountUnreachable):
        company.refunds()
    assert not company.world.ports.connections.get(ORGANIZATION).active
    assert company.orders == ()


# Later events


def test_a_refund_that_fails_weeks_later_can_be_repeated_with_a_new_key(company: Company) -> None:
    first = company.refunds()
    assert first.fact is not None
    company.world.advance(20 * DAY)
    company.world.double.settle_refund(company.account, first.fact.id, outcome="failed")
    company.world.deliver()
    assert company.refund_entries() == ["refunded", "refund_failed"]
    assert company.now.status is InvoiceStatus.PAID
    repeated = company.refunds()
    assert repeated.fact is not None
    assert (repeated.fact.id, repeated.fact.status) == (first.fact.id, "failed")
    again = company.refunds("again")
    assert again.fact is not None
    assert again.fact.status == "succeeded"
    assert company.in_stripe == [7500]
    company.assert_settled()


def test_an_event_that_arrives_before_stripes_response_finishes_the_order(company: Company) -> None:
    company.loses_the_answer()
    company.refunds()
    company.world.deliver()
    assert [order.refund_id is not None for order in company.orders] == [True]
    assert company.now.resume_at is None
    assert company.refunds().fact is not None
    company.assert_settled()


def test_a_fraction_in_a_currency_without_cents_is_refused() -> None:
    company = Company(paid=False)
    company.invoice = company.world.invoice("svc_yen", currency="jpy")
    company.payment_id = company.pays()
    assert refusal_of(company, amount="0.5").code == "amount_too_precise"
    assert refund(company.request(amount="25"), company.world.ports).amount == 25
    assert Decimal(company.refunds("rest").amount) == 50
