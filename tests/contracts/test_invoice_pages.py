"""Lists of invoices are complete, ordered, filtered, and separate by organization."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.attention import AttentionKind, InvoiceTrouble
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact
from chalicelib.domain.status import OPEN_STATUSES, STATUSES_OF, InvoiceStatus, StatusGroup
from chalicelib.domain.summary import invoice_removal, invoice_write
from chalicelib.ports.storage import InvoiceFilter
from tests.backends import Backend
from tests.contracts import pages
from tests.contracts.examples import NOW, ORG, OTHER_ORG, in_status, invoice, of_customer

ALL = InvoiceFilter()
HOUR, DAY = 3600, 86400
DISPUTED, FAILED = AttentionKind.DISPUTE_NEEDS_RESPONSE, AttentionKind.PAYMENT_FAILED
fresh = count()


def all_invoices(
    backend: Backend, organization_id: OrganizationId, invoice_filter: InvoiceFilter, first: int
) -> list[Invoice]:
    return pages.all_items(lambda after: backend.invoices.page(organization_id, invoice_filter, first, after), first)


def insert_all(backend: Backend, *invoices: Invoice) -> list[Invoice]:
    return [backend.invoices.insert(invoice_write(each), {}) for each in invoices]


def test_a_list_is_newest_first_and_ends_without_a_next_page(backend: Backend) -> None:
    a, b, c = insert_all(backend, *(invoice(name, created_at=NOW + n) for n, name in enumerate("abc")))
    first = backend.invoices.page(ORG, ALL, 2, None)
    assert first.items == (c, b)
    assert first.has_next
    last = backend.invoices.page(ORG, ALL, 2, first.end_cursor)
    assert last.items == (a,)
    assert not last.has_next
    assert backend.invoices.page(ORG, ALL, 3, None).has_next is False
    nothing = backend.invoices.page(ORG, ALL, 2, last.end_cursor)
    assert (nothing.items, nothing.end_cursor, nothing.has_next) == ((), None, False)


def test_an_empty_list_is_one_empty_page(backend: Backend) -> None:
    page = backend.invoices.page(ORG, ALL, 10, None)
    assert (page.items, page.end_cursor, page.has_next) == ((), None, False)


OVERDUE = InvoiceFilter(due_before=NOW, overdue=True)


def test_overdue_invoices_come_longest_overdue_first(backend: Backend) -> None:
    soon, late, latest = insert_all(
        backend,
        in_status(invoice("a"), InvoiceStatus.PENDING, due_at=NOW - DAY),
        in_status(invoice("b"), InvoiceStatus.FAILED, due_at=NOW - 2 * DAY),
        in_status(invoice("c"), InvoiceStatus.PENDING, due_at=NOW - 9 * DAY),
    )
    (today,) = insert_all(backend, in_status(invoice("due-today"), InvoiceStatus.PENDING, due_at=NOW - 1))
    insert_all(
        backend,
        in_status(invoice("paid"), InvoiceStatus.PAID, due_at=NOW - 5 * DAY),
        in_status(invoice("due-now"), InvoiceStatus.PENDING, due_at=NOW),
        in_status(invoice("undated"), InvoiceStatus.PENDING),
    )
    assert all_invoices(backend, ORG, OVERDUE, 2) == [latest, late, soon]
    failed = replace(OVERDUE, status=InvoiceStatus.FAILED)
    assert all_invoices(backend, ORG, failed, 2) == [late]
    assert all_invoices(backend, ORG, InvoiceFilter(due_before=NOW), 2) == [latest, late, soon, today]


def test_each_group_of_statuses_is_a_list_of_its_own(backend: Backend) -> None:
    """A draft, a void invoice and an invoice in creation are in no group."""
    invoices = {
        status: in_status(invoice(status.value, created_at=NOW + n), status, due_at=NOW - n)
        for n, status in enumerate(InvoiceStatus)
        if status is not InvoiceStatus.REFUNDED
    }
    stored = dict(zip(invoices, insert_all(backend, *invoices.values()), strict=True))
    pending, failed = stored[InvoiceStatus.PENDING], stored[InvoiceStatus.FAILED]
    paid, uncollectible = stored[InvoiceStatus.PAID], stored[InvoiceStatus.UNCOLLECTIBLE]
    open_ones, unpaid, settled = (InvoiceFilter(group=group) for group in StatusGroup)
    assert all_invoices(backend, ORG, open_ones, 1) == [failed, pending]
    assert all_invoices(backend, ORG, unpaid, 2) == [uncollectible, failed, pending]
    assert all_invoices(backend, ORG, replace(unpaid, created_before=uncollectible.created_at), 1) == [
        failed,
        pending,
    ]
    assert all_invoices(backend, ORG, settled, 2) == [paid]
    assert all_invoices(backend, OTHER_ORG, unpaid, 2) == []
    now_paid = backend.invoices.save(invoice_write(replace(failed, facts=paid.facts)))
    assert all_invoices(backend, ORG, unpaid, 2) == [uncollectible, pending]
    assert all_invoices(backend, ORG, settled, 1) == [now_paid, paid]


def test_an_open_invoice_without_a_due_date_comes_last_and_in_no_range_of_due_dates(backend: Backend) -> None:
    dated, undated = insert_all(
        backend,
        in_status(invoice("a"), InvoiceStatus.PENDING, due_at=NOW + 400 * DAY),
        in_status(invoice("b"), InvoiceStatus.PENDING),
    )
    assert all_invoices(backend, ORG, InvoiceFilter(group=StatusGroup.OPEN), 1) == [dated, undated]
    assert all_invoices(backend, ORG, InvoiceFilter(group=StatusGroup.OPEN, due_from=NOW), 1) == [dated]
    assert all_invoices(backend, ORG, InvoiceFilter(due_before=NOW + 500 * DAY), 1) == [dated]


def disputed_invoice(base: Invoice, status: str = "needs_response") -> Invoice:
    paid_invoice = in_status(base, InvoiceStatus.PAID)
    dispute = DisputeFact("dp_1", NOW, status, 7500, "usd", "fraudulent", charge_id="ch_1")
    return replace(paid_invoice, facts=replace(paid_invoice.facts, disputes={"dp_1": dispute}))


def test_disputed_invoices_are_listed_until_the_bank_has_decided(backend: Backend) -> None:
    invoice_filter = InvoiceFilter(disputed=True)
    older, newer, _ = insert_all(
        backend,
        disputed_invoice(invoice("a", created_at=NOW)),
        disputed_invoice(invoice("b", created_at=NOW + DAY)),
        disputed_invoice(invoice("c", created_at=NOW + DAY), "won"),
    )
    insert_all(backend, disputed_invoice(invoice("a", organization_id=OTHER_ORG)))
    assert all_invoices(backend, ORG, invoice_filter, 1) == [newer, older]
    assert all_invoices(backend, ORG, replace(invoice_filter, created_before=NOW + DAY), 1) == [older]
    assert older.facts.invoice is not None
    lost = replace(older.facts.disputes["dp_1"], status="lost")
    backend.invoices.save(invoice_write(replace(older, facts=replace(older.facts, disputes={"dp_1": lost}))))
    assert all_invoices(backend, ORG, invoice_filter, 1) == [newer]


def test_an_invoice_turns_overdue_at_the_end_of_its_due_day_in_its_own_time_zone(backend: Backend) -> None:
    """The query covers all organizations. It returns an invoice until the fact is stored or nothing remains to be
    paid.
    """
    organizations = [OrganizationId(f"org_turning_{next(fresh)}") for _ in range(3)]
    zones = dict(zip(organizations, ("Pacific/Auckland", "UTC", "America/Phoenix"), strict=True))
    unsaved = []
    for organization, zone in zones.items():
        plain = invoice("a", organization_id=organization)
        in_zone = replace(plain, order=replace(plain.order, time_zone=zone))
        unsaved.append(in_status(in_zone, InvoiceStatus.PENDING, due_at=NOW))  # 08:00 in UTC
    insert_all(backend, *unsaved)

    def turning(now: int) -> list[OrganizationId]:
        return [each for each, _ in backend.invoices.turning_overdue(now) if each in zones]

    assert turning(NOW) == []
    assert turning(NOW + 3 * HOUR - 1) == []
    assert turning(NOW + 3 * HOUR) == organizations[:1]
    assert turning(NOW + 16 * HOUR) == organizations[:2]
    assert turning(NOW + 23 * HOUR) == organizations
    first, second, _ = (backend.invoices.get(each, InvoiceId("inv_a")) for each in organizations)
    assert first is not None
    assert second is not None
    backend.invoices.save(invoice_write(first.changed(NOW + 3 * HOUR)))
    backend.invoices.save(invoice_write(in_status(second, InvoiceStatus.PAID, due_at=NOW)))
    assert turning(NOW + 23 * HOUR) == organizations[2:]


def test_invoices_that_need_a_person_are_listed_newest_first_until_they_need_nobody(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists use any rule. In this test an invoice needs a person from its due day until it is paid."""

    def due(candidate: Invoice) -> InvoiceTrouble | None:
        if candidate.status not in OPEN_STATUSES or candidate.due_at is None:
            return None
        kind = DISPUTED if candidate.id == "inv_disputed" else FAILED
        return InvoiceTrouble(kind, candidate.due_at)

    monkeypatch.setattr("chalicelib.domain.attention.most_urgent", due)
    first, last, second, disputed = insert_all(
        backend,
        in_status(invoice("a"), InvoiceStatus.PENDING, due_at=NOW - 9 * DAY),
        in_status(invoice("b"), InvoiceStatus.FAILED, due_at=NOW),
        in_status(invoice("c"), InvoiceStatus.PENDING, due_at=NOW - 5 * DAY),
        in_status(invoice("disputed"), InvoiceStatus.PENDING, due_at=NOW - 7 * DAY),
    )
    insert_all(
        backend,
        in_status(invoice("paid"), InvoiceStatus.PAID, due_at=NOW),
        in_status(invoice("undated"), InvoiceStatus.PENDING),
        in_status(invoice("theirs", organization_id=OTHER_ORG), InvoiceStatus.PENDING, due_at=NOW),
    )
    invoice_filter = InvoiceFilter(attention=FAILED)
    for size in (1, 2, 3, 4):
        assert all_invoices(backend, ORG, invoice_filter, size) == [last, second, first]
    assert all_invoices(backend, ORG, InvoiceFilter(attention=DISPUTED), 2) == [disputed]
    assert all_invoices(backend, ORG, replace(invoice_filter, status=InvoiceStatus.FAILED), 2) == [last]
    backend.invoices.save(invoice_write(in_status(second, InvoiceStatus.PAID, due_at=NOW - 5 * DAY)))
    assert all_invoices(backend, ORG, invoice_filter, 5) == [last, first]
    cursor = backend.invoices.page(ORG, invoice_filter, 1, None).end_cursor
    for other_filter in (ALL, OVERDUE, InvoiceFilter(attention=DISPUTED)):
        with pytest.raises(Refused, match="cursor_invalid"):
            backend.invoices.page(ORG, other_filter, 1, cursor)


