"""Lists of invoices over HTTP: the supported combinations of filters, totals, and customers' names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.api.models.combinations import Combination
from chalicelib.api.models.invoice_query import COMBINATIONS, InvoiceQuery, ListedStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.status import STATUSES_OF, InvoiceStatus, StatusGroup
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import World

DAY = 24 * 3600


def pay(world: World, invoice: Invoice) -> None:
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()


def listed_ids(api: ApiClient, query: str = "") -> list[str]:
    response = api.get(f"/invoices?{query}")
    assert response.status == 200, response.text
    return [each["id"] for each in response.json["data"]]


@pytest.fixture
def ids_by_status(office: ApiClient, world: World) -> dict[str, str]:
    """Creates an invoice of each status, a minute apart, and returns their ids by status, the oldest first."""
    invoices: dict[str, Invoice] = {}
    for status in ("paid", "refunded", "disputed", "pending", "void", "failed", "draft"):
        invoices[status] = world.invoice(f"svc_{status}", send=status != "draft")
        world.advance(60)
    world.deliver()
    for status in ("paid", "refunded", "disputed"):
        pay(world, invoices[status])
    account = invoices["paid"].stripe_account_id
    charges = [each["id"] for each in world.in_stripe(account, "charge") if each["paid"]]
    options: Any = {"stripe_account": account}
    world.client.v1.refunds.create({"charge": charges[1]}, options)
    world.double.open_dispute(account, charges[2])
    world.double.pay(account, invoices["failed"].stripe_invoice_id or "", "pm_card_chargeDeclined")
    office.post(f"/invoices/{invoices['void'].id}/void")
    world.deliver()
    return {status: each.id for status, each in invoices.items()}


def test_each_status_and_each_group_of_statuses_is_a_filter(office: ApiClient, ids_by_status: dict[str, str]) -> None:
    lists = {
        "pending": ["pending"], "draft": ["draft"], "void": ["void"], "failed": ["failed"],
        "refunded": ["refunded"], "paid": ["disputed", "paid"], "uncollectible": [], "creating": [],
        "open": ["pending", "failed"], "unpaid": ["failed", "pending"], "settled": ["disputed", "refunded", "paid"],
    }  # fmt: skip
    assert lists.keys() == set(ListedStatus)
    listed = {status: listed_ids(office, f"status={status}") for status in lists}
    assert listed == {status: [ids_by_status[each] for each in names] for status, names in lists.items()}


def test_disputed_invoices_can_be_listed(office: ApiClient, ids_by_status: dict[str, str]) -> None:
    assert listed_ids(office, "disputed=true") == [ids_by_status["disputed"]]
    assert listed_ids(office, "disputed=true&createdTo=2027-01-14") == []


def test_open_and_overdue_invoices_are_ordered_by_due_day(office: ApiClient, world: World) -> None:
    late, soon, later = (
        world.invoice(f"svc_{days}", payment_terms=terms).id
        for days, terms in ((0, "due_on_receipt"), (15, "net_15"), (60, "net_60"))
    )
    due = [each["dueDate"] for each in office.get("/invoices?status=open").json["data"]]
    assert listed_ids(office, "status=open") == [late, soon, later]
    assert due == sorted(due)
    assert listed_ids(office, f"status=open&dueFrom={due[1]}") == [soon, later]
    assert listed_ids(office, f"status=open&dueFrom={due[1]}&dueTo={due[1]}") == [soon]
    assert listed_ids(office, "overdue=true") == []
    world.advance(20 * DAY)
    world.plan_day()
    assert listed_ids(office, "overdue=true") == [late, soon]
    assert listed_ids(office, f"overdue=true&dueFrom={due[1]}") == [soon]


def test_a_client_that_polls_for_changes_misses_none(office: ApiClient, world: World) -> None:
    first = world.invoice("svc_1")
    world.deliver()
    world.advance(3600)
    since = office.get(f"/invoices/{first.id}").json["updatedAt"]
    assert listed_ids(office, f"updatedFrom={since}") == [first.id]
    assert listed_ids(office, f"updatedFrom={since[:11]}23:45:00Z") == []
    second = world.invoice("svc_2")
    assert listed_ids(office, f"updatedFrom={since}") == [second.id, first.id]


def test_an_invoice_is_found_by_its_number_and_by_its_stripe_id(office: ApiClient, world: World) -> None:
    invoice = world.invoice("svc_1")
    world.invoice("svc_2")
    world.deliver()
    number = office.get(f"/invoices/{invoice.id}").json["number"]
    assert listed_ids(office, f"number={number}") == [invoice.id]
    assert listed_ids(office, "number=UNKNOWN-1") == []
    assert listed_ids(office, f"stripeInvoiceId={invoice.stripe_invoice_id}") == [invoice.id]
    assert listed_ids(office, "stripeInvoiceId=in_unknown") == []
    refusal = office.get(f"/invoices?stripeInvoiceId={invoice.stripe_invoice_id}&after=AAAA")
    assert (refusal.status, refusal.code) == (422, "cursor_invalid")


def test_another_organization_finds_nothing_by_number_or_by_stripe_id(office: ApiClient, world: World) -> None:
    invoice = world.invoice("svc_1")
    world.deliver()
    number = office.get(f"/invoices/{invoice.id}").json["number"]
    theirs = office.acting("admin", organization=OTHER_ORGANIZATION)
    for query in (f"number={number}", f"stripeInvoiceId={invoice.stripe_invoice_id}", "status=open", "totals=true"):
        response = theirs.get(f"/invoices?{query}").json
        assert (response["data"], response["totals"] or None) == ([], None)


def test_an_account_that_moved_to_another_organization_does_not_take_its_invoices_along(
    office: ApiClient, world: World
) -> None:
    """References to Stripe ids are stored by account, and the account's former owner keeps its invoices."""
    invoice = world.invoice("svc_1")
    world.deliver()
    mine = world.ports.connections.get(world.now(invoice).organization_id)
    world.ports.connections.save(type(mine)(OTHER_ORGANIZATION, account_id=mine.account_id))  # type: ignore[arg-type]
    theirs = office.acting("admin", organization=OTHER_ORGANIZATION)
    assert listed_ids(theirs, f"stripeInvoiceId={invoice.stripe_invoice_id}") == []


