"""Lists of invoices over HTTP: filters that are offered together, totals, and customers' names."""

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


@pytest.fixture
def office(api: ApiClient, world: World) -> ApiClient:
    """A connected organization with a customer."""
    world.connect()
    world.customer()
    return api


def pay(world: World, invoice: Invoice) -> None:
    world.double.pay(invoice.stripe_account_id, invoice.stripe_invoice_id or "", "pm_card_visa")
    world.deliver()


def listed(api: ApiClient, query: str = "") -> list[str]:
    answer = api.get(f"/invoices?{query}")
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.json["data"]]


@pytest.fixture
def town(office: ApiClient, world: World) -> dict[str, str]:
    """Invoices of several statuses, a minute apart, by what became of them: the ids, the oldest first."""
    made: dict[str, Invoice] = {}
    for what in ("paid", "refunded", "disputed", "pending", "void", "failed", "draft"):
        made[what] = world.invoice(f"svc_{what}", send=what != "draft")
        world.advance(60)
    world.deliver()
    for what in ("paid", "refunded", "disputed"):
        pay(world, made[what])
    account = made["paid"].stripe_account_id
    charges = [each["id"] for each in world.in_stripe(account, "charge") if each["paid"]]
    options: Any = {"stripe_account": account}
    world.client.v1.refunds.create({"charge": charges[1]}, options)
    world.double.open_dispute(account, charges[2])
    world.double.pay(account, made["failed"].stripe_invoice_id or "", "pm_card_chargeDeclined")
    office.post(f"/invoices/{made['void'].id}/void")
    world.deliver()
    return {what: each.id for what, each in made.items()}


def test_each_status_and_each_group_of_statuses_is_a_list(office: ApiClient, town: dict[str, str]) -> None:
    lists = {
        "pending": ["pending"], "draft": ["draft"], "void": ["void"], "failed": ["failed"],
        "refunded": ["refunded"], "paid": ["disputed", "paid"], "uncollectible": [], "creating": [],
        "open": ["pending", "failed"], "unpaid": ["failed", "pending"], "settled": ["disputed", "refunded", "paid"],
    }  # fmt: skip
    assert lists.keys() == set(ListedStatus)
    shown = {status: listed(office, f"status={status}") for status in lists}
    assert shown == {status: [town[each] for each in names] for status, names in lists.items()}


def test_disputed_invoices_are_a_list(office: ApiClient, town: dict[str, str]) -> None:
    assert listed(office, "disputed=true") == [town["disputed"]]
    assert listed(office, "disputed=true&createdTo=2027-01-14") == []


def test_open_and_overdue_invoices_come_by_their_due_days(office: ApiClient, world: World) -> None:
    late, soon, later = (
        world.invoice(f"svc_{days}", payment_terms=terms).id
        for days, terms in ((0, "due_on_receipt"), (15, "net_15"), (60, "net_60"))
    )
    due = [each["dueDate"] for each in office.get("/invoices?status=open").json["data"]]
    assert listed(office, "status=open") == [late, soon, later]
    assert due == sorted(due)
    assert listed(office, f"status=open&dueFrom={due[1]}") == [soon, later]
    assert listed(office, f"status=open&dueFrom={due[1]}&dueTo={due[1]}") == [soon]
    assert listed(office, "overdue=true") == []
    world.advance(20 * DAY)
    world.plan_day()
    assert listed(office, "overdue=true") == [late, soon]
    assert listed(office, f"overdue=true&dueFrom={due[1]}") == [soon]


def test_whoever_polls_for_changes_misses_none(office: ApiClient, world: World) -> None:
    first = world.invoice("svc_1")
    world.deliver()
    world.advance(3600)
    since = office.get(f"/invoices/{first.id}").json["updatedAt"]
    assert listed(office, f"updatedFrom={since}") == [first.id]
    assert listed(office, f"updatedFrom={since[:11]}23:45:00Z") == []
    second = world.invoice("svc_2")
    assert listed(office, f"updatedFrom={since}") == [second.id, first.id]


def test_an_invoice_is_found_by_its_number_and_by_stripes_id(office: ApiClient, world: World) -> None:
    made = world.invoice("svc_1")
    world.invoice("svc_2")
    world.deliver()
    number = office.get(f"/invoices/{made.id}").json["number"]
    assert listed(office, f"number={number}") == [made.id]
    assert listed(office, "number=UNKNOWN-1") == []
    assert listed(office, f"stripeInvoiceId={made.stripe_invoice_id}") == [made.id]
    assert listed(office, "stripeInvoiceId=in_unknown") == []
    refused = office.get(f"/invoices?stripeInvoiceId={made.stripe_invoice_id}&after=AAAA")
    assert (refused.status, refused.code) == (422, "cursor_invalid")