def test_an_invoice_moves_from_list_to_list_with_its_status(backend: Backend) -> None:
    (a,) = insert_all(backend, in_status(invoice("a"), InvoiceStatus.PENDING, due_at=NOW - DAY))
    assert all_invoices(backend, ORG, OVERDUE, 5) == [a]
    paid = in_status(a, InvoiceStatus.PAID, due_at=NOW - DAY)
    paid = backend.invoices.save(invoice_write(paid))
    assert all_invoices(backend, ORG, InvoiceFilter(status=InvoiceStatus.PENDING), 5) == []
    assert all_invoices(backend, ORG, InvoiceFilter(status=InvoiceStatus.PAID), 5) == [paid]
    assert all_invoices(backend, ORG, OVERDUE, 5) == []
    assert all_invoices(backend, ORG, ALL, 5) == [paid]


def test_lists_hold_no_invoice_of_another_organization(backend: Backend) -> None:
    insert_all(backend, invoice("a"))
    insert_all(backend, invoice("a", organization_id=OTHER_ORG))
    assert [each.organization_id for each in all_invoices(backend, ORG, ALL, 5)] == [ORG]
    assert all_invoices(backend, OrganizationId("org_3"), ALL, 5) == []


@pytest.mark.parametrize(
    "invoice_filter",
    [ALL, InvoiceFilter(status=InvoiceStatus.CREATING), InvoiceFilter(customer_id=CustomerId("c#d"))],
)
def test_ids_with_separators_do_not_reach_another_organizations_list(
    backend: Backend, invoice_filter: InvoiceFilter
) -> None:
    """`a` with customer `b#c#d` must not be mistaken for `a#b` with customer `c#d`."""
    insert_all(backend, of_customer(invoice("a", organization_id=OrganizationId("a#b")), "c#d"))
    insert_all(backend, of_customer(invoice("a", organization_id=OrganizationId("a")), "b#c#d"))
    listed = all_invoices(backend, OrganizationId("a#b"), invoice_filter, 5)
    assert [each.organization_id for each in listed] == ["a#b"]


