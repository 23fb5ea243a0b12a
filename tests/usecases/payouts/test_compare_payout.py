"""Lines that POM has are held against Stripe's once more, and repaired where they differ."""

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
from tests.usecases.payouts.company import DAY, TRANSACTIONS, Company, changed, costlier, without


@pytest.fixture
def settled(company: Company) -> Company:
    """A company with one deposit, of three invoices."""
    for price in ("100.00", "50.00", "25.00"):
        company.paid(price)
    company.days(5)
    company.world.double.api.log.reset()
    assert company.payout().tied_out
    return company


def compare(company: Company) -> ComparedLines:
    kept = company.read(company.payout().id, BalanceTask.COMPARE)
    assert isinstance(kept, ComparedLines)
    return kept


def kinds(company: Company) -> dict[str, list[PayoutKind]]:
    """Returns what an operator is shown: the kinds of differences of each payout."""
    found = tie_out_payouts(company.organization, company.world.ports)
    return {each.fact.id: [difference.kind for difference in each.differences] for each in found}


def test_a_payout_that_is_as_stripe_lists_it_is_only_noted_as_compared(settled: Company) -> None:
    before = settled.payout()
    kept = compare(settled)
    now = settled.world.ports.clock.now()
    assert kept.repaired == 0
    assert settled.payout() == replace(before, compared_at=now, version=before.version + 1)
    assert settled.calls(TRANSACTIONS) == 1
    assert sum(settled.world.stripe_calls().values()) == 2


def lost(company: Company) -> None:
    line = company.lines(company.payout())[0]
    company.world.ports.payouts.remove_lines(company.organization, company.payout().id, [line])


def surplus(company: Company) -> None:
    line = company.lines(company.payout())[0]
    extra = replace(line, transaction=replace(line.transaction, id="txn_of_nowhere"))
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [extra])


def another_amount(company: Company) -> None:
    line = company.lines(company.payout())[0]
    wrong = replace(line, transaction=replace(line.transaction, net=line.transaction.net - 1))
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [wrong])


def no_owner(company: Company) -> None:
    line = company.lines(company.payout())[0]
    company.world.ports.payouts.put_lines(company.organization, company.payout().id, [replace(line, owner=None)])


def not_beside_its_payment(company: Company) -> None:
    company.world.ports.database.settlements.popitem()


def beside_its_payment_without_the_payout(company: Company) -> None:
    stored = company.world.ports.database.settlements
    key = next(iter(stored))
    stored[key] = {id_: Settlement(each.transaction) for id_, each in stored[key].items()}


WRONG = [lost, surplus, another_amount, no_owner, not_beside_its_payment, beside_its_payment_without_the_payout]


def state(company: Company) -> tuple[list[PayoutLine], object, object]:
    payout = company.payout()
    assert payout.itemized is not None
    return company.lines(payout), payout.itemized.totals, dict(company.world.ports.database.settlements)


@pytest.mark.parametrize("spoil", WRONG)
def test_a_line_that_differs_is_found_and_repaired(spoil: Callable[[Company], None], settled: Company) -> None:
    right = state(settled)
    spoil(settled)
    assert state(settled) != right
    assert compare(settled).repaired == 1
    assert state(settled) == right
    assert compare(settled).repaired == 0


@pytest.mark.parametrize("spoil", WRONG)
def test_an_operator_sees_the_line_and_nothing_is_written(spoil: Callable[[Company], None], settled: Company) -> None:
    spoil(settled)
    spoilt = state(settled)
    calls = count_calls(settled.world)
    assert kinds(settled)[settled.payout().id] == [PayoutKind.LINE_DIFFERS]
    assert calls.writes == []
    stop_counting(settled.world)
    assert state(settled) == spoilt


@pytest.mark.parametrize("spoil", WRONG)
def test_a_repair_that_was_killed_at_any_moment_is_finished_by_the_next_one(
    spoil: Callable[[Company], None], settled: Company
) -> None:
    right = state(settled)
    spoil(settled)
    for fatal in range(40):
        calls = count_calls(settled.world, fatal=fatal)
        try:
            compare_and_repair(settled.organization, settled.payout().id, settled.world.ports)
        except ProcessKilled:
            continue
        finally:
            stop_counting(settled.world)
        assert len(calls.calls) <= fatal
        break
    assert state(settled) == right


@pytest.mark.parametrize(("known_after", "healed_after"), [(0, 1), (3, 10)])
def test_a_line_whose_invoice_became_known_later_gets_its_invoice(
    known_after: int, healed_after: int, company: Company
) -> None:
    """POM had lost the invoice's reference and its row when the deposit was read."""
    invoice = company.paid("100.00")
    company.wait(60)
    database = company.world.ports.database
    references, movements = dict(database.references), dict(database.movements)
    database.references.clear()
    database.movements.clear()
    company.days(3)
    itemized = company.payout().itemized
    assert itemized is not None
    assert itemized.totals == Totals(outside_pom=9_680)
    for passed in range(healed_after + 1):
        if passed == known_after:
            database.references.update(references)
            database.movements.update(movements)
        company.wait(DAY)
        if passed < known_after:
            database.references.clear()
            database.movements.clear()
        company.world.sweep()
        company.world.work()

    itemized = company.payout().itemized
    assert itemized is not None
    assert (itemized.totals, itemized.invoices) == (Totals(payments=10_000, fees=-320), 1)
    assert company.row(invoice).settlements[0].payout_id == company.payout().id


