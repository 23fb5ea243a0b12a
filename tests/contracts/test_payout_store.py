"""Contract of every store of payouts: payouts are stored by version, and storing a line again changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Refused, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout import Itemization, Payout, PayoutFilter, Totals
from chalicelib.domain.payout_lines import PayoutLine
from tests.backends import Backend
from tests.contracts import pages
from tests.contracts.examples import NOW, ORG, OTHER_ORG, payout, payout_line
from tests.contracts.test_invoice_pages import fresh

ALL = PayoutFilter()
DAY = 86400


def all_payouts(
    backend: Backend, payout_filter: PayoutFilter = ALL, first: int = 50, organization_id: OrganizationId = ORG
) -> list[Payout]:
    return pages.all_items(lambda after: backend.payouts.page(organization_id, payout_filter, first, after), first)


def all_pages(backend: Backend, first: int) -> list[PayoutLine]:
    return pages.all_items(lambda after: backend.payouts.lines(ORG, "po_1", first, after), first)


def ids(payouts: list[Payout]) -> list[str]:
    return [each.id for each in payouts]


def test_a_payout_is_read_back_equal_in_its_next_version(backend: Backend) -> None:
    totals = Totals(payments=7500, fees=-248)
    full_payout = replace(
        payout(), itemized=Itemization(NOW, 1, 1, totals), paid_seen_at=NOW, returned_seen_at=NOW, returned_in="po_2"
    )
    stored = backend.payouts.save(full_payout)
    assert stored == replace(full_payout, version=1)
    assert backend.payouts.get(ORG, "po_1") == stored
    assert all_payouts(backend) == [stored]


def test_looking_up_an_unknown_payout_returns_none(backend: Backend) -> None:
    assert backend.payouts.get(ORG, "po_1") is None


def test_a_payout_is_saved_version_by_version(backend: Backend) -> None:
    first = backend.payouts.save(payout())
    second = backend.payouts.save(replace(first, listed_until="txn_7"))
    assert second.version == 2
    assert backend.payouts.get(ORG, "po_1") == second
    assert all_payouts(backend) == [second]


@pytest.mark.parametrize("version", [0, 2])
def test_a_save_of_a_stale_payout_is_refused_and_changes_nothing(backend: Backend, version: int) -> None:
    stored = backend.payouts.save(payout())
    with pytest.raises(StaleWrite):
        backend.payouts.save(replace(stored, listed_until="txn_7", version=version))
    assert backend.payouts.get(ORG, "po_1") == stored


def test_a_change_of_a_payout_that_is_not_stored_is_refused(backend: Backend) -> None:
    with pytest.raises(StaleWrite):
        backend.payouts.save(replace(payout(), version=1))
    assert backend.payouts.get(ORG, "po_1") is None


def test_payouts_are_found_by_their_ids_a_hundred_at_once(backend: Backend) -> None:
    stored = {f"po_{n}": backend.payouts.save(payout(f"po_{n}")) for n in range(3)}
    requested_ids = [*stored, "po_0", *(f"po_unknown{n}" for n in range(96))]
    assert backend.payouts.find(ORG, requested_ids) == stored
    assert backend.payouts.find(ORG, []) == {}
    with pytest.raises(ValueError, match="101"):
        backend.payouts.find(ORG, [f"po_{n}" for n in range(101)])


def test_a_payout_that_arrives_on_another_day_moves_in_the_list(backend: Backend) -> None:
    rescheduled = backend.payouts.save(payout("po_1", arrival_date=NOW))
    backend.payouts.save(payout("po_2", arrival_date=NOW + DAY))
    assert ids(all_payouts(backend)) == ["po_2", "po_1"]
    backend.payouts.save(replace(rescheduled, fact=replace(rescheduled.fact, arrival_date=NOW + 2 * DAY)))
    assert ids(all_payouts(backend)) == ["po_1", "po_2"]


def test_payouts_of_other_organizations_are_neither_listed_nor_found(backend: Backend) -> None:
    ours = backend.payouts.save(payout())
    theirs = backend.payouts.save(payout(organization_id=OTHER_ORG))
    backend.payouts.put_lines(OTHER_ORG, "po_1", [payout_line()])
    assert (all_payouts(backend), all_payouts(backend, organization_id=OTHER_ORG)) == ([ours], [theirs])
    assert backend.payouts.find(OTHER_ORG, ["po_1"]) == {"po_1": theirs}
    assert backend.payouts.lines(ORG, "po_1", 10, None).items == ()
    assert list(backend.payouts.all_lines(ORG, "po_1")) == []


def test_cursors_of_other_lists_are_refused(backend: Backend) -> None:
    backend.payouts.save(payout())
    for payout_id in ("po_1", "po_2"):
        backend.payouts.put_lines(ORG, payout_id, [payout_line()])
    of_payouts = backend.payouts.page(ORG, ALL, 1, None).end_cursor
    of_lines = backend.payouts.lines(ORG, "po_1", 1, None).end_cursor
    for read_page in (
        lambda: backend.payouts.page(OTHER_ORG, ALL, 1, of_payouts),
        lambda: backend.payouts.page(ORG, ALL, 1, of_lines),
        lambda: backend.payouts.lines(ORG, "po_2", 1, of_lines),
        lambda: backend.payouts.lines(OTHER_ORG, "po_1", 1, of_lines),
        lambda: backend.payouts.lines(ORG, "po_1", 1, of_payouts),
    ):
        with pytest.raises(Refused, match="cursor_invalid"):
            read_page()


def test_empty_lists_are_one_empty_page(backend: Backend) -> None:
    page = backend.payouts.page(ORG, ALL, 10, None)
    assert (page.items, page.end_cursor, page.has_next) == ((), None, False)
    lines = backend.payouts.lines(ORG, "po_1", 10, None)
    assert (lines.items, lines.end_cursor, lines.has_next) == ((), None, False)


def test_a_line_is_read_back_equal(backend: Backend) -> None:
    without_owner = PayoutLine(replace(payout_line("txn_2").transaction, category="a_new_one", source_type=None))
    full_lines = [payout_line("txn_1", exchange_rate="1.0837", created=NOW + 1), without_owner]
    backend.payouts.put_lines(ORG, "po_1", full_lines)
    assert all_pages(backend, 10) == full_lines


def test_lines_are_paged_newest_first_and_read_all_at_once_oldest_first(backend: Backend) -> None:
    backend.payouts.save(payout())
    created = {"txn_c": NOW, "txn_a": NOW + 2, "txn_b": NOW + 2, "txn_d": NOW + 10}
    backend.payouts.put_lines(ORG, "po_1", [payout_line(each, created=at) for each, at in created.items()])
    newest_first = ["txn_d", "txn_b", "txn_a", "txn_c"]
    for first in (1, 2, 3, 4, 5):
        assert [each.transaction.id for each in all_pages(backend, first)] == newest_first
    assert [each.transaction.id for each in backend.payouts.all_lines(ORG, "po_1")] == newest_first[::-1]


def test_a_hundred_lines_are_stored_at_once_and_storing_them_again_changes_nothing(backend: Backend) -> None:
    lines = [payout_line(f"txn_{n:03d}", created=NOW + n) for n in range(100)]
    for _ in range(2):
        backend.payouts.put_lines(ORG, "po_1", lines)
        assert list(backend.payouts.all_lines(ORG, "po_1")) == lines


def test_a_line_stored_twice_is_one_line_with_the_latest_data(backend: Backend) -> None:
    told_last = payout_line(amount=1)
    backend.payouts.put_lines(ORG, "po_1", [payout_line(), told_last])
    assert all_pages(backend, 10) == [told_last]
    backend.payouts.put_lines(ORG, "po_1", [payout_line()])
    assert all_pages(backend, 10) == [payout_line()]


def test_removing_lines_that_were_already_removed_is_no_error(backend: Backend) -> None:
    lines = [payout_line(f"txn_{n:03d}", created=NOW + n) for n in range(100)]
    backend.payouts.put_lines(ORG, "po_1", lines)
    backend.payouts.put_lines(ORG, "po_2", lines[:1])
    backend.payouts.remove_lines(ORG, "po_1", [lines[7], lines[7]])
    backend.payouts.remove_lines(ORG, "po_1", lines[:99])
    assert list(backend.payouts.all_lines(ORG, "po_1")) == lines[99:]
    assert list(backend.payouts.all_lines(ORG, "po_2")) == lines[:1]


def test_lines_and_their_payout_are_stored_independently(backend: Backend) -> None:
    stored = backend.payouts.save(payout())
    backend.payouts.put_lines(ORG, "po_1", [payout_line()])
    assert backend.payouts.get(ORG, "po_1") == stored
    backend.payouts.save(stored)
    assert all_pages(backend, 10) == [payout_line()]
    backend.payouts.remove_lines(ORG, "po_1", [payout_line()])
    assert len(all_payouts(backend)) == 1


def test_ids_with_separators_in_them_are_not_confused(backend: Backend) -> None:
    names = [(OrganizationId("a"), "b#c"), (OrganizationId("a#b"), "c"), (OrganizationId("a"), "b%23c")]
    for organization_id, payout_id in names:
        backend.payouts.put_lines(organization_id, payout_id, [payout_line(f"txn_{len(organization_id)}{payout_id}")])
    for organization_id, payout_id in names:
        [line] = backend.payouts.all_lines(organization_id, payout_id)
        assert line.transaction.id == f"txn_{len(organization_id)}{payout_id}"


days = st.none() | st.integers(-1, 5).map(lambda day: NOW + day * DAY)
filters = st.builds(PayoutFilter, since=days, before=days)
arrivals = st.lists(st.integers(0, 4).map(lambda day: NOW + day * DAY), max_size=10)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=arrivals, filter_list=st.lists(filters, min_size=1, max_size=4), first=st.integers(1, 5))
def test_any_filter_returns_the_same_payouts_as_plain_python(
    backend: Backend, arrivals: list[int], filter_list: list[PayoutFilter], first: int
) -> None:
    organization_id = OrganizationId(f"org-payouts-{next(fresh)}")
    payouts = [
        backend.payouts.save(payout(f"po_{n}", organization_id, arrival_date=arrival))
        for n, arrival in enumerate(arrivals)
    ]
    for each_filter in filter_list:
        fitting = [
            each
            for each in payouts
            if (each_filter.since is None or each.fact.arrival_date >= each_filter.since)
            and (each_filter.before is None or each.fact.arrival_date < each_filter.before)
        ]
        last_first = sorted(fitting, key=lambda each: (each.fact.arrival_date, each.id), reverse=True)
        assert all_payouts(backend, each_filter, first, organization_id) == last_first