def test_a_cursor_of_another_organization_is_refused(backend: Backend) -> None:
    insert_all(backend, invoice("a"), invoice("b"))
    insert_all(backend, *(invoice(name, organization_id=OTHER_ORG) for name in "ab"))
    foreign = backend.invoices.page(OTHER_ORG, ALL, 1, None).end_cursor
    with pytest.raises(Refused) as refusal:
        backend.invoices.page(ORG, ALL, 1, foreign)
    assert (refusal.value.code, refusal.value.field) == ("cursor_invalid", "after")


@pytest.mark.parametrize(
    "other_filter",
    [
        InvoiceFilter(status=InvoiceStatus.CREATING),
        InvoiceFilter(customer_id=CustomerId("cust_1")),
        InvoiceFilter(disputed=True),
        InvoiceFilter(updated_from=0),
        *(InvoiceFilter(group=group) for group in StatusGroup),
        OVERDUE,
    ],
)
def test_a_cursor_of_another_list_is_refused(backend: Backend, other_filter: InvoiceFilter) -> None:
    insert_all(backend, invoice("a"), invoice("b"))
    cursor = backend.invoices.page(ORG, ALL, 1, None).end_cursor
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.invoices.page(ORG, other_filter, 1, cursor)


def test_a_cursor_of_one_group_of_statuses_is_refused_for_another(backend: Backend) -> None:
    insert_all(backend, *(in_status(invoice(name), InvoiceStatus.PENDING) for name in "ab"))
    cursor = backend.invoices.page(ORG, InvoiceFilter(group=StatusGroup.UNPAID), 1, None).end_cursor
    assert cursor is not None
    for group in (StatusGroup.OPEN, StatusGroup.SETTLED):
        with pytest.raises(Refused, match="cursor_invalid"):
            backend.invoices.page(ORG, InvoiceFilter(group=group), 1, cursor)


