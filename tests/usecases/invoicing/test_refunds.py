"""Refunds ordered in POM: made once for each key, never more than the payment, and refused with a way out."""

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


def refused(company: Company, key: str = "once", amount: str | None = None) -> IntegrationError:
    with pytest.raises((Refused, Conflict)) as raised:
        company.refunds(key, amount)
    assert raised.value.next_step
    return raised.value


# What is refunded


def test_without_an_amount_all_that_is_left_is_refunded_and_the_invoice_shows_it(company: Company) -> None:
    made = company.refunds(reason="duplicate")
    assert made.fact is not None
    assert (made.amount, made.currency, made.reason, made.fact.status) == (7500, "usd", "duplicate", "succeeded")
    assert (made.invoice_id, made.payment_id) == (company.invoice.id, company.payment_id)
    assert company.now.status is InvoiceStatus.REFUNDED
    assert company.in_stripe == [7500]
    company.assert_settled()


def test_parts_are_refunded_one_after_the_other_until_nothing_is_left(company: Company) -> None:
    company.refunds("first", "25.00")
    assert company.now.status is InvoiceStatus.PAID
    assert company.now.partially_refunded
    company.refunds("second", "20")
    rest = company.refunds("rest")
    assert rest.amount == 3000
    assert company.in_stripe == [2500, 2000, 3000]
    assert company.now.status is InvoiceStatus.REFUNDED
    company.assert_settled()


def test_the_timeline_names_who_ordered_the_refund_once(company: Company) -> None:
    company.refunds(amount="10", reason="requested_by_customer")
    company.world.deliver()
    company.world.sweep()
    [entry] = [each for each in timeline(company.now) if each.kind is EntryKind.REFUNDED]
    assert (entry.actor, entry.by_pom, entry.amount, entry.reason) == (ADMIN, True, 1000, "requested_by_customer")


def test_a_refund_costs_two_writes_and_asks_stripe_for_it_once(company: Company) -> None:
    calls = outward_calls(company.refunds, company.world)
    assert [name for name in calls if name.startswith("stripe.")] == ["stripe.everything", "stripe.refund"]
    assert calls.count("invoices.save") == 2
    assert calls.index("invoices.save") < calls.index("stripe.refund")


# One key, one refund


def test_the_same_key_and_body_give_the_same_refund_however_often(company: Company) -> None:
    first = company.refunds(amount="25.00")
    company.world.advance(3 * DAY)
    again = [company.refunds(amount="25.0") for _ in range(3)]
    assert {each.fact.id for each in again if each.fact} == {first.fact.id if first.fact else ""}
    assert company.in_stripe == [2500]


def test_the_same_key_for_all_that_is_left_is_the_same_refund_although_nothing_is_left_now(company: Company) -> None:
    first, again = company.refunds(), company.refunds()
    assert first.fact == again.fact
    assert company.in_stripe == [7500]


@pytest.mark.parametrize(
    ("amount", "reason"), [("25.01", "duplicate"), (None, "duplicate"), ("25", None), ("25", "fraudulent")]
)
def test_the_same_key_with_another_body_is_refused(company: Company, amount: str | None, reason: str | None) -> None:
    company.refunds(amount="25", reason="duplicate")
    with pytest.raises(Conflict) as raised:
        company.refunds(amount=amount, reason=reason)
    assert (raised.value.code, raised.value.field) == ("idempotency_key_reused", "Idempotency-Key")
    assert company.in_stripe == [2500]


def test_the_key_of_a_refund_of_everything_is_refused_for_the_same_amount_by_name(company: Company) -> None:
    company.refunds()
    assert refused(company, amount="75.00").code == "idempotency_key_reused"


def test_a_colleague_who_repeats_the_request_gets_the_refund_and_the_timeline_names_who_was_first(
    company: Company,
) -> None:
    first = company.refunds()
    again = refund(company.request(user=UserId("another_admin")), company.world.ports)
    assert again.fact == first.fact
    assert company.orders[0].actor == ADMIN


def test_the_same_key_gives_the_same_refund_after_the_account_was_disconnected(company: Company) -> None:
    first = company.refunds()
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    assert company.refunds().fact == first.fact