UNSUPPORTED_QUERIES = [
    "customerId=cust_1&status=paid",
    "status=paid&disputed=true",
    "status=open&createdFrom=2027-01-01",
    "status=paid&dueFrom=2027-01-01",
    "dueFrom=2027-01-01",
    "overdue=true&status=failed",
    "overdue=true&createdTo=2027-01-01",
    "updatedFrom=2027-01-01&createdFrom=2027-01-01",
    "updatedFrom=2027-01-01&status=paid",
    "number=A-1&customerId=cust_1",
    "stripeInvoiceId=in_1&status=paid",
]


@pytest.mark.parametrize("query", UNSUPPORTED_QUERIES)
def test_other_combinations_are_refused_with_the_supported_ones(office: ApiClient, query: str) -> None:
    response = office.get(f"/invoices?{query}")
    assert (response.status, response.code) == (422, "filters_not_offered")
    assert f"{response.error['field']}=" in query
    assert all(str(combination) in response.error["message"] for combination in COMBINATIONS)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("createdFrom=2027-02-01&createdTo=2027-01-01", "createdFrom"),
        ("status=open&dueFrom=2027-02-01&dueTo=2027-01-01", "dueFrom"),
        ("updatedFrom=2027-02-01T00:00:00Z&updatedTo=2027-01-01", "updatedFrom"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(office: ApiClient, query: str, field: str) -> None:
    response = office.get(f"/invoices?{query}")
    assert (response.status, response.code, response.error["field"]) == (422, "period_invalid", field)


@pytest.mark.parametrize(
    "query", ["status=late", "stripeInvoiceId=cus_1", "number=", "totals=perhaps", "sort=created", "customerId="]
)
def test_an_unknown_filter_value_is_refused(office: ApiClient, query: str) -> None:
    response = office.get(f"/invoices?{query}")
    assert (response.status, response.code) == (400, "invalid_query")


def test_the_contract_lists_each_combination_with_its_order(api: ApiClient) -> None:
    description = api.get("/openapi.json").json["paths"]["/v1/invoices"]["get"]["description"]
    for combination in COMBINATIONS:
        assert f"- {combination}: {combination.order}" in description


def test_every_filter_of_the_query_is_in_a_combination() -> None:
    filter_names = {name for each in COMBINATIONS for name in (*each.needs, *each.range)}
    fields = set(InvoiceQuery.__struct_encode_fields__) - {"first", "after", "totals"}
    assert filter_names == fields
    statuses = {value for each in COMBINATIONS for value in each.needs.get("status", ())}
    assert statuses == set(ListedStatus) == {*InvoiceStatus, *StatusGroup}


def test_no_request_matches_two_combinations() -> None:
    def requests(of: Combination) -> list[dict[str, str]]:
        values = {name: [*values] or ["x"] for name, values in of.needs.items()}
        needs = [{name: str(value)} for name in values for value in values[name]] or [{}]
        ends = [(), of.range[:1], of.range[1:], of.range] if of.range else [()]
        return [{**each, **dict.fromkeys(some, "x")} for each in needs for some in ends]

    for each in COMBINATIONS:
        for request in requests(each):
            assert sum(combination.offers(request) for combination in COMBINATIONS) <= 1, request


def total_of(api: ApiClient, query: str) -> Any:
    return api.get(f"/invoices?{query}").json["totals"]


def test_totals_of_each_list_are_those_of_its_invoices(office: ApiClient, ids_by_status: dict[str, str]) -> None:
    for query in ("", *(f"status={status}&" for status in ListedStatus)):
        invoices = office.get(f"/invoices?{query}").json["data"]
        total, balance = (sum(Decimal(each[name]) for each in invoices) for name in ("total", "balance"))
        sums = total_of(office, f"{query}totals=true&first=1")
        expected_totals = {
            "currency": "usd",
            "invoices": len(invoices),
            "total": f"{total:.2f}",
            "balance": f"{balance:.2f}",
            "disputedAmount": None,
        }
        assert sums == ([expected_totals] if invoices else []), query
    [disputed_total] = total_of(office, "disputed=true&totals=true")
    assert disputed_total == {
        "currency": "usd", "invoices": 1, "total": None, "balance": None, "disputedAmount": "75.00",
    }  # fmt: skip


def test_totals_of_overdue_invoices_are_the_amounts_still_to_be_paid(office: ApiClient, world: World) -> None:
    world.invoice("svc_1", payment_terms="due_on_receipt")
    world.invoice("svc_2", payment_terms="net_60")
    world.advance(5 * DAY)
    world.plan_day()
    assert total_of(office, "overdue=true&totals=true") == [
        {"currency": "usd", "invoices": 1, "total": None, "balance": "75.00", "disputedAmount": None}
    ]


def test_a_copy_is_listed_and_counted_once_the_original_is_void(office: ApiClient, world: World) -> None:
    original = world.invoice("svc_1")
    world.double.order_fault("close_before", count=9, method="POST", path="/v1/invoices/*/void")
    assert office.post(f"/invoices/{original.id}/correct", {"confirmed": True}).status == 202
    assert (len(listed_ids(office, "status=creating")), total_of(office, "status=creating&totals=true")) == (1, [])
    [waiting] = total_of(office, "totals=true")
    assert (len(listed_ids(office)), waiting["invoices"], waiting["balance"]) == (2, 1, "75.00"), (
        "the amount is owed only once"
    )
    world.double.clear_faults()
    world.advance(3601)
    world.resume()
    [draft_total] = total_of(office, "status=draft&totals=true")
    assert (draft_total["invoices"], draft_total["total"]) == (1, "75.00")


@pytest.mark.parametrize(
    "query",
    [
        "status=paid", "totals=true&customerId=cust_1", "totals=true&createdFrom=2027-01-01",
        "totals=true&status=open&dueTo=2027-02-01", "totals=true&number=A-1", "totals=true&stripeInvoiceId=in_1",
        "totals=true&updatedFrom=2027-01-01",
    ],
)  # fmt: skip
def test_totals_are_null_where_they_are_not_stored_or_not_requested(
    office: ApiClient, world: World, query: str
) -> None:
    world.invoice("svc_1")
    assert total_of(office, query) is None


def test_an_invoice_has_its_customers_present_name(office: ApiClient, world: World) -> None:
    office.put("/customers/cust_2", {"firstName": "Dana", "lastName": "Reyes", "email": "dana@example.test"})
    office.put("/customers/cust_3", {"email": "nobody@example.test"})
    with_name, without_name = (world.invoice(f"svc_{each}", customer_id=each).id for each in ("cust_2", "cust_3"))

    def names(api: ApiClient) -> dict[str, str | None]:
        return {each["id"]: each["customerName"] for each in api.get("/invoices").json["data"]}

    assert names(office) == {with_name: "Dana Reyes", without_name: None}
    office.put("/customers/cust_2", {"companyName": "Reyes Pools", "email": "dana@example.test"})
    assert names(office)[with_name] == "Reyes Pools"
    assert office.get(f"/invoices/{with_name}").json["customerName"] == "Reyes Pools"
    assert office.post(f"/invoices/{with_name}/refresh").json["customerName"] == "Reyes Pools"


def test_members_read_customer_names_on_invoices_and_cannot_read_customers(office: ApiClient, world: World) -> None:
    invoice = world.invoice("svc_1")
    member = office.acting("member")
    customer = world.ports.customers.get(invoice.organization_id, invoice.order.customer_id)
    assert customer is not None
    assert [each["customerName"] for each in member.get("/invoices").json["data"]] == [customer.profile.display_name]
    assert member.get("/customers").status == 403
    assert member.get(f"/customers/{invoice.order.customer_id}").status == 403


def test_a_company_is_listed_by_its_name_and_a_person_by_first_and_last_name() -> None:
    assert Profile(first_name="Dana", last_name="Reyes").display_name == "Dana Reyes"
    assert Profile(first_name="Dana", company_name="Reyes Pools").display_name == "Reyes Pools"
    assert Profile().display_name is None


def test_the_groups_of_statuses_are_what_the_contract_says() -> None:
    assert STATUSES_OF == {
        StatusGroup.OPEN: (InvoiceStatus.PENDING, InvoiceStatus.FAILED),
        StatusGroup.UNPAID: (InvoiceStatus.PENDING, InvoiceStatus.FAILED, InvoiceStatus.UNCOLLECTIBLE),
        StatusGroup.SETTLED: (InvoiceStatus.PAID, InvoiceStatus.REFUNDED),
    }