@pytest.mark.parametrize("nonsense", ["", "a", "AAAA", "====", "é", "{}", "x" * 5000, "W10=", "bnVsbA"])
def test_a_malformed_cursor_is_refused(backend: Backend, nonsense: str) -> None:
    insert_all(backend, invoice("a"))
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.invoices.page(ORG, ALL, 1, nonsense)


def test_a_cursor_contains_no_plain_text(backend: Backend) -> None:
    insert_all(backend, invoice("a"), invoice("b"))
    cursor = backend.invoices.page(ORG, ALL, 1, None).end_cursor or ""
    assert cursor.isascii()
    assert not any(text in cursor for text in (ORG, "inv_", str(NOW)))


def test_paging_continues_after_the_invoice_at_the_page_break_was_removed(backend: Backend) -> None:
    stored = insert_all(backend, *(invoice(name, created_at=NOW + n) for n, name in enumerate("abcd")))
    invoice_filter = InvoiceFilter(created_from=NOW)
    page = backend.invoices.page(ORG, invoice_filter, 2, None)
    backend.invoices.remove(invoice_removal(page.items[-1]), [])
    next_page = backend.invoices.page(ORG, invoice_filter, 2, page.end_cursor)
    assert next_page.items == (stored[1], stored[0])
    assert not next_page.has_next