def test_the_same_key_gives_the_same_refund_although_pom_has_lost_the_order(company: Company) -> None:
    """As after POM's record of the invoice was made anew of what Stripe remembers."""
    first = company.refunds(amount="25")
    lost = company.now.without_order(company.orders[0])
    company.world.ports.database.invoices[ORGANIZATION, company.invoice.id] = lost
    assert company.refunds(amount="25").fact == first.fact
    assert refused(company, amount="26").code == "idempotency_key_reused"
    assert company.in_stripe == [2500]


def test_a_key_belongs_to_a_payment_so_two_payments_can_be_refunded_with_the_same_key() -> None:
    company = Company(paid=False)
    payments = [company.pays(amount=2500), company.pays()]
    for company.payment_id in payments:
        company.refunds("once")
    assert company.in_stripe == [2500, 5000]
    company.assert_settled()


# What is refused


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("75.01", "refund_exceeds_payment"),
        ("0", "amount_zero"),
        ("1.001", "amount_too_precise"),
        ("-1", "amount_negative"),
    ],
)
def test_an_amount_that_cannot_be_refunded_is_refused_with_its_field(
    company: Company, amount: str, code: str
) -> None:
    refusal = refused(company, amount=amount)
    assert (refusal.code, refusal.field) == (code, "amount")
    assert company.orders == ()
    assert company.in_stripe == []


def test_more_than_is_left_is_refused_and_the_refusal_says_how_much_is_left(company: Company) -> None:
    company.refunds("first", "50")
    refusal = refused(company, "second", "25.01")
    assert refusal.code == "refund_exceeds_payment"
    assert "25.00 USD is left" in refusal.message
    assert refusal.next_step == "Refund at most 25.00 USD."


def test_a_refund_in_the_dashboard_that_pom_has_not_heard_of_counts(company: Company) -> None:
    company.refunds_in_dashboard(5000)
    assert "25.00 USD is left" in refused(company, amount="30").message
    assert company.refunds("rest").amount == 2500


def test_nothing_is_left_of_a_payment_that_was_refunded(company: Company) -> None:
    company.refunds("first")
    assert refused(company, "second").code == "refund_already_made"
    assert company.in_stripe == [7500]


def test_a_bank_debit_that_is_on_its_way_is_not_refunded() -> None:
    company = Company(DEBIT)
    refusal = refused(company)
    assert refusal.code == "refund_of_unpaid"
    assert "on its way" in refusal.message
    assert company.orders == ()


def test_a_payment_that_failed_needs_no_refund() -> None:
    company = Company("pm_card_chargeDeclined")
    refusal = refused(company)
    assert (refusal.code, refusal.next_step) == ("refund_of_unpaid", "No refund is needed.")


def disputed(company: Company, status: str | None = None, reason: str = "fraudulent") -> None:
    charge = company.world.in_stripe(company.account, "charge")[-1]["id"]
    dispute = company.world.double.open_dispute(company.account, charge, reason=reason)["id"]
    if status is not None:
        company.world.double.move_dispute(company.account, dispute, status)


@pytest.mark.parametrize("reason", ["fraudulent", "inquiry"])
def test_a_payment_that_the_bank_questions_is_not_refunded_besides(company: Company, reason: str) -> None:
    disputed(company, reason=reason)
    refusal = refused(company)
    assert refusal.code == "refund_of_disputed_payment"
    assert "Stripe dashboard" in str(refusal.next_step)
    assert company.in_stripe == []


def test_a_payment_that_the_bank_took_back_has_nothing_left_to_refund(company: Company) -> None:
    disputed(company, "lost")
    assert refused(company).code == "refund_already_made"
    assert company.left() == 0


def test_a_payment_whose_dispute_was_won_can_be_refunded(company: Company) -> None:
    disputed(company, "won")
    assert company.refunds().amount == 7500


def test_a_payment_outside_stripe_is_given_back_outside_stripe() -> None:
    company = Company(paid=False)
    mark_paid(ORGANIZATION, company.invoice.id, OFFICE, Settlement("check"), company.world.ports)
    company.payment_id = f"outside_{company.invoice.id}"
    refusal = refused(company)
    assert refusal.code == "refund_of_outside_payment"
    assert "outside Stripe" in str(refusal.next_step)
    assert "credit note" in str(refusal.next_step)


