"""Each list of invoices that the contract offers is one query a page, wherever its invoices are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from chalicelib.api.models.common import instant
from chalicelib.api.models.invoice_query import COMBINATIONS, InvoiceQuery, filter_from
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.status import STATUSES_OF, InvoiceStatus, StatusGroup
from chalicelib.domain.summary import invoice_write
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing.invoice_lists import find_by_stripe_id, list_invoices, totals
from tests.backends import Backend, requests_to_dynamodb
from tests.contracts.examples import NOW, ORG, customer, in_status, invoice, of_customer
from tests.world import ORGANIZATION, World

DAY = 86400
OTHERS = 120
"""Invoices that are not of the list. Whatever its order, they come before the invoices that are."""
RANGES = {
    "createdFrom": NOW - 10 * DAY, "createdTo": NOW - 5 * DAY,
    "dueFrom": NOW - 3 * DAY, "dueTo": NOW - 2 * DAY,
    "updatedFrom": NOW - 10 * DAY, "updatedTo": NOW - 5 * DAY,
}  # fmt: skip
VALUES = {"customerId": "cust_wanted", "number": "WANTED-1"}


def offered() -> Iterator[dict[str, str]]:
    """Yields a request of each combination and of each value that it takes, without its range and with it."""
    for combination in COMBINATIONS:
        if "stripeInvoiceId" in combination.needs:
            continue
        variants: list[dict[str, str]] = [{}]
        for name, values in combination.needs.items():
            variants = [{**each, name: str(value)} for each in variants for value in values or (VALUES[name],)]
        whole = {name: instant(RANGES[name]) for name in combination.range}
        for each in variants:
            if combination.needs or not whole:
                yield each
            if whole:
                yield {**each, **whole}


def refunded(made: Invoice) -> Invoice:
    paid = in_status(made, InvoiceStatus.PAID)
    given_back = RefundFact("re_1", NOW, "succeeded", 7500, "usd", NOW)
    return replace(paid, facts=replace(paid.facts, refunds={"re_1": given_back}))


def placed(made: Invoice, status: InvoiceStatus, due_at: int) -> Invoice:
    return refunded(made) if status is InvoiceStatus.REFUNDED else in_status(made, status, due_at)


def status_of(query: dict[str, str]) -> InvoiceStatus:
    """A status that an invoice of this list may have."""
    wanted = query.get("status")
    if wanted in set(StatusGroup):
        return STATUSES_OF[StatusGroup(wanted)][-1]
    if "overdue" in query or "dueFrom" in query:
        return InvoiceStatus.PENDING
    return InvoiceStatus(wanted) if wanted else InvoiceStatus.PAID


def one_of_the_list(query: dict[str, str], name: str) -> Invoice:
    made = invoice(name, created_at=NOW - 7 * DAY)
    made = placed(made, status_of(query), NOW - 3 * DAY + 3600)
    made = replace(of_customer(made, VALUES["customerId"]), updated_at=NOW - 7 * DAY)
    if "disputed" in query:
        dispute = DisputeFact("dp_1", NOW, "needs_response", 7500, "usd")
        made = replace(made, facts=replace(made.facts, disputes={"dp_1": dispute}))
    if made.facts.invoice is not None:
        numbered = replace(made.facts.invoice, number=VALUES["number"])
        made = replace(made, facts=replace(made.facts, invoice=numbered))
    return made


def another(query: dict[str, str], name: str) -> Invoice:
    """An invoice that is newer, due earlier and changed later. It is not in the list if the list has a filter."""
    in_the_index = "dueFrom" in query or not (query.keys() & {"status", "overdue"})
    unlike = InvoiceStatus.PAID if status_of(query) is not InvoiceStatus.PAID else InvoiceStatus.PENDING
    if query.get("status") == StatusGroup.SETTLED:
        unlike = InvoiceStatus.PENDING
    status = status_of(query) if in_the_index else unlike
    return replace(placed(invoice(name, created_at=NOW), status, NOW - 90 * DAY), updated_at=NOW)


@pytest.mark.parametrize("query", list(offered()), ids=lambda query: "&".join(query) + query.get("status", ""))
def test_a_page_of_any_offered_list_is_one_query_and_one_batch_read(
    stores_on_tables: Backend, query: dict[str, str]
) -> None:
    """Filtering what another list shows would take a query for each eleven of the other invoices."""
    mine = [one_of_the_list(query, f"{n}wanted") for n in range(3)]
    for made in (*mine, *(another(query, str(n)) for n in range(OTHERS))):
        stores_on_tables.invoices.insert(invoice_write(made), {})
    asked = msgspec.convert(query, InvoiceQuery, strict=False, dec_hook=lambda kind, value: kind.read(value))
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, filter_from(asked, time_zone=lambda: "UTC"), 10, None)
    assert requests == ["Query", "BatchGetItem"]
    if query:
        assert sorted(each.id for each in page.items) == sorted(each.id for each in mine)
        assert not page.has_next
    else:
        assert (len(page.items), page.has_next) == (10, True)


def test_an_invoice_is_found_by_stripes_id_in_three_reads(world: World) -> None:
    made = world.invoice("svc_1")
    world.deliver()
    with requests_to_dynamodb() as requests:
        found = find_by_stripe_id(ORGANIZATION, made.stripe_invoice_id or "", world.ports)
    assert found is not None
    assert (found.id, requests) == (made.id, ["GetItem", "BatchGetItem", "GetItem"])


def test_the_totals_of_a_list_are_one_query_more(world: World) -> None:
    world.invoice("svc_1")
    with requests_to_dynamodb() as requests:
        [total] = totals(ORGANIZATION, InvoiceFilter(), world.ports) or []
    assert (total.currency, total.invoices, requests) == ("usd", 1, ["Query"])


def test_the_customers_names_of_a_page_are_one_batch_read_however_many_customers(world: World) -> None:
    customers = [replace(customer(f"other_{n}"), organization_id=ORGANIZATION) for n in range(30)]
    stored = [world.ports.customers.save(each) for each in customers]
    wanted = [each.id for each in stored for _ in range(3)]
    with requests_to_dynamodb() as requests:
        names_of(ORGANIZATION, wanted, world.ports)
    assert requests == ["BatchGetItem"]
    with requests_to_dynamodb() as requests:
        assert names_of(ORGANIZATION, [CustomerId("unknown")], world.ports) == {}
        assert names_of(ORGANIZATION, [], world.ports) == {}
    assert requests == ["BatchGetItem"]


def test_a_page_of_a_hundred_invoices_takes_a_second_batch_read_for_the_one_behind_it(world: World) -> None:
    for n in range(101):
        made = replace(in_status(invoice(str(n)), InvoiceStatus.PENDING), organization_id=ORGANIZATION)
        world.ports.invoices.insert(invoice_write(made), {})
    with requests_to_dynamodb() as requests:
        page = list_invoices(ORGANIZATION, InvoiceFilter(group=StatusGroup.UNPAID), 100, None, world.ports)
    assert (len(page.items), page.has_next) == (100, True)
    assert requests == ["Query", "BatchGetItem", "BatchGetItem"]
