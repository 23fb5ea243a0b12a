"""Tests the fees of payments: pending until Stripe has booked the payment, then exact to the cent."""

from __future__ import annotations

import pytest

from chalicelib.domain.balance_transactions import FeePart
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import MovementFilter
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.events.event_outcome import EventOutcome
from tests.usecases.payouts.company import DAY, HOUR, Company
from tests.world import ADMIN, World

NO_FILTER = MovementFilter()


def fee_of(company: Company, invoice: object) -> int | None:
    """Returns the fee of an invoice's payment in minor units, or None while the fee is pending."""
    row = company.row(invoice)  # type: ignore[arg-type]
    if row.fee_pending:
        return None
    [settlement] = row.settlements
    return settlement.transaction.fee


def test_a_fee_is_pending_until_stripe_has_booked_the_payment(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.world.work()
    assert fee_of(company, invoice) is None

    company.wait(60)

    [settlement] = company.row(invoice).settlements
    transaction = settlement.transaction
    assert (transaction.amount, transaction.fee, transaction.net, transaction.currency) == (10_000, 320, 9_680, "usd")
    assert [(part.type, part.amount) for part in transaction.fee_parts] == [("stripe_fee", 320)]
    assert settlement.payout_id is None


def test_the_parts_of_a_fee_include_its_tax(world: World) -> None:
    company = Company.connected(world, fee_tax_rate=10.0)
    invoice = company.paid_invoice("100.00")
    company.wait(60)

    transaction = company.row(invoice).settlements[0].transaction

    assert FeePart("tax", 32, "Sales tax") in transaction.fee_parts
    assert (transaction.fee, sum(part.amount for part in transaction.fee_parts)) == (352, 352)


def test_without_asynchronous_capture_the_fee_is_read_when_the_charge_succeeds(world: World) -> None:
    company = Company.connected(world, async_capture=False)
    invoice = company.paid_invoice("100.00")
    company.world.work()
    assert fee_of(company, invoice) == 320


def test_a_fee_is_read_although_the_charge_succeeded_event_was_lost(company: Company) -> None:
    company.world.double.set_delivery(lose=["charge.succeeded"])
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    assert fee_of(company, invoice) == 320


def test_the_transaction_of_a_payment_in_another_currency_has_the_exchange_rate(company: Company) -> None:
    outside = company.world.double.outside_charge(company.account, 10_000, currency="eur")
    company.wait(60)
    transaction = company.world.ports.stripe.balance_transaction_of(company.account, outside["id"])
    assert transaction is not None
    assert (transaction.currency, transaction.source_amount, transaction.source_currency) == ("usd", 10_000, "eur")
    assert transaction.exchange_rate is not None
    assert transaction.amount == round(10_000 * float(transaction.exchange_rate))
    assert transaction.net == transaction.amount - transaction.fee


def test_a_bank_debit_has_no_fee_until_it_has_settled(company: Company) -> None:
    invoice = company.paid_invoice("100.00", method="pm_usBankAccount")
    company.wait(HOUR)
    assert company.row(invoice).settlements == ()
    assert company.deposits(invoice) == [("not_settled", None)]

    company.wait(4 * DAY)

    assert fee_of(company, invoice) == 80


def test_webhooks_about_fees_and_payouts_call_stripe_only_in_workers(company: Company) -> None:
    company.paid_invoice("100.00")
    company.pause(HOUR)
    company.world.work()
    company.world.double.api.log.reset()
    company.pause(5 * DAY)
    assert company.world.receipts[-1].outcome is EventOutcome.APPLIED
    assert company.world.stripe_calls() == {}
    queued_tasks = {message.task for message in company.world.ports.queues.sent if isinstance(message, BalanceJob)}
    assert queued_tasks == {BalanceTask.PAYOUT}


def test_a_fee_that_cannot_be_read_is_read_when_its_job_is_repeated(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.pause(60)
    [job] = [each for each in company.world.ports.queues.take() if isinstance(each, BalanceJob)]
    company.world.double.order_fault("error_before", path="/v1/payment_intents/*", count=5)
    with pytest.raises(StripeUnavailable):
        company.read(job.stripe_id, job.task)
    assert fee_of(company, invoice) is None
    company.world.double.clear_faults()

    company.read(job.stripe_id, job.task)

    assert fee_of(company, invoice) == 320


def test_repeating_a_fee_job_changes_nothing(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    before = company.row(invoice)
    company.read(company.payment_id(invoice), BalanceTask.PAYMENT)
    assert company.row(invoice) == before


def test_no_fee_is_read_for_a_disconnected_company(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.pause(60)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.api.log.reset()
    company.world.work()
    assert company.world.stripe_calls() == {}
    assert fee_of(company, invoice) is None


def test_a_settlement_is_never_stored_for_another_organizations_payment(company: Company) -> None:
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    other_organization = OrganizationId("org_other")
    company.world.connect(other_organization)
    company.world.ports.payments.settle(
        other_organization, [(company.payment_id(invoice), company.row(invoice).settlements[0])]
    )
    assert company.world.ports.payments.find(other_organization, [company.payment_id(invoice)]) == {}


def test_a_refund_and_a_dispute_have_their_own_transactions_once_their_payout_is_itemized(company: Company) -> None:
    refunded_invoice, disputed_invoice = company.paid_invoice("100.00"), company.paid_invoice("50.00")
    company.wait(60)
    company.refund(refunded_invoice, 2_500)
    company.dispute(disputed_invoice)
    company.days(5)
    rows = company.world.ports.payments.page(company.organization, NO_FILTER, 10, None).items
    nets = {(row.movement.kind.value, row.settlements[0].transaction.net) for row in rows}
    assert nets == {("payment", 9_680), ("payment", 4_825), ("refund", -2_500), ("dispute", -6_500)}
