"""Tests bank debits that were booked and returned before a card pays: the debit and the card have their own money."""

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


def invoice_with_returned_debit(company: Company) -> tuple[Invoice, str]:
    """Returns an invoice whose bank debit was booked and returned, and the id of the debit's charge."""
    double, invoice = company.world.double, company.bill("100.00")
    double.pay(company.account, str(invoice.stripe_invoice_id), "pm_usBankAccount")
    company.world.deliver()
    double.settle_debit(company.account, company.payment_id(invoice), fail="insufficient_funds")
    company.wait(1)
    [debit] = [each["id"] for each in company.world.in_stripe(company.account, "charge")]
    double.adjust(company.account, 10_000, "payment", "charge", source=debit)
    double.adjust(company.account, -10_000, "payment_failure_refund", "charge_failure", source=debit)
    double.outside_charge(company.account, 5_000)  # Without this charge there would be no deposit on that day.
    return invoice, debit


def pay_by_card(company: Company, invoice: Invoice) -> None:
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_visa")
    company.world.deliver()


def deposits_of(company: Company, invoice: Invoice) -> Mapping[str, Deposited]:
    return deposits_of_invoice(company.world.now(invoice), company.world.ports)


def transaction_types(row: Deposited) -> list[str]:
    return sorted(settlement.transaction.type for settlement in row.settled.settlements)


def all_payment_rows(company: Company, first: int) -> list[Deposited]:
    """Returns all rows of the list of payments, read in pages of this size."""
    rows: list[Deposited] = []
    after: str | None = None
    while True:
        page = list_deposited(company.organization, NO_FILTER, first, after, company.world.ports)
        rows += page.items
        if not page.has_next:
            return rows
        after = page.end_cursor


def net_of_rows(rows: Sequence[Deposited]) -> int:
    return sum(settlement.transaction.net for row in rows for settlement in row.settled.settlements)


def test_the_card_payment_and_the_returned_debit_have_their_own_transactions(company: Company) -> None:
    invoice, debit = invoice_with_returned_debit(company)
    pay_by_card(company, invoice)
    company.wait(60)
    company.days(5)

    rows = deposits_of(company, invoice)

    card = rows[company.payment_id(invoice)]
    assert (transaction_types(card), transaction_types(rows[debit])) == (
        ["charge"],
        ["payment", "payment_failure_refund"],
    )
    assert (settled_view(card).fee, settled_view(card).net, len(card.deposits)) == ("3.20", "96.80", 1)
    assert (settled_view(rows[debit]).net, len(rows[debit].deposits)) == ("0.00", 2)


def test_a_card_payment_that_is_not_booked_does_not_have_the_deposit_of_the_debit(company: Company) -> None:
    invoice, _ = invoice_with_returned_debit(company)
    company.days(5)
    pay_by_card(company, invoice)

    card = deposits_of(company, invoice)[company.payment_id(invoice)]

    view = settled_view(card)
    assert (view.fee_status, view.fee, view.net, view.settlements) == (FeeStatus.PENDING, None, None, [])
    assert [deposit.status.value for deposit in card.deposits] == ["not_settled"]


@pytest.mark.parametrize("lost_types", [["charge.updated"], ["charge.updated", "charge.succeeded"]])
def test_the_sweep_reads_the_fee_of_the_card_payment_although_the_debit_has_one(
    company: Company, lost_types: list[str]
) -> None:
    company.world.sweep()
    invoice, debit = invoice_with_returned_debit(company)
    company.days(5)
    company.world.double.set_delivery(lose=lost_types)
    pay_by_card(company, invoice)
    company.pause(60)
    assert not any(isinstance(each, BalanceJob) for each in company.world.ports.queues.take())
    company.pause(2 * HOUR)

    assert company.world.sweep().payouts.fees == 1

    rows = deposits_of(company, invoice)
    assert settled_view(rows[company.payment_id(invoice)]).net == "96.80"
    assert transaction_types(rows[debit]) == ["payment", "payment_failure_refund"]


@pytest.mark.parametrize("first", [1, 50])
def test_the_list_of_payments_equals_the_payments_of_the_invoice_on_pages_of_any_size(
    company: Company, first: int
) -> None:
    invoice, debit = invoice_with_returned_debit(company)
    company.wait(DAY)
    pay_by_card(company, invoice)
    company.days(5)

    rows = {row.settled.movement.id: row for row in all_payment_rows(company, first)}

    assert rows.keys() == {company.payment_id(invoice), debit}
    assert rows == deposits_of(company, invoice)


def test_the_net_of_all_payment_rows_equals_the_net_of_all_payout_lines(company: Company) -> None:
    invoice, _ = invoice_with_returned_debit(company)
    pay_by_card(company, invoice)
    refunded_invoice, disputed_invoice = company.paid_invoice("70.00"), company.paid_invoice("40.00")
    company.days(2)
    company.refund(invoice, 3_000)
    company.refund(refunded_invoice)
    company.dispute(disputed_invoice)
    company.days(6)

    lines = [line for payout in company.payouts() for line in company.lines(payout) if line.owner is not None]

    assert len(lines) == 8
    assert net_of_rows(all_payment_rows(company, 2)) == sum(line.transaction.net for line in lines)


def test_an_unconfirmed_card_payment_does_not_have_the_deposit_of_the_debit(company: Company) -> None:
    invoice, debit = invoice_with_returned_debit(company)
    company.days(3)
    company.world.double.pay(company.account, str(invoice.stripe_invoice_id), "pm_card_authenticationRequired")
    company.days(1)

    rows = deposits_of(company, invoice)

    assert transaction_types(rows[debit]) == ["payment", "payment_failure_refund"]
    under_way = rows[company.payment_id(invoice)]
    assert transaction_types(under_way) == []
    assert [deposit.status.value for deposit in under_way.deposits] == ["not_settled"]
