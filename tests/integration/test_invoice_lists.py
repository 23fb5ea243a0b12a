"""Each list of invoices that the contract supports is one query a page, wherever its invoices are stored."""

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
NON_MEMBERS = 120
"""The number of invoices outside the list. In every order they come before the list's own invoices."""
RANGES = {
    "createdFrom": NOW - 10 * DAY, "createdTo": NOW - 5 * DAY,
    "dueFrom": NOW - 3 * DAY, "dueTo": NOW - 2 * DAY,
    "updatedFrom": NOW - 10 * DAY, "updatedTo": NOW - 5 * DAY,
}  # fmt: skip
VALUES = {"customerId": "cust_wanted", "number": "WANTED-1"}


def supported_queries() -> Iterator[dict[str, str]]:
    """Yields a query for each supported combination and each of its values, with and without a range."""
    for combination in COMBINATIONS:
        if "stripeInvoiceId" in combination.needs:
            continue
        variants: list[dict[str, str]] = [{}]
        for name, values in combination.needs.items():
            variants = [{**each, name: str(value)} for each in variants for value in values or (VALUES[name],)]
        full_range = {name: instant(RANGES[name]) for name in combination.range}
        for each in variants:
            if combination.needs or not full_range:
                yield each
            if full_range:
                yield {**each, **full_range}


def as_refunded(each: Invoice) -> Invoice:
    paid_invoice = in_status(each, InvoiceStatus.PAID)
    given_back = RefundFact("re_1", NOW, "succeeded", 7500, "usd", NOW)
    return replace(paid_invoice, facts=replace(paid_invoice.facts, refunds={"re_1": given_back}))


def with_status(each: Invoice, status: InvoiceStatus, due_at: int) -> Invoice:
    return as_refunded(each) if status is InvoiceStatus.REFUNDED else in_status(each, status, due_at)


def status_of(query: dict[str, str]) -> InvoiceStatus:
    """Returns a status that an invoice of this list may have."""
    status = query.get("status")
    if status in set(StatusGroup):
        return STATUSES_OF[StatusGroup(status)][-1]
    if "overdue" in query or "dueFrom" in query:
        return InvoiceStatus.PENDING
    return InvoiceStatus(status) if status else InvoiceStatus.PAID


def list_member_for(query: dict[str, str], name: str) -> Invoice:
    list_member = invoice(name, created_at=NOW - 7 * DAY)
    list_member = with_status(list_member, status_of(query), NOW - 3 * DAY + 3600)
    list_member = replace(of_customer(list_member, VALUES["customerId"]), updated_at=NOW - 7 * DAY)
    if "disputed" in query:
        dispute = DisputeFact("dp_1", NOW, "needs_response", 7500, "usd")
        list_member = replace(list_member, facts=replace(list_member.facts, disputes={"dp_1": dispute}))
    if list_member.facts.invoice is not None:
        fact_with_number = replace(list_member.facts.invoice, number=VALUES["number"])
        list_member = replace(list_member, facts=replace(list_member.facts, invoice=fact_with_number))
    return list_member


def non_member_for(query: dict[str, str], name: str) -> Invoice:
    """Returns a newer invoice that is due earlier and changed later. It is not in the list if the list has a
    filter.
    """
    in_the_index = "dueFrom" in query or not (query.keys() & {"status", "overdue"})
    unlike = InvoiceStatus.PAID if status_of(query) is not InvoiceStatus.PAID else InvoiceStatus.PENDING
    if query.get("status") == StatusGroup.SETTLED:
        unlike = InvoiceStatus.PENDING
    status = status_of(query) if in_the_index else unlike
    return replace(with_status(invoice(name, created_at=NOW), status, NOW - 90 * DAY), updated_at=NOW)


@pytest.mark.parametrize(
    "query", list(supported_queries()), ids=lambda query: "&".join(query) + query.get("status", "")
)
def test_a_page_of_any_supported_list_is_one_query_and_one_batch_read(
    stores_on_tables: Backend, query: dict[str, str]
) -> None:
    """Filtering the results of another list would take one query for every eleven other invoices."""
    mine = [list_member_for(query, f"{n}wanted") for n in range(3)]
    for each_invoice in (*mine, *(non_member_for(query, str(n)) for n in range(NON_MEMBERS))):
        stores_on_tables.invoices.insert(invoice_write(each_invoice), {})
    invoice_query = msgspec.convert(query, InvoiceQuery, strict=False, dec_hook=lambda kind, value: kind.parse(value))
    with requests_to_dynamodb() as requests:
        page = stores_on_tables.invoices.page(ORG, filter_from(invoice_query, time_zone=lambda: "UTC"), 10, None)
    assert requests == ["Query", "BatchGetItem"]
    if query:
        assert sorted(each.id for each in page.items) == sorted(each.id for each in mine)
        assert not page.has_next
    else:
        assert (len(page.items), page.has_next) == (10, True)


def test_an_invoice_is_found_by_its_stripe_id_in_three_reads(world: World) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    with requests_to_dynamodb() as requests:
        invoice_found = find_by_stripe_id(ORGANIZATION, invoice.stripe_invoice_id or "", world.ports)
    assert invoice_found is not None
    assert (invoice_found.id, requests) == (invoice.id, ["GetItem", "BatchGetItem", "GetItem"])


def test_the_totals_of_a_list_take_one_query_more(world: World) -> None:
    world.invoice("svc_1")
    with requests_to_dynamodb() as requests:
        [total] = totals(ORGANIZATION, InvoiceFilter(), world.ports) or []
    assert (total.currency, total.invoices, requests) == ("usd", 1, ["Query"])


def test_the_customer_names_of_a_page_are_one_batch_read_for_any_number_of_customers(world: World) -> None:
    customers = [replace(customer(f"other_{n}"), organization_id=ORGANIZATION) for n in range(30)]
    stored_customers = [world.ports.customers.save(each) for each in customers]
    status = [each.id for each in stored_customers for _ in range(3)]
    with requests_to_dynamodb() as requests:
        names_of(ORGANIZATION, status, world.ports)
    assert requests == ["BatchGetItem"]
    with requests_to_dynamodb() as requests:
        assert names_of(ORGANIZATION, [CustomerId("unknown")], world.ports) == {}
        assert names_of(ORGANIZATION, [], world.ports) == {}
    assert requests == ["BatchGetItem"]


def test_a_page_of_a_hundred_invoices_takes_a_second_batch_read(world: World) -> None:
    for n in range(101):
        each_invoice = replace(in_status(invoice(str(n)), InvoiceStatus.PENDING), organization_id=ORGANIZATION)
        world.ports.invoices.insert(invoice_write(each_invoice), {})
    with requests_to_dynamodb() as requests:
        page = list_invoices(ORGANIZATION, InvoiceFilter(group=StatusGroup.UNPAID), 100, None, world.ports)
    assert (len(page.items), page.has_next) == (100, True)
    assert requests == ["Query", "BatchGetItem", "BatchGetItem"]
