"""The stored tallies always equal a fresh count of all invoices."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import DuplicateEvent, StaleWrite
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, ServiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.merging import CannotOrder
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import Period, contribution, invoice_removal, invoice_write, summaries_by_currency
from chalicelib.domain.tallies import Bucket, Tally, added_up
from chalicelib.ports.storage import ServiceClaimed
from tests.backends import Backend
from tests.contracts.examples import NOW, ORG, OTHER_ORG, in_status, invoice, marker, reference, services
from tests.contracts.test_races import eager_threads as eager_threads
from tests.contracts.test_races import run_concurrently

DAY = 86400
TODAY = dt.date(2027, 1, 15)
EVER = Period(dt.date.min, dt.date.max)
CURRENCIES = ("usd", "jpy", "kwd")
NAMES = ("a", "b", "c")

numbers = itertools.count()


def fresh_count(invoices: Iterable[Invoice]) -> Mapping[Bucket, Tally]:
    return added_up(*(contribution(each).items() for each in invoices))


@dataclass
class Office:
    """An organization whose few invoices are changed in random order; `old` holds earlier versions of them."""

    backend: Backend
    organization: OrganizationId = field(default_factory=lambda: OrganizationId(f"org_{next(numbers)}"))
    old: dict[str, Invoice] = field(default_factory=dict)

    def read(self, name: str) -> Invoice | None:
        return self.backend.invoices.get(self.organization, InvoiceId(f"inv_{name}"))

    def do(self, name: str, action: str, fact: StripeFact, number: int) -> None:
        current = self.read(name)
        if current is None:
            new_invoice = invoice(name, organization_id=self.organization)
            new_invoice = replace(
                new_invoice, order=replace(new_invoice.order, currency=CURRENCIES[NAMES.index(name)])
            )
            self.backend.invoices.insert(invoice_write(new_invoice), services(name))
            return
        match action:
            case "remember":
                self.old[name] = current
            case "remove":
                self.backend.invoices.remove(invoice_removal(current), [ServiceId(name)])
            case "fail to remove":
                self.expect_refusal(
                    lambda: self.backend.invoices.remove(invoice_removal(self.stale(current)), [ServiceId(name)])
                )
            case "fail to insert":
                self.expect_refusal(
                    lambda: self.backend.invoices.insert(
                        invoice_write(replace(current, id=InvoiceId("x"))), services(name)
                    )
                )
            case "rest":
                self.save(current, replace(current, saga=current.saga.advanced(Step.DONE, NOW)), number)
            case "learn, too late":
                self.expect_refusal(lambda: self.save(current, with_fact(self.stale(current), fact), number))
                self.save(current, with_fact(current, fact), number)
            case "learn twice":
                event = marker(f"evt_{self.organization}_{number}")
                self.backend.invoices.apply(invoice_write(with_fact(current, fact)), event)
                now = self.read(name)
                assert now is not None
                self.expect_refusal(lambda: self.backend.invoices.apply(invoice_write(with_fact(now, fact)), event))
            case _:
                self.save(current, with_fact(current, fact), number)

    def save(self, current: Invoice, changed: Invoice, number: int) -> None:
        references = [reference(f"pi_{number}", current)] if number % 2 else []
        self.backend.invoices.save(invoice_write(changed), references)

    def stale(self, current: Invoice) -> Invoice:
        old = self.old.get(current.id.removeprefix("inv_"), current)
        return old if old.version < current.version else replace(current, version=current.version - 1 or 99)

    def expect_refusal(self, run: Callable[[], object]) -> None:
        with pytest.raises((StaleWrite, DuplicateEvent, ServiceClaimed)):
            run()

    def check(self) -> None:
        stored = [each for name in (*NAMES, "x") if (each := self.read(name))]
        tallies = self.backend.summaries.tallies(self.organization, EVER)
        assert tallies == fresh_count(stored)
        assert all(dict(each.counted) == contribution(each) for each in stored)
        for summary in summaries_by_currency(tallies):
            ours = [each for each in stored if each.order.currency == summary.currency]
            late = [each for each in ours if each.overdue]
            assert summary.overdue == Tally(len(late), sum(each.balance for each in late))


def with_fact(current: Invoice, fact: StripeFact) -> Invoice:
    fact = replace(fact, currency=current.order.currency)
    try:
        return current.knowing(fact)
    except CannotOrder:
        return current.with_fetched(fact)


amounts = st.integers(0, 5000)
moments = st.integers(NOW - 70 * DAY, NOW + 70 * DAY)


@st.composite
def invoice_facts(draw: st.DrawFn) -> InvoiceFact:
    status = draw(st.sampled_from(["draft", "open", "open", "paid", "paid", "void", "uncollectible"]))
    total, paid = draw(amounts), draw(amounts)
    return InvoiceFact(
        "in_1",
        as_of=draw(st.integers(NOW, NOW + 9)),
        status=status,
        total=total + paid,
        amount_paid=total + paid if status == "paid" else paid,
        amount_remaining=0 if status == "paid" else total,
        currency="usd",
        due_at=draw(st.none() | moments),
        paid_at=draw(moments) if status == "paid" else None,
        deleted=status == "draft" and draw(st.booleans()),
    )


facts: st.SearchStrategy[Any] = st.one_of(
    invoice_facts(),
    invoice_facts(),
    st.builds(
        RefundFact,
        st.sampled_from(["re_1", "re_2"]),
        st.integers(NOW, NOW + 9),
        st.sampled_from(["pending", "succeeded", "succeeded", "failed"]),
        amounts,
        st.just("usd"),
        st.just(NOW),
    ),
    st.builds(
        DisputeFact,
        st.sampled_from(["dp_1", "dp_2"]),
        st.integers(NOW, NOW + 9),
        st.sampled_from(["needs_response", "won", "lost"]),
        amounts,
        st.just("usd"),
    ),
)
actions = st.sampled_from(
    [
        *("learn", "learn", "learn", "learn twice", "learn, too late", "rest", "remember"),
        *("remove", "fail to remove", "fail to insert"),
    ]
)
random_actions = st.lists(
    st.tuples(st.sampled_from(NAMES), actions, facts, st.integers(0, 99)), min_size=5, max_size=30
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random_actions)
def test_after_any_changes_the_tallies_equal_a_fresh_count(
    backend: Backend, actions: list[tuple[str, str, StripeFact, int]]
) -> None:
    office = Office(backend)
    for number, (name, action, fact, chance) in enumerate(actions):
        office.do(name, action, fact, number * 100 + chance)
    office.check()


def test_concurrent_writes_all_count(backend: Backend) -> None:
    run_concurrently(lambda n: backend.invoices.insert(invoice_write(invoice(str(n))), {}))
    first = backend.invoices.insert(invoice_write(invoice("one")), {})
    run_concurrently(
        lambda n: backend.invoices.save(invoice_write(in_status(first, InvoiceStatus.PENDING, due_at=NOW + n * DAY)))
    )
    stored = [backend.invoices.get(ORG, InvoiceId(f"inv_{name}")) for name in (*"012345", "one")]
    assert None not in stored
    assert backend.summaries.tallies(ORG, EVER) == fresh_count(each for each in stored if each)


def test_tallies_are_returned_for_the_requested_days_only(backend: Backend) -> None:
    days = [NOW + days * DAY for days in (-400, -31, -15, -14, -1, 0, 1, 16, 17, 50, 800)]
    for number, moment in enumerate(days):
        paid = in_status(invoice(f"paid-{number}"), InvoiceStatus.PAID)
        assert paid.facts.invoice is not None
        fact = replace(paid.facts.invoice, paid_at=moment)
        backend.invoices.insert(invoice_write(replace(paid, facts=replace(paid.facts, invoice=fact))), {})

    tallies = backend.summaries.tallies(ORG, Period(dt.date(2026, 12, 31), dt.date(2027, 1, 31)))
    assert sorted(bucket.of for bucket in tallies if bucket.kind == "paid") == [
        "2026-12-31", "2027-01-01", "2027-01-14", "2027-01-15", "2027-01-16", "2027-01-31",
    ]  # fmt: skip
    assert tallies[Bucket("usd", "status", "paid")].invoices == len(days)


def test_an_organization_reads_only_its_own_tallies(backend: Backend) -> None:
    backend.invoices.insert(invoice_write(invoice()), {})
    assert backend.summaries.tallies(OTHER_ORG, EVER) == {}
    assert len(backend.summaries.tallies(ORG, EVER)) == 1
    assert backend.summaries.tallies(ORG, None) == backend.summaries.tallies(ORG, EVER)


def test_a_removed_invoice_no_longer_counts(backend: Backend) -> None:
    names = [f"s{n}" for n in range(100)]
    stored = backend.invoices.insert(invoice_write(invoice()), services(*names[:50]))
    backend.invoices.claim(stored, services(*names[50:]))
    backend.invoices.remove(invoice_removal(stored), [ServiceId(name) for name in names])
    assert backend.summaries.tallies(ORG, EVER) == {}
