"""A bank debit that was booked comes back, and a card pays the same payment: each has its own money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from chalicelib.api.models.settlements import FeeStatus, settled_view
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import MovementFilter
from chalicelib.ports.messages import BalanceJob
from chalicelib.usecases.payouts.show_deposits import Deposited, deposits_of_invoice, list_deposited
from tests.usecases.payouts.company import DAY, HOUR, Company

NO_FILTER = MovementFilter()


def booked_and_returned(company: Company) -> tuple[Invoice, str]:
    """Returns an invoice whose bank debit was booked and came back, and the debit's charge."""
    double, invoice = company.world.double, company.bill("100.00")
    double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.world.deliver()
    double.settle_debit(company.account, company.payment_id(invoice), fail="insufficient_funds")
    company.wait(1)
    [debit] = [each["id"] for each in company.world.in_stripe(company.account, "charge")]
    double.adjust(company.account, 10_000, "payment", "charge", source=debit)
    double.adjust(company.account, -10_000, "payment_failure_refund", "charge_failure", source=debit)
    double.outside_charge(company.account, 5_000)  # Without it there would be no deposit of that day.
    return invoice, debit


def pay_by_card(company: Company, invoice: Invoice) -> None:
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_visa")
    company.world.deliver()


def shown(company: Company, invoice: Invoice) -> Mapping[str, Deposited]:
    return deposits_of_invoice(company.world.now(invoice), company.world.ports)


def types(row: Deposited) -> list[str]:
    return sorted(settlement.transaction.type for settlement in row.settled.settlements)


def listed(company: Company, first: int) -> list[Deposited]:
    """Returns all rows of the list of payments, read in pages."""
    found: list[Deposited] = []
    after: str | None = None
    while True:
        page = list_deposited(company.organization, NO_FILTER, first, after, company.world.ports)
        found += page.items
        if not page.has_next:
            return found
        after = page.end_cursor


def net_of_rows(rows: Sequence[Deposited]) -> int:
    return sum(settlement.transaction.net for row in rows for settlement in row.settled.settlements)


def test_the_card_has_its_fee_and_the_debit_that_came_back_has_its_own_two_changes(company: Company) -> None:
    invoice, debit = booked_and_returned(company)
    pay_by_card(company, invoice)
    company.wait(60)
    company.days(5)

    rows = shown(company, invoice)

    card = rows[company.payment_id(invoice)]
    assert (types(card), types(rows[debit])) == (["charge"], ["payment", "payment_failure_refund"])
    assert (settled_view(card).fee, settled_view(card).net, len(card.deposits)) == ("3.20", "96.80", 1)
    assert (settled_view(rows[debit]).net, len(rows[debit].deposits)) == ("0.00", 2)


def test_a_card_that_is_not_booked_yet_does_not_show_the_deposit_of_the_debit_before_it(company: Company) -> None:
    invoice, _ = booked_and_returned(company)
    company.days(5)
    pay_by_card(company, invoice)

    card = shown(company, invoice)[company.payment_id(invoice)]

    view = settled_view(card)
    assert (view.fee_status, view.fee, view.net, view.settlements) == (FeeStatus.PENDING, None, None, [])
    assert [deposit.status.value for deposit in card.deposits] == ["not_settled"]


@pytest.mark.parametrize("lost", [["charge.updated"], ["charge.updated", "charge.succeeded"]])
def test_the_sweep_reads_the_fee_of_the_card_though_the_debit_before_it_has_one(
    company: Company, lost: list[str]
) -> None:
    company.world.sweep()
    invoice, debit = booked_and_returned(company)
    company.days(5)
    company.world.double.set_delivery(lose=lost)
    pay_by_card(company, invoice)
    company.pause(60)
    assert not any(isinstance(each, BalanceJob) for each in company.world.ports.queues.take())
    company.pause(2 * HOUR)

    assert company.world.sweep().payouts.fees == 1

    rows = shown(company, invoice)
    assert settled_view(rows[company.payment_id(invoice)]).net == "96.80"
    assert types(rows[debit]) == ["payment", "payment_failure_refund"]


@pytest.mark.parametrize("first", [1, 50])
def test_the_list_of_payments_shows_the_same_as_the_invoice_on_pages_of_any_size(
    company: Company, first: int
) -> None:
    invoice, debit = booked_and_returned(company)
    company.wait(DAY)
    pay_by_card(company, invoice)
    company.days(5)

    rows = {row.settled.movement.id: row for row in listed(company, first)}

    assert rows.keys() == {company.payment_id(invoice), debit}
    assert rows == shown(company, invoice)


def test_the_rows_of_all_payments_add_up_to_the_lines_of_the_deposits(company: Company) -> None:
    invoice, _ = booked_and_returned(company)
    pay_by_card(company, invoice)
    refunded, disputed = company.paid("70.00"), company.paid("40.00")
    company.days(2)
    company.refund(invoice, 3_000)
    company.refund(refunded)
    company.dispute(disputed)
    company.days(6)

    lines = [line for payout in company.payouts() for line in company.lines(payout) if line.owner is not None]

    assert len(lines) == 8
    assert net_of_rows(listed(company, 2)) == sum(line.transaction.net for line in lines)


def test_a_card_that_the_payer_has_yet_to_confirm_does_not_show_the_deposit_of_the_debit(company: Company) -> None:
    invoice, debit = booked_and_returned(company)
    company.days(3)
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_authenticationRequired")
    company.days(1)

    rows = shown(company, invoice)

    assert types(rows[debit]) == ["payment", "payment_failure_refund"]
    under_way = rows[company.payment_id(invoice)]
    assert types(under_way) == []
    assert [deposit.status.value for deposit in under_way.deposits] == ["not_settled"]