def test_invoices_created_while_paging_neither_repeat_nor_hide_other_invoices(backend: Backend) -> None:
    stored = insert_all(backend, *(invoice(name, created_at=NOW + n) for n, name in enumerate("abcd")))
    page = backend.invoices.page(ORG, ALL, 2, None)
    insert_all(backend, invoice("new", created_at=NOW + 100))
    assert backend.invoices.page(ORG, ALL, 2, page.end_cursor).items == (stored[1], stored[0])


def numbered_invoice(base: Invoice, number: str) -> Invoice:
    pending = in_status(base, InvoiceStatus.PENDING)
    assert pending.facts.invoice is not None
    fact = replace(pending.facts.invoice, number=number)
    return replace(pending, facts=replace(pending.facts, invoice=fact))


def test_an_invoice_is_found_by_the_number_that_stripe_gave_it(backend: Backend) -> None:
    """Numbers with the same beginning are different. After a change of account an organization may have one number
    twice.
    """
    first, same_number, _, _ = insert_all(
        backend,
        numbered_invoice(invoice("a"), "BLUE-0001"),
        numbered_invoice(invoice("b"), "BLUE-0001"),
        numbered_invoice(invoice("c"), "BLUE-00011"),
        invoice("without"),
    )
    insert_all(backend, numbered_invoice(invoice("a", organization_id=OTHER_ORG), "BLUE-0001"))
    assert all_invoices(backend, ORG, InvoiceFilter(number="BLUE-0001"), 1) == [same_number, first]
    assert all_invoices(backend, ORG, InvoiceFilter(number="BLUE"), 5) == []
    assert all_invoices(backend, ORG, InvoiceFilter(number="BLUE-0001", status=InvoiceStatus.PAID), 5) == []


def test_a_draft_that_stripe_numbers_later_is_found_by_its_number_then(backend: Backend) -> None:
    (draft,) = insert_all(backend, invoice("a"))
    assert all_invoices(backend, ORG, InvoiceFilter(number="#1 %"), 5) == []
    stored = backend.invoices.save(invoice_write(numbered_invoice(draft, "#1 %")))
    assert all_invoices(backend, ORG, InvoiceFilter(number="#1 %"), 5) == [stored]


def test_the_invoices_changed_in_a_span_of_time_come_latest_first_by_whole_quarters_of_an_hour(
    backend: Backend,
) -> None:
    """The span is widened to whole quarters, so a client that requests changes since any time misses none."""
    begins = NOW // 900 * 900
    a, b, c, d = insert_all(
        backend,
        *(invoice(name, updated_at=begins + at) for name, at in zip("abcd", (0, 899, 900, 2000), strict=True)),
    )
    assert all_invoices(backend, ORG, InvoiceFilter(updated_from=begins), 2) == [d, c, b, a]
    assert all_invoices(backend, ORG, InvoiceFilter(updated_from=begins + 899), 2) == [d, c, b, a]
    assert all_invoices(backend, ORG, InvoiceFilter(updated_from=begins + 900, updated_before=begins + 1800), 2) == [
        c
    ]
    assert all_invoices(backend, ORG, InvoiceFilter(updated_from=begins + 1, updated_before=begins + 1801), 2) == [
        d,
        c,
        b,
        a,
    ]
    assert all_invoices(backend, ORG, InvoiceFilter(updated_before=begins + 900), 2) == [b, a]
    assert all_invoices(backend, ORG, InvoiceFilter(updated_before=begins), 2) == []
    changed = backend.invoices.save(invoice_write(replace(a, updated_at=begins + 5000)))
    assert all_invoices(backend, ORG, InvoiceFilter(updated_from=begins + 900), 2) == [changed, d, c]