def test_an_unknown_reason_is_refused_with_those_that_are_known(company: Company) -> None:
    with pytest.raises(Refused) as raised:
        company.refunds(reason="unhappy")
    assert (raised.value.code, raised.value.field) == ("refund_reason_unknown", "reason")
    assert "requested_by_customer" in str(raised.value.next_step)


@pytest.mark.parametrize("payment_id", ["pi_unknown", "ch_unknown", "outside_inv_unknown", "{stripe_invoice}"])
def test_there_is_no_payment_of_another_id(company: Company, payment_id: str) -> None:
    company.payment_id = payment_id.format(stripe_invoice=company.invoice.stripe_invoice_id)
    with pytest.raises(NotFound) as raised:
        company.refunds()
    assert (raised.value.code, raised.value.field) == ("payment_not_found", "paymentId")


def test_another_organization_learns_nothing_of_a_payment(company: Company) -> None:
    other = OrganizationId("org_green")
    company.world.connect(other)
    company.world.ports.queues.take()
    for payment_id in (company.payment_id, f"outside_{company.invoice.id}", "pi_unknown"):
        with pytest.raises(NotFound) as raised:
            refund(RefundRequest(other, ADMIN, payment_id, "once"), company.world.ports)
        assert raised.value.message == "There is no payment with this id."
    assert company.in_stripe == []


def test_a_company_that_is_not_connected_cannot_refund(company: Company) -> None:
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    assert refused(company).code == "stripe_not_connected"
    assert company.orders == ()


def test_a_payment_of_a_former_account_cannot_be_refunded(company: Company) -> None:
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)
    company.world.connect(account=company.world.account())
    with pytest.raises(NotFound) as raised:
        company.refunds()
    assert "no longer connected" in str(raised.value.next_step)


def test_a_company_whose_invoicing_is_paused_can_give_money_back(company: Company) -> None:
    freeze(ORGANIZATION, "ann", "Two invoices were made for one service.", company.world.ports)
    assert company.refunds().amount == 7500


# What Stripe refuses


def test_what_stripe_refuses_is_dropped_and_the_same_key_may_ask_again_when_the_cause_is_gone(
    company: Company,
) -> None:
    company.world.double.update_account(company.account, covers_refunds=False)
    with pytest.raises(StripeRefused) as raised:
        company.refunds()
    assert raised.value.code == "refund_exceeds_balance"
    assert raised.value.next_step
    assert company.orders == ()
    assert company.told() == ["refund_refused"]
    company.world.double.update_account(company.account, covers_refunds=True)
    assert company.refunds().fact is not None
    assert company.in_stripe == [7500]


def test_a_revoked_connection_is_noticed_and_nothing_is_ordered(company: Company) -> None:
    company.world.double.revoke(company.account)
    with pytest.raises(AccountUnreachable):
        company.refunds()
    assert not company.world.ports.connections.get(ORGANIZATION).active
    assert company.orders == ()


# What becomes of a refund later


def test_a_refund_that_fails_weeks_later_is_told_and_can_be_ordered_again_with_a_new_key(company: Company) -> None:
    made = company.refunds()
    assert made.fact is not None
    company.world.advance(20 * DAY)
    company.world.double.settle_refund(company.account, made.fact.id, outcome="failed")
    company.world.deliver()
    assert company.told() == ["refunded", "refund_failed"]
    assert company.now.status is InvoiceStatus.PAID
    same = company.refunds()
    assert same.fact is not None
    assert (same.fact.id, same.fact.status) == (made.fact.id, "failed")
    again = company.refunds("again")
    assert again.fact is not None
    assert again.fact.status == "succeeded"
    assert company.in_stripe == [7500]
    company.assert_settled()


def test_an_event_that_arrives_before_stripes_answer_settles_the_order(company: Company) -> None:
    company.loses_the_answer()
    company.refunds()
    company.world.deliver()
    assert [order.refund_id is not None for order in company.orders] == [True]
    assert company.now.resume_at is None
    assert company.refunds().fact is not None
    company.assert_settled()


def test_a_part_of_a_cent_of_a_currency_without_cents_is_refused() -> None:
    company = Company(paid=False)
    company.invoice = company.world.invoice("svc_yen", currency="jpy")
    company.payment_id = company.pays()
    assert refused(company, amount="0.5").code == "amount_too_precise"
    assert refund(company.request(amount="25"), company.world.ports).amount == 25
    assert Decimal(company.refunds("rest").amount) == 50