def test_totals_are_those_of_the_lines_although_a_repair_was_killed_before_it_added_them_up(settled: Company) -> None:
    """POM stored the lines when it did not know one of the invoices. Its totals said so, and the repair is killed."""
    right = state(settled)
    payout, lines = settled.payout(), settled.lines(settled.payout())
    without_invoice = [replace(lines[0], owner=None), *lines[1:]]
    settled.world.ports.payouts.put_lines(settled.organization, payout.id, without_invoice)
    add_up(payout, settled.world.ports)
    assert settled.payout().itemized != payout.itemized
    settled.world.ports.payouts.put_lines(settled.organization, payout.id, lines)

    shown, repaired, again = kinds(settled)[payout.id], compare(settled).repaired, compare(settled).repaired

    assert (shown, repaired, again) == ([PayoutKind.TOTALS_DIFFER], 1, 0)
    assert state(settled) == right


def test_a_fee_that_stripe_adds_late_is_found_a_day_later(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid("100.00")
    stripe = company.world.ports.stripe
    changed(company.world, without("stripe_fee"))
    company.days(3)
    assert [payout.tied_out for payout in company.payouts()] == [False, True]
    company.world.ports.stripe = stripe
    company.wait(DAY)
    assert company.world.sweep().payouts.not_tied_out == 1  # type: ignore[union-attr]
    company.world.work()
    assert [payout.tied_out for payout in company.payouts()] == [True, True]
    assert company.world.sweep().payouts.not_tied_out == 0  # type: ignore[union-attr]


def test_lines_that_do_not_add_up_in_stripe_stay_unexplained_and_are_told_every_day(company: Company) -> None:
    company.world.double.account_fee(company.account, 200)
    company.paid("100.00")
    changed(company.world, without("stripe_fee"))
    company.days(3)
    for _ in range(3):
        company.wait(DAY)
        swept = company.world.sweep().payouts
        assert swept is not None
        assert (swept.not_tied_out, swept.queued >= 1) == (1, True)
        company.world.work()
    unexplained = company.payouts()[0]
    assert kinds(company)[unexplained.id] == [PayoutKind.UNEXPLAINED]
    [shown] = [each for each in tie_out_payouts(company.organization, company.world.ports) if each.differences]
    assert not shown.can_be_repaired


def test_a_payout_is_compared_once_and_not_again_every_day(settled: Company) -> None:
    settled.wait(DAY)
    settled.world.sweep()
    settled.world.work()
    compared_at = settled.payout().compared_at
    assert compared_at > 0
    settled.wait(DAY)
    settled.world.sweep()
    settled.world.work()
    assert settled.payout().compared_at == compared_at


def test_a_payout_of_an_account_that_is_no_longer_connected_is_not_compared(settled: Company) -> None:
    other = settled.world.account()
    payout = settled.payout()
    settled.world.ports.connections.save(
        replace(settled.world.ports.connections.get(settled.organization), account_id=other)
    )
    settled.world.double.api.log.reset()
    assert compare_and_repair(settled.organization, payout.id, settled.world.ports) is None
    assert settled.world.stripe_calls() == {}


def without_its_row(company: Company, invoice: Invoice) -> None:
    """The payment's row is missing, as in rows of former releases: the next write of its invoice stores it."""
    database, key = company.world.ports.database, (company.organization, company.payment_id(invoice))
    del database.movements[key]
    database.settlements.pop(key, None)
    for stored_key, stored in list(database.invoices.items()):
        if stored.id == invoice.id:
            database.invoices[stored_key] = replace(stored, payments_listed=False)


@pytest.mark.parametrize("days", [1, 20, 60])
def test_a_payment_that_is_stored_long_after_its_payout_was_read_comes_to_show_its_payout(
    company: Company, days: int
) -> None:
    company.world.sweep()
    invoice = company.paid("100.00")
    company.wait(60)
    without_its_row(company, invoice)
    for _ in range(3 + days):
        company.days(1)
        company.world.sweep(objects=False)
    swept_every_day(company, 2)
    assert company.payout().compared_at == 0
    assert kinds_of_lines(company) == [PayoutKind.NOT_STORED]
    company.refund(invoice, 1_000)
    company.world.deliver()
    swept_every_day(company, 3)
    assert company.deposits(invoice)[0] == ("arrived", company.payouts()[0].id)
    assert kinds_of_lines(company) == []
    compared_at = company.payouts()[0].compared_at
    swept_every_day(company, 2)
    assert company.payouts()[0].compared_at == compared_at > 0


def swept_every_day(company: Company, days: int) -> None:
    for _ in range(days):
        company.days(1)
        company.world.sweep()
        company.world.work()


def kinds_of_lines(company: Company) -> list[PayoutKind]:
    """Returns the kinds of differences of all lines that POM has, however long ago."""
    found = tie_out_payouts(company.organization, company.world.ports, days=100)
    return [difference.kind for each in found for difference in each.differences]


class Counted:
    """A store that counts the lines, or the settlements, that are written to it."""

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
    ("spoil", "expected"), [(lost, ["line", "settlement"]), (surplus, []), (no_owner, ["line", "settlement"])]
)
def test_a_repair_writes_only_what_differs(
    spoil: Callable[[Company], None], expected: list[str], settled: Company
) -> None:
    spoil(settled)
    written: list[str] = []
    ports = settled.world.ports
    ports.payouts, ports.payments = Counted(ports.payouts, written), Counted(ports.payments, written)
    assert compare(settled).repaired == 1
    assert written == expected