STATUSES = [
    InvoiceStatus.CREATING,
    InvoiceStatus.PENDING,
    InvoiceStatus.FAILED,
    InvoiceStatus.PAID,
    InvoiceStatus.UNCOLLECTIBLE,
]
rows = st.lists(
    st.tuples(
        st.integers(NOW, NOW + 6),
        st.sampled_from(STATUSES),
        st.sampled_from(["c1", "c2"]),
        st.none() | st.integers(NOW, NOW + 4),
    ),
    max_size=14,
)
moments = st.none() | st.integers(NOW - 1, NOW + 7)
filters = st.builds(
    InvoiceFilter,
    status=st.none() | st.sampled_from(STATUSES),
    group=st.none() | st.sampled_from(StatusGroup),
    customer_id=st.none() | st.sampled_from([CustomerId("c1"), CustomerId("c2")]),
    created_from=moments,
    created_before=moments,
    due_from=moments,
    due_before=moments,
    overdue=st.booleans(),
    disputed=st.booleans(),
)


def filtered_in_python(invoices: list[Invoice], invoice_filter: InvoiceFilter) -> list[Invoice]:
    """Returns the filtered list computed in plain Python."""
    due_range = invoice_filter.due_from is not None or invoice_filter.due_before is not None
    by_due_date = invoice_filter.group is StatusGroup.OPEN or due_range
    fitting = [
        each
        for each in invoices
        if (invoice_filter.status is None or each.status == invoice_filter.status)
        and (invoice_filter.group is None or each.status in STATUSES_OF[invoice_filter.group])
        and (invoice_filter.customer_id is None or each.order.customer_id == invoice_filter.customer_id)
        and (invoice_filter.created_from is None or each.created_at >= invoice_filter.created_from)
        and (invoice_filter.created_before is None or each.created_at < invoice_filter.created_before)
        and (not by_due_date or each.status in OPEN_STATUSES)
        and (not due_range or each.due_at is not None)
        and (invoice_filter.due_from is None or (each.due_at or 0) >= invoice_filter.due_from)
        and (invoice_filter.due_before is None or (each.due_at or 0) < invoice_filter.due_before)
        and (each.overdue or not invoice_filter.overdue)
        and (each.disputed or not invoice_filter.disputed)
    ]
    if by_due_date or invoice_filter.overdue:
        return sorted(fitting, key=lambda each: (each.due_at or 10**12, each.id))
    return sorted(fitting, key=lambda each: (each.created_at, each.id), reverse=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, filter_list=st.lists(filters, min_size=1, max_size=4), first=st.integers(1, 6))
def test_any_filter_returns_the_same_invoices_as_plain_python(
    backend: Backend,
    rows: list[tuple[int, InvoiceStatus, str, int | None]],
    filter_list: list[InvoiceFilter],
    first: int,
) -> None:
    organization_id = OrganizationId(f"org-{next(fresh)}")
    stored = insert_all(
        backend,
        *(
            in_status(
                of_customer(
                    replace(invoice(str(n)), organization_id=organization_id, created_at=created_at), customer_id
                ),
                status,
                due_at,
            )
            for n, (created_at, status, customer_id, due_at) in enumerate(rows)
        ),
    )
    for each in filter_list:
        assert all_invoices(backend, organization_id, each, first) == filtered_in_python(stored, each)
