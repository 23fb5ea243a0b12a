"""What a payment cost: pending until Stripe says so, then true to the cent."""

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


def fee(company: Company, invoice: object) -> int | None:
    """Returns the fee of an invoice's payment, or None while it is pending."""
    settled = company.row(invoice)  # type: ignore[arg-type]
    if settled.fee_pending:
        return None
    [settlement] = settled.settlements
    return settlement.transaction.fee


def test_a_fee_is_pending_until_stripe_has_booked_the_payment(company: Company) -> None:
    invoice = company.paid("100.00")
    company.world.work()
    assert fee(company, invoice) is None

    company.wait(60)

    [settlement] = company.row(invoice).settlements
    booked = settlement.transaction
    assert (booked.amount, booked.fee, booked.net, booked.currency) == (10_000, 320, 9_680, "usd")
    assert [(part.type, part.amount) for part in booked.fee_parts] == [("stripe_fee", 320)]
    assert settlement.payout_id is None


def test_a_fee_is_shown_with_the_tax_that_is_part_of_it(world: World) -> None:
    company = Company.connected(world, fee_tax_rate=10.0)
    invoice = company.paid("100.00")
    company.wait(60)

    booked = company.row(invoice).settlements[0].transaction

    assert FeePart("tax", 32, "Sales tax") in booked.fee_parts
    assert (booked.fee, sum(part.amount for part in booked.fee_parts)) == (352, 352)


def test_an_account_without_asynchronous_capture_tells_the_fee_when_the_charge_succeeds(world: World) -> None:
    company = Company.connected(world, async_capture=False)
    invoice = company.paid("100.00")
    company.world.work()
    assert fee(company, invoice) == 320


def test_a_fee_is_read_though_the_event_that_the_charge_succeeded_was_lost(company: Company) -> None:
    company.world.double.set_delivery(lose=["charge.succeeded"])
    invoice = company.paid("100.00")
    company.wait(60)
    assert fee(company, invoice) == 320


def test_a_payment_in_another_currency_shows_the_exchange(company: Company) -> None:
    outside = company.world.double.outside_charge(company.account, 10_000, currency="eur")
    company.wait(60)
    booked = company.world.ports.stripe.balance_transaction_of(company.account, outside["id"])
    assert booked is not None
    assert (booked.currency, booked.source_amount, booked.source_currency) == ("usd", 10_000, "eur")
    assert booked.exchange_rate is not None
    assert booked.amount == round(10_000 * float(booked.exchange_rate))
    assert booked.net == booked.amount - booked.fee


def test_a_bank_debit_costs_nothing_until_it_has_settled(company: Company) -> None:
    invoice = company.paid("100.00", method="pm_usBankAccount")
    company.wait(HOUR)
    assert company.row(invoice).settlements == ()
    assert company.deposits(invoice) == [("not_settled", None)]

    company.wait(4 * DAY)

    assert fee(company, invoice) == 80


def test_no_webhook_about_money_waits_for_stripe(company: Company) -> None:
    company.paid("100.00")
    company.pause(HOUR)
    company.world.work()
    company.world.double.api.log.reset()
    company.pause(5 * DAY)
    assert company.world.receipts[-1].outcome is EventOutcome.APPLIED
    assert company.world.stripe_calls() == {}
    asked = {message.task for message in company.world.ports.queues.sent if isinstance(message, BalanceJob)}
    assert asked == {BalanceTask.PAYOUT}


def test_a_fee_that_cannot_be_read_now_is_read_when_the_job_is_done_again(company: Company) -> None:
    invoice = company.paid("100.00")
    company.pause(60)
    [job] = [each for each in company.world.ports.queues.take() if isinstance(each, BalanceJob)]
    company.world.double.order_fault("error_before", path="/v1/payment_intents/*", count=5)
    with pytest.raises(StripeUnavailable):
        company.read(job.stripe_id, job.task)
    assert fee(company, invoice) is None
    company.world.double.clear_faults()

    company.read(job.stripe_id, job.task)

    assert fee(company, invoice) == 320


def test_a_job_that_is_done_twice_changes_nothing(company: Company) -> None:
    invoice = company.paid("100.00")
    company.wait(60)
    before = company.row(invoice)
    company.read(company.payment_id(invoice), BalanceTask.PAYMENT)
    assert company.row(invoice) == before


def test_a_fee_of_a_company_that_has_disconnected_is_not_asked_for(company: Company) -> None:
    invoice = company.paid("100.00")
    company.pause(60)
    connect.disconnect(company.organization, ADMIN, company.world.ports)
    company.world.double.api.log.reset()
    company.world.work()
    assert company.world.stripe_calls() == {}
    assert fee(company, invoice) is None


def test_the_payment_of_another_organization_is_never_written(company: Company) -> None:
    invoice = company.paid("100.00")
    company.wait(60)
    other = OrganizationId("org_other")
    company.world.connect(other)
    company.world.ports.payments.settle(other, [(company.payment_id(invoice), company.row(invoice).settlements[0])])
    assert company.world.ports.payments.find(other, [company.payment_id(invoice)]) == {}


def test_a_refund_and_a_dispute_have_their_own_lines_once_their_payout_is_itemized(company: Company) -> None:
    refunded, disputed = company.paid("100.00"), company.paid("50.00")
    company.wait(60)
    company.refund(refunded, 2_500)
    company.dispute(disputed)
    company.days(5)
    rows = company.world.ports.payments.page(company.organization, NO_FILTER, 10, None).items
    nets = {(row.movement.kind.value, row.settlements[0].transaction.net) for row in rows}
    assert nets == {("payment", 9_680), ("payment", 4_825), ("refund", -2_500), ("dispute", -6_500)}
