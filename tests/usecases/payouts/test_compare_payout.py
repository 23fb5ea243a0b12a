"""Tests the comparison of payout lines: stored lines are compared with Stripe's lines again, and repaired where they
differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payout import Payout, Totals
from chalicelib.domain.payout_lines import PayoutLine, sum_lines
from chalicelib.domain.payout_tie_out import PayoutKind
from chalicelib.ports import PayoutStore
from chalicelib.ports.messages import BalanceTask
from chalicelib.usecases.payouts.compare_payout import ComparedLines, compare_and_repair
from chalicelib.usecases.payouts.read_payout import add_up
from chalicelib.usecases.reconciling.tie_out_payouts import repair_from_stripe, tie_out_payouts
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.usecases.payouts.company import DAY, TRANSACTIONS, Company, change_payout_lines, costlier, without


@pytest.fixture
def itemized_company(company: Company) -> Company:
    """Returns a company with one deposit of three invoices."""
    for price in ("100.00", "50.00", "25.00"):
        company.paid_invoice(price)
    company.days(5)
    company.world.double.api.log.reset()
    assert company.payout().tied_out
    return company


def compare(company: Company) -> ComparedLines:
    compared = company.read(company.payout().id, BalanceTask.COMPARE)
    assert isinstance(compared, ComparedLines)
    return compared


def difference_kinds(company: Company) -> dict[str, list[PayoutKind]]:
    """Returns the kinds of differences of each payout, as an operator reads them."""
    comparisons = tie_out_payouts(company.organization, company.world.ports)
    return {each.fact.id: [difference.kind for difference in each.differences] for each in comparisons}


def test_comparing_an_equal_payout_stores_only_the_time(itemized_company: Company) -> None:
    before = itemized_company.payout()
    compared = compare(itemized_company)
    now = itemized_company.world.ports.clock.now()
    assert compared.repaired == 0
    assert itemized_company.payout() == replace(before, compared_at=now, version=before.version + 1)
    assert itemized_company.calls(TRANSACTIONS) == 1
    assert sum(itemized_company.world.stripe_calls().values()) == 2


def remove_line(company: Company) -> None:
    line = company.lines(company.payout())[0]
    company.world.ports.payouts.remove_lines(company.organization, company.payout().id, [line])


def add_unknown_line(company: Company) -> None:
    line = company.lines(company.payout())[0]
    extra = replace(line, transaction=replace(line.transaction, id="txn_of_nowhere"))
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [extra])


def change_amount(company: Company) -> None:
    line = company.lines(company.payout())[0]
    wrong = replace(line, transaction=replace(line.transaction, net=line.transaction.net - 1))
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [wrong])


def remove_owner(company: Company) -> None:
    line = company.lines(company.payout())[0]
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [replace(line, owner=None)])


def remove_settlement(company: Company) -> None:
    company.world.ports.database.settlements.popitem()


def remove_payout_of_settlement(company: Company) -> None:
    settlements = company.world.ports.database.settlements
    key = next(iter(settlements))
    settlements[key] = {id_: Settlement(each.transaction) for id_, each in settlements[key].items()}


SPOILERS = [
    remove_line,
    add_unknown_line,
    change_amount,
    remove_owner,
    remove_settlement,
    remove_payout_of_settlement,
]


def lines_totals_and_settlements(company: Company) -> tuple[list[PayoutLine], object, object]:
    payout = company.payout()
    assert payout.itemized is not None
    return company.lines(payout), payout.itemized.totals, dict(company.world.ports.database.settlements)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_differing_line_is_repaired(spoil: Callable[[Company], None], itemized_company: Company) -> None:
    right = lines_totals_and_settlements(itemized_company)
    spoil(itemized_company)
    assert lines_totals_and_settlements(itemized_company) != right
    assert compare(itemized_company).repaired == 1
    assert lines_totals_and_settlements(itemized_company) == right
    assert compare(itemized_company).repaired == 0


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_tie_out_of_payouts_reports_a_differing_line_and_writes_nothing(
    spoil: Callable[[Company], None], itemized_company: Company
) -> None:
    spoil(itemized_company)
    spoilt = lines_totals_and_settlements(itemized_company)
    calls = count_calls(itemized_company.world)
    assert difference_kinds(itemized_company)[itemized_company.payout().id] == [PayoutKind.LINE_DIFFERS]
    assert calls.writes == []
    stop_counting(itemized_company.world)
    assert lines_totals_and_settlements(itemized_company) == spoilt


@pytest.mark.parametrize("spoil", SPOILERS)
def test_a_repair_killed_at_any_call_is_finished_by_the_next_repair(
    spoil: Callable[[Company], None], itemized_company: Company
) -> None:
    right = lines_totals_and_settlements(itemized_company)
    spoil(itemized_company)
    for fatal in range(40):
        calls = count_calls(itemized_company.world, fatal=fatal)
        try:
            compare_and_repair(
                itemized_company.organization, itemized_company.payout().id, itemized_company.world.ports
            )
        except ProcessKilled:
            continue
        finally:
            stop_counting(itemized_company.world)
        assert len(calls.calls) <= fatal
        break
    assert lines_totals_and_settlements(itemized_company) == right


@pytest.mark.parametrize(("known_after", "healed_after"), [(0, 1), (3, 10)])
def test_a_line_is_assigned_to_its_invoice_once_the_invoice_is_known(
    known_after: int, healed_after: int, company: Company
) -> None:
    """POM had lost the invoice's reference and its payment row when it read the deposit."""
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    database = company.world.ports.database
    references, movements = dict(database.references), dict(database.movements)
    database.references.clear()
    database.movements.clear()
    company.days(3)
    itemized = company.payout().itemized
    assert itemized is not None
    assert itemized.totals == Totals(outside_pom=9_680)
    for day in range(healed_after + 1):
        if day == known_after:
            database.references.update(references)
            database.movements.update(movements)
        company.wait(DAY)
        if day < known_after:
            database.references.clear()
            database.movements.clear()
        company.world.sweep()
        company.world.work()

    itemized = company.payout().itemized
    assert itemized is not None
    assert (itemized.totals, itemized.invoices) == (Totals(payments=10_000, fees=-320), 1)
    assert company.row(invoice).settlements[0].payout_id == company.payout().id