def test_another_organization_finds_nothing_by_number_or_by_stripes_id(office: ApiClient, world: World) -> None:
    made = world.invoice("svc_1")
    world.deliver()
    number = office.get(f"/invoices/{made.id}").json["number"]
    theirs = office.acting("admin", organization=OTHER_ORGANIZATION)
    for query in (f"number={number}", f"stripeInvoiceId={made.stripe_invoice_id}", "status=open", "totals=true"):
        answer = theirs.get(f"/invoices?{query}").json
        assert (answer["data"], answer["totals"] or None) == ([], None)


def test_an_organization_that_has_another_ones_former_account_does_not_find_that_ones_invoices(
    office: ApiClient, world: World
) -> None:
    """References are by account, and the account's former owner keeps its invoices."""
    made = world.invoice("svc_1")
    world.deliver()
    mine = world.ports.connections.get(world.now(made).organization_id)
    world.ports.connections.save(type(mine)(OTHER_ORGANIZATION, account_id=mine.account_id))  # type: ignore[arg-type]
    theirs = office.acting("admin", organization=OTHER_ORGANIZATION)
    assert listed(theirs, f"stripeInvoiceId={made.stripe_invoice_id}") == []


NOT_OFFERED = [
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


@pytest.mark.parametrize("query", NOT_OFFERED)
def test_other_combinations_are_refused_with_those_that_exist(office: ApiClient, query: str) -> None:
    answer = office.get(f"/invoices?{query}")
    assert (answer.status, answer.code) == (422, "filters_not_offered")
    assert f"{answer.error['field']}=" in query
    assert all(str(combination) in answer.error["message"] for combination in COMBINATIONS)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("createdFrom=2027-02-01&createdTo=2027-01-01", "createdFrom"),
        ("status=open&dueFrom=2027-02-01&dueTo=2027-01-01", "dueFrom"),
        ("updatedFrom=2027-02-01T00:00:00Z&updatedTo=2027-01-01", "updatedFrom"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused(office: ApiClient, query: str, field: str) -> None:
    answer = office.get(f"/invoices?{query}")
    assert (answer.status, answer.code, answer.error["field"]) == (422, "period_invalid", field)


@pytest.mark.parametrize(
    "query", ["status=late", "stripeInvoiceId=cus_1", "number=", "totals=perhaps", "sort=created", "customerId="]
)
def test_a_filter_that_is_none_is_refused(office: ApiClient, query: str) -> None:
    answer = office.get(f"/invoices?{query}")
    assert (answer.status, answer.code) == (400, "invalid_query")


def test_the_contract_lists_each_combination_with_its_order(api: ApiClient) -> None:
    described = api.get("/openapi.json").json["paths"]["/v1/invoices"]["get"]["description"]
    for combination in COMBINATIONS:
        assert f"- {combination}: {combination.order}" in described


def test_every_filter_of_the_query_is_in_a_combination() -> None:
    named = {name for each in COMBINATIONS for name in (*each.needs, *each.range)}
    fields = set(InvoiceQuery.__struct_encode_fields__) - {"first", "after", "totals"}
    assert named == fields
    statuses = {value for each in COMBINATIONS for value in each.needs.get("status", ())}
    assert statuses == set(ListedStatus) == {*InvoiceStatus, *StatusGroup}


def test_no_request_is_of_two_combinations() -> None:
    def requests(of: Combination) -> list[dict[str, str]]:
        values = {name: [*values] or ["x"] for name, values in of.needs.items()}
        needs = [{name: str(value)} for name in values for value in values[name]] or [{}]
        ends = [(), of.range[:1], of.range[1:], of.range] if of.range else [()]
        return [{**each, **dict.fromkeys(some, "x")} for each in needs for some in ends]

    for each in COMBINATIONS:
        for request in requests(each):
            assert sum(other.offers(request) for other in COMBINATIONS) <= 1, request


def total_of(api: ApiClient, query: str) -> Any:
    return api.get(f"/invoices?{query}").json["totals"]


def test_totals_of_each_list_are_those_of_its_invoices(office: ApiClient, town: dict[str, str]) -> None:
    for query in ("", *(f"status={status}&" for status in ListedStatus)):
        shown = office.get(f"/invoices?{query}").json["data"]
        total, balance = (sum(Decimal(each[name]) for each in shown) for name in ("total", "balance"))
        sums = total_of(office, f"{query}totals=true&first=1")
        expected = {
            "currency": "usd",
            "invoices": len(shown),
            "total": f"{total:.2f}",
            "balance": f"{balance:.2f}",
            "disputedAmount": None,
        }
        assert sums == ([expected] if shown else []), query
    [disputed] = total_of(office, "disputed=true&totals=true")
    assert disputed == {
        "currency": "usd", "invoices": 1, "total": None, "balance": None, "disputedAmount": "75.00",
    }  # fmt: skip


def test_totals_of_overdue_invoices_are_what_is_to_be_paid(office: ApiClient, world: World) -> None:
    world.invoice("svc_1", payment_terms="due_on_receipt")
    world.invoice("svc_2", payment_terms="net_60")
    world.advance(5 * DAY)
    world.plan_day()
    assert total_of(office, "overdue=true&totals=true") == [
        {"currency": "usd", "invoices": 1, "total": None, "balance": "75.00", "disputedAmount": None}
    ]


def test_a_copy_that_waits_for_the_void_is_listed_and_counted_once_it_has_taken_its_place(
    office: ApiClient, world: World
) -> None:
    original = world.invoice("svc_1")
    world.double.order_fault("close_before", count=9, method="POST", path="/v1/invoices/*/void")
    assert office.post(f"/invoices/{original.id}/correct", {"confirmed": True}).status == 202
    assert (len(listed(office, "status=creating")), total_of(office, "status=creating&totals=true")) == (1, [])
    [waiting] = total_of(office, "totals=true")
    assert (len(listed(office)), waiting["invoices"], waiting["balance"]) == (2, 1, "75.00"), "owed once"
    world.double.clear_faults()
    world.advance(3601)
    world.resume()
    [counted] = total_of(office, "status=draft&totals=true")
    assert (counted["invoices"], counted["total"]) == (1, "75.00")


@pytest.mark.parametrize(
    "query",
    [
        "status=paid", "totals=true&customerId=cust_1", "totals=true&createdFrom=2027-01-01",
        "totals=true&status=open&dueTo=2027-02-01", "totals=true&number=A-1", "totals=true&stripeInvoiceId=in_1",
        "totals=true&updatedFrom=2027-01-01",
    ],
)  # fmt: skip
def test_totals_are_null_where_none_are_kept_or_asked_for(office: ApiClient, world: World, query: str) -> None:
    world.invoice("svc_1")
    assert total_of(office, query) is None


def test_an_invoice_has_its_customers_name_as_pom_has_it_now(office: ApiClient, world: World) -> None:
    office.put("/customers/cust_2", {"firstName": "Dana", "lastName": "Reyes", "email": "dana@example.test"})
    office.put("/customers/cust_3", {"email": "nobody@example.test"})
    named, nameless = (world.invoice(f"svc_{each}", customer_id=each).id for each in ("cust_2", "cust_3"))

    def names(api: ApiClient) -> dict[str, str | None]:
        return {each["id"]: each["customerName"] for each in api.get("/invoices").json["data"]}

    assert names(office) == {named: "Dana Reyes", nameless: None}
    office.put("/customers/cust_2", {"companyName": "Reyes Pools", "email": "dana@example.test"})
    assert names(office)[named] == "Reyes Pools"
    assert office.get(f"/invoices/{named}").json["customerName"] == "Reyes Pools"
    assert office.post(f"/invoices/{named}/refresh").json["customerName"] == "Reyes Pools"


def test_members_read_names_with_invoices_and_nothing_else_of_customers(office: ApiClient, world: World) -> None:
    made = world.invoice("svc_1")
    member = office.acting("member")
    name = world.ports.customers.get(made.organization_id, made.order.customer_id)
    assert name is not None
    assert [each["customerName"] for each in member.get("/invoices").json["data"]] == [name.profile.display_name]
    assert member.get("/customers").status == 403
    assert member.get(f"/customers/{made.order.customer_id}").status == 403


def test_a_company_is_called_by_its_name_and_a_person_by_both_names() -> None:
    assert Profile(first_name="Dana", last_name="Reyes").display_name == "Dana Reyes"
    assert Profile(first_name="Dana", company_name="Reyes Pools").display_name == "Reyes Pools"
    assert Profile().display_name is None


def test_the_groups_of_statuses_are_what_the_contract_says() -> None:
    assert STATUSES_OF == {
        StatusGroup.OPEN: (InvoiceStatus.PENDING, InvoiceStatus.FAILED),
        StatusGroup.UNPAID: (InvoiceStatus.PENDING, InvoiceStatus.FAILED, InvoiceStatus.UNCOLLECTIBLE),
        StatusGroup.SETTLED: (InvoiceStatus.PAID, InvoiceStatus.REFUNDED),
    }
