"""The DynamoDB requests of customer lists, and the index entries that a save of a customer writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.models import CustomerItem
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.identifiers import StripeAccountId
from tests.backends import Backend, requests_to_dynamodb
from tests.bench.units import Meter, Request
from tests.contracts.examples import ACCOUNT, ORG, OTHER_ACCOUNT, customer, linked_customer

ACCOUNTS = (ACCOUNT, OTHER_ACCOUNT, StripeAccountId("acct_3"))
ANN = Profile(first_name="Ann", last_name="Lee", email="ann@example.test")
NAMED, ADDRESSED = CustomerFilter(name="ann"), CustomerFilter(email="ann@example.test")


def of_status(status: SyncStatus) -> CustomerFilter:
    return CustomerFilter(sync_status=status, account_id=OTHER_ACCOUNT)


@pytest.fixture
def five_hundred_customers(stores_on_tables: Backend) -> Backend:
    """Stores a hundred customers of each of three accounts, a hundred waiting and a hundred pending; every second is
    Ann.
    """
    for n in range(500):
        profile = ANN if n % 2 else Profile(first_name=f"Bob {n}", email=f"bob{n}@example.test")
        stored_customer = customer(f"{n:03}", profile=profile)
        if n % 5 < 3:
            stored_customer = linked_customer(stored_customer, f"cus_{n}", ACCOUNTS[n % 5])
        elif n % 5 == 3:
            stored_customer = stored_customer.not_synced(SyncStatus.WAITING_FOR_INVOICE, None)
        stores_on_tables.customers.save(stored_customer)
    return stores_on_tables


def count_and_requests(stores: Backend, customer_filter: CustomerFilter) -> tuple[int, list[list[str]]]:
    """Returns the number of customers in a list, and the requests of each of its pages of 40."""
    customers, requests_by_page, after = 0, [], None
    while True:
        with requests_to_dynamodb() as requests:
            page = stores.customers.page(ORG, customer_filter, 40, after)
        customers, after = customers + len(page.items), page.end_cursor
        requests_by_page.append(requests)
        if not page.has_next:
            return customers, requests_by_page


@pytest.mark.parametrize(
    ("customer_filter", "customers"),
    [
        (NAMED, 250),
        (ADDRESSED, 250),
        (of_status(SyncStatus.PENDING), 100),
        (of_status(SyncStatus.SYNCED), 100),
    ],
    ids=str,
)
def test_a_page_of_customers_with_any_filter_is_one_query_of_keys_and_one_batch_read(
    five_hundred_customers: Backend, customer_filter: CustomerFilter, customers: int
) -> None:
    customer_count, requests = count_and_requests(five_hundred_customers, customer_filter)
    assert customer_count == customers
    assert requests == [["Query", "BatchGetItem"]] * -(-customers // 40)


def test_a_page_of_all_customers_is_one_query(five_hundred_customers: Backend) -> None:
    assert count_and_requests(five_hundred_customers, CustomerFilter()) == (500, [["Query"]] * 13)


def test_a_filter_without_matches_is_one_query(five_hundred_customers: Backend) -> None:
    for customer_filter in (
        CustomerFilter(name="zoe"),
        CustomerFilter(email="zoe@example.test"),
        of_status(SyncStatus.FAILED),
    ):
        assert count_and_requests(five_hundred_customers, customer_filter) == (0, [["Query"]])


def test_customers_waiting_for_an_invoice_take_a_second_query_only_around_the_connected_account(
    five_hundred_customers: Backend,
) -> None:
    """The list has 200 customers of earlier accounts and 100 of a later one, around the connected account."""
    customer_count, requests = count_and_requests(five_hundred_customers, of_status(SyncStatus.WAITING_FOR_INVOICE))
    assert customer_count == 300
    # The fifth page ends with the last customer before the connected account, so the sixth page queries from there,
    # too.
    assert [page_requests.count("Query") for page_requests in requests] == [1, 1, 1, 1, 2, 2, 1, 1]


def test_a_customer_that_left_a_list_is_not_returned_although_the_index_lags(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still has a customer that was renamed, and one that was removed."""
    stores_on_tables.customers.save(customer("ann"))
    stores_on_tables.customers.save(customer("renamed", profile=Profile(first_name="Bea")))
    names = ("cust_ann", "cust_removed", "cust_renamed")
    lagging = [CustomerItem(ORG, name, name_key=f"ann\t{name}") for name in names]
    monkeypatch.setattr(CustomerItem.by_name, "query", lambda *_, **__: iter(lagging))
    page = stores_on_tables.customers.page(ORG, NAMED, 10, None)
    assert [item.id for item in page.items] == ["cust_ann"]
    assert not page.has_next


def save_and_writes(stores: Backend, customer: Customer) -> tuple[Customer, Request]:
    requests: list[Request] = []
    with Meter(requests.append).listening():
        stored_customer = stores.customers.save(customer)
    [request] = requests
    return stored_customer, request


def test_a_save_writes_list_indexes_only_if_the_customers_position_changes(stores_on_tables: Backend) -> None:
    stored_customer, first = save_and_writes(stores_on_tables, customer(profile=ANN))
    assert (first.writes, first.index_writes) == (1, 4), (
        "entries for the status, the email, the name and the pending work"
    )
    stored_customer, unchanged_writes = save_and_writes(
        stores_on_tables, replace(stored_customer, edition=2, profile=replace(ANN, phone="602 555 0100"))
    )
    assert (unchanged_writes.writes, unchanged_writes.index_writes) == (1, 0)
    stored_customer, other_case = save_and_writes(
        stores_on_tables, replace(stored_customer, profile=replace(ANN, email="Ann@Example.test"))
    )
    assert (other_case.writes, other_case.index_writes) == (1, 0)
    stored_customer, renaming_writes = save_and_writes(
        stores_on_tables, replace(stored_customer, profile=replace(ANN, last_name="Low"))
    )
    assert (renaming_writes.writes, renaming_writes.index_writes) == (1, 2), (
        "the former name's entry is removed and the new name's is added"
    )
    stored_customer, linking_writes = save_and_writes(stores_on_tables, linked_customer(stored_customer, "cus_1"))
    assert (linking_writes.writes, linking_writes.index_writes) == (1, 4), (
        "two entries for the status, one for the work and one for the link"
    )


def test_a_customer_has_a_position_in_each_list_whose_filter_it_matches(stores_on_tables: Backend) -> None:
    """The name's key has a hundred letters at most, so that the longest name stays below DynamoDB's 1,024 bytes."""
    stores_on_tables.customers.save(customer(profile=Profile(first_name="\U0001f3ca" * 256, last_name="#" * 256)))
    [item] = list(CustomerItem.query(ORG))
    assert item.name_key == "\U0001f3ca" * 100 + "\tcust_1"
    assert (item.status_key, item.email_key) == ("pending#cust_1", None)