def test_a_repair_corrects_totals_that_a_killed_repair_left_outdated(itemized_company: Company) -> None:
    """POM stored lines and totals while it did not know one invoice. A later repair stored the right lines and was
    killed before it added them up.
    """
    right = lines_totals_and_settlements(itemized_company)
    payout, lines = itemized_company.payout(), itemized_company.lines(itemized_company.payout())
    without_invoice = [replace(lines[0], owner=None), *lines[1:]]
    itemized_company.world.ports.payouts.put_lines(itemized_company.organization, payout.id, without_invoice)
    add_up(payout, itemized_company.world.ports)
    assert itemized_company.payout().itemized != payout.itemized
    itemized_company.world.ports.payouts.put_lines(itemized_company.organization, payout.id, lines)

    kinds_before, repaired_lines, repaired_again = (
        difference_kinds(itemized_company)[payout.id],
        compare(itemized_company).repaired,
        compare(itemized_company).repaired,
    )

    assert (kinds_before, repaired_lines, repaired_again) == ([PayoutKind.TOTALS_DIFFER], 1, 0)
    assert lines_totals_and_settlements(itemized_company) == right


def test_a_fee_that_stripe_lists_late_is_stored_a_day_later(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid_invoice("100.00")
    stripe = company.world.ports.stripe
    change_payout_lines(company.world, without("stripe_fee"))
    company.days(3)
    assert [payout.tied_out for payout in company.payouts()] == [False, True]
    company.world.ports.stripe = stripe
    company.wait(DAY)
    assert company.world.sweep().payouts.not_tied_out == 1  # type: ignore[union-attr]
    company.world.work()
    assert [payout.tied_out for payout in company.payouts()] == [True, True]
    assert company.world.sweep().payouts.not_tied_out == 0  # type: ignore[union-attr]


def test_lines_that_do_not_add_up_in_stripe_are_reported_every_day(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid_invoice("100.00")
    change_payout_lines(company.world, without("stripe_fee"))
    company.days(3)
    for _ in range(3):
        company.wait(DAY)
        payouts_swept = company.world.sweep().payouts
        assert payouts_swept is not None
        assert (payouts_swept.not_tied_out, payouts_swept.queued >= 1) == (1, True)
        company.world.work()
    unexplained = company.payouts()[0]
    assert difference_kinds(company)[unexplained.id] == [PayoutKind.UNEXPLAINED]
    [comparison] = [each for each in tie_out_payouts(company.organization, company.world.ports) if each.differences]
    assert not comparison.can_be_repaired


def test_a_payout_is_compared_only_once(itemized_company: Company) -> None:
    itemized_company.wait(DAY)
    itemized_company.world.sweep()
    itemized_company.world.work()
    compared_at = itemized_company.payout().compared_at
    assert compared_at > 0
    itemized_company.wait(DAY)
    itemized_company.world.sweep()
    itemized_company.world.work()
    assert itemized_company.payout().compared_at == compared_at


def test_a_payout_of_a_former_account_is_not_compared(itemized_company: Company) -> None:
    other_account = itemized_company.world.account()
    payout = itemized_company.payout()
    itemized_company.world.ports.connections.save(
        replace(itemized_company.world.ports.connections.get(itemized_company.organization), account_id=other_account)
    )
    itemized_company.world.double.api.log.reset()
    assert compare_and_repair(itemized_company.organization, payout.id, itemized_company.world.ports) is None
    assert itemized_company.world.stripe_calls() == {}


def remove_payment_row(company: Company, invoice: Invoice) -> None:
    """Removes the payment's row, as in records of former releases. The next write of the invoice stores the row."""
    database, key = company.world.ports.database, (company.organization, company.payment_id(invoice))
    del database.movements[key]
    database.settlements.pop(key, None)
    for stored_key, invoice_stored in list(database.invoices.items()):
        if invoice_stored.id == invoice.id:
            database.invoices[stored_key] = replace(invoice_stored, payments_listed=False)


@pytest.mark.parametrize("days", [1, 20, 60])
def test_a_payment_stored_long_after_its_payout_is_linked_to_the_payout(company: Company, days: int) -> None:
    company.world.sweep()
    invoice = company.paid_invoice("100.00")
    company.wait(60)
    remove_payment_row(company, invoice)
    for _ in range(3 + days):
        company.days(1)
        company.world.sweep(objects=False)
    sweep_every_day(company, 2)
    assert company.payout().compared_at == 0
    assert difference_kinds_of_100_days(company) == [PayoutKind.NOT_STORED]
    company.refund(invoice, 1_000)
    company.world.deliver()
    sweep_every_day(company, 3)
    assert company.deposits(invoice)[0] == ("arrived", company.payouts()[0].id)
    assert difference_kinds_of_100_days(company) == []
    compared_at = company.payouts()[0].compared_at
    sweep_every_day(company, 2)
    assert company.payouts()[0].compared_at == compared_at > 0


def sweep_every_day(company: Company, days: int) -> None:
    for _ in range(days):
        company.days(1)
        company.world.sweep()
        company.world.work()


def difference_kinds_of_100_days(company: Company) -> list[PayoutKind]:
    """Returns the kinds of differences of all lines of the last 100 days."""
    comparisons = tie_out_payouts(company.organization, company.world.ports, days=100)
    return [difference.kind for each in comparisons for difference in each.differences]


class CountingStore:
    """A store that counts the lines or settlements written to it."""

    def __init__(self, store: Any, written: list[str]) -> None:
        self._store = store
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        self._written += ["line" for _ in lines]
        self._store.put_lines(organization_id, payout_id, lines)

    def settle(self, organization_id: OrganizationId, settlements: Sequence[tuple[str, Settlement]]) -> None:
        self._written += ["settlement" for _ in settlements]
        self._store.settle(organization_id, settlements)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [(remove_line, ["line", "settlement"]), (add_unknown_line, []), (remove_owner, ["line", "settlement"])],
)
def test_a_repair_writes_only_what_differs(
    spoil: Callable[[Company], None], expected: list[str], itemized_company: Company
) -> None:
    spoil(itemized_company)
    written: list[str] = []
    ports = itemized_company.world.ports
    ports.payouts, ports.payments = CountingStore(ports.payouts, written), CountingStore(ports.payments, written)
    assert compare(itemized_company).repaired == 1
    assert written == expected


# For operators


def test_an_operator_can_repair_unknown_payouts_and_payouts_without_lines(company: Company) -> None:
    company.paid_invoice("100.00")
    company.days(4)
    stored = company.payout()
    company.world.ports.database.payouts[company.organization, stored.id] = replace(stored, itemized=None)
    company.lose_webhooks()
    company.paid_invoice("50.00")
    company.pause(4 * DAY)
    second, first = [each["id"] for each in reversed(company.in_stripe())]
    assert difference_kinds(company) == {second: [PayoutKind.UNKNOWN], first: [PayoutKind.NOT_ITEMIZED]}

    for each in tie_out_payouts(company.organization, company.world.ports):
        assert each.can_be_repaired
        repair_from_stripe(company.organization, company.account, each.fact, company.world.ports)

    assert difference_kinds(company) == {second: [PayoutKind.NOT_STORED], first: []}, (
        "no event told of the second payment yet"
    )
    company.world.sweep()
    company.world.work()
    for each in tie_out_payouts(company.organization, company.world.ports):
        repair_from_stripe(company.organization, company.account, each.fact, company.world.ports)
    assert difference_kinds(company) == {second: [], first: []}
    assert all(payout.tied_out for payout in company.payouts())


def test_a_tie_out_of_payouts_reports_a_payout_that_stripe_does_not_have(itemized_company: Company) -> None:
    payout = itemized_company.payout()
    ghost = replace(payout, fact=replace(payout.fact, id="po_of_nowhere"), version=0)
    itemized_company.world.ports.payouts.save(ghost)
    assert difference_kinds(itemized_company)["po_of_nowhere"] == [PayoutKind.NOT_IN_STRIPE]


def test_repairing_a_payout_twice_has_the_same_result(itemized_company: Company) -> None:
    right = lines_totals_and_settlements(itemized_company)
    remove_line(itemized_company)
    for _ in range(2):
        for each in tie_out_payouts(itemized_company.organization, itemized_company.world.ports):
            repair_from_stripe(
                itemized_company.organization, itemized_company.account, each.fact, itemized_company.world.ports
            )
        assert lines_totals_and_settlements(itemized_company) == right


def test_a_changed_fee_is_reported_as_a_difference_of_its_line(itemized_company: Company) -> None:
    change_payout_lines(itemized_company.world, costlier("charge", 5))
    assert set(difference_kinds(itemized_company)[itemized_company.payout().id]) == {PayoutKind.LINE_DIFFERS}


def test_a_worker_never_replaces_newer_totals_of_another_worker(itemized_company: Company) -> None:
    """One worker has read a line without an invoice. Before it stores its totals, another worker finds the
    invoice.
    """
    payout, ports = itemized_company.payout(), itemized_company.world.ports
    right = itemized_company.lines(payout)
    ports.payouts.put_lines(itemized_company.organization, payout.id, [replace(line, owner=None) for line in right])
    store = ports.payouts
    faster = OtherWorkerFirst(store, lambda: _store_and_add_up(itemized_company, payout, right))
    ports.payouts = cast(PayoutStore, faster)

    add_up(payout, ports)

    ports.payouts = store
    assert faster.ran
    payout_after = itemized_company.payout()
    assert payout_after.itemized == sum_lines(payout_after.fact, right, ports.clock.now())
    assert payout_after.itemized.totals.outside_pom == 0


def _store_and_add_up(company: Company, payout: Payout, lines: list[PayoutLine]) -> None:
    company.world.ports.payouts.put_lines(company.organization, payout.id, lines)
    add_up(payout, company.world.ports)


class OtherWorkerFirst:
    """A store of payouts in which another worker runs once, after a worker has read all lines of a payout."""

    def __init__(self, store: PayoutStore, other_worker: Callable[[], None]) -> None:
        self._store = store
        self._other = other_worker
        self.ran = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        yield from list(self._store.all_lines(organization_id, payout_id))
        if not self.ran:
            self.ran = True
            self._other()


def test_the_next_run_adds_up_the_lines_of_a_worker_that_stopped(itemized_company: Company) -> None:
    """The worker has stored lines again and its position, so the next run adds the lines up."""
    payout, ports = itemized_company.payout(), itemized_company.world.ports
    lines_without_owner = [replace(line, owner=None) for line in itemized_company.lines(payout)]
    ports.payouts.put_lines(itemized_company.organization, payout.id, lines_without_owner)
    ports.payouts.save(replace(payout, listed_until=lines_without_owner[-1].transaction.id))

    itemized_company.read(payout.id)

    payout_after = itemized_company.payout()
    assert payout_after.itemized == sum_lines(
        payout_after.fact, itemized_company.lines(payout_after), ports.clock.now()
    )