# For operators


def test_an_operator_sees_payouts_that_pom_does_not_know_or_has_no_lines_of_and_mends_them(company: Company) -> None:
    company.paid("100.00")
    company.days(4)
    stored = company.payout()
    company.world.ports.database.payouts[company.organization, stored.id] = replace(stored, itemized=None)
    company.deaf()
    company.paid("50.00")
    company.pause(4 * DAY)
    second, first = [each["id"] for each in reversed(company.in_stripe())]
    assert kinds(company) == {second: [PayoutKind.UNKNOWN], first: [PayoutKind.NOT_ITEMIZED]}

    for each in tie_out_payouts(company.organization, company.world.ports):
        assert each.can_be_repaired
        repair_from_stripe(company.organization, company.account, each.fact, company.world.ports)

    assert kinds(company) == {second: [PayoutKind.NOT_STORED], first: []}, "no event told of the second payment yet"
    company.world.sweep()
    company.world.work()
    for each in tie_out_payouts(company.organization, company.world.ports):
        repair_from_stripe(company.organization, company.account, each.fact, company.world.ports)
    assert kinds(company) == {second: [], first: []}
    assert all(payout.tied_out for payout in company.payouts())


def test_an_operator_sees_a_payout_that_stripe_does_not_have(settled: Company) -> None:
    payout = settled.payout()
    ghost = replace(payout, fact=replace(payout.fact, id="po_of_nowhere"), version=0)
    settled.world.ports.payouts.save(ghost)
    assert kinds(settled)["po_of_nowhere"] == [PayoutKind.NOT_IN_STRIPE]


def test_mending_a_payout_twice_writes_the_same(settled: Company) -> None:
    right = state(settled)
    lost(settled)
    for _ in range(2):
        for each in tie_out_payouts(settled.organization, settled.world.ports):
            repair_from_stripe(settled.organization, settled.account, each.fact, settled.world.ports)
        assert state(settled) == right


def test_a_higher_fee_is_a_difference_of_its_line(settled: Company) -> None:
    changed(settled.world, costlier("charge", 5))
    assert set(kinds(settled)[settled.payout().id]) == {PayoutKind.LINE_DIFFERS}


def test_totals_of_lines_as_they_were_never_replace_those_of_another_worker(settled: Company) -> None:
    """One worker has read a line of no invoice; before it stores its totals, another finds the invoice."""
    payout, ports = settled.payout(), settled.world.ports
    right = settled.lines(payout)
    ports.payouts.put_lines(settled.organization, payout.id, [replace(line, owner=None) for line in right])
    store = ports.payouts
    faster = OtherWorkerFirst(store, lambda: _adds_up(settled, payout, right))
    ports.payouts = cast(PayoutStore, faster)

    add_up(payout, ports)

    ports.payouts = store
    assert faster.ran
    found = settled.payout()
    assert found.itemized == sum_lines(found.fact, right, ports.clock.now())
    assert found.itemized.totals.outside_pom == 0


def _adds_up(company: Company, payout: Payout, lines: list[PayoutLine]) -> None:
    company.world.ports.payouts.put_lines(company.organization, payout.id, lines)
    add_up(payout, company.world.ports)


class OtherWorkerFirst:
    """A store of payouts in which another worker is faster, once, when a worker has read all lines of a payout."""

    def __init__(self, store: PayoutStore, other: Callable[[], None]) -> None:
        self._store = store
        self._other = other
        self.ran = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        yield from list(self._store.all_lines(organization_id, payout_id))
        if not self.ran:
            self.ran = True
            self._other()


def test_a_worker_that_stops_after_another_has_added_up_leaves_no_totals_of_former_lines(settled: Company) -> None:
    """It has stored lines again and noted how far it came, so the run that follows adds them up."""
    payout, ports = settled.payout(), settled.world.ports
    unowned = [replace(line, owner=None) for line in settled.lines(payout)]
    ports.payouts.put_lines(settled.organization, payout.id, unowned)
    ports.payouts.save(replace(payout, listed_until=unowned[-1].transaction.id))

    settled.read(payout.id)

    found = settled.payout()
    assert found.itemized == sum_lines(found.fact, settled.lines(found), ports.clock.now())
