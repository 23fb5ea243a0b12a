"""What lists of customers ask of DynamoDB, and what a customer's save writes for them."""

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
    """A hundred customers of each of three accounts, a hundred that wait, a hundred pending. Every second is Ann."""
    for n in range(500):
        profile = ANN if n % 2 else Profile(first_name=f"Bob {n}", email=f"bob{n}@example.test")
        made = customer(f"{n:03}", profile=profile)
        if n % 5 < 3:
            made = linked_customer(made, f"cus_{n}", ACCOUNTS[n % 5])
        elif n % 5 == 3:
            made = made.not_synced(SyncStatus.WAITING_FOR_INVOICE, None)
        stores_on_tables.customers.save(made)
    return stores_on_tables


def pages(stores: Backend, wanted: CustomerFilter) -> tuple[int, list[list[str]]]:
    """Returns how many customers a list has, and the requests that each of its pages of 40 takes."""
    customers, counted, after = 0, [], None
    while True:
        with requests_to_dynamodb() as called:
            page = stores.customers.page(ORG, wanted, 40, after)
        customers, after = customers + len(page.items), page.end_cursor
        counted.append(called)
        if not page.has_next:
            return customers, counted


@pytest.mark.parametrize(
    ("wanted", "customers"),
    [
        (NAMED, 250),
        (ADDRESSED, 250),
        (of_status(SyncStatus.PENDING), 100),
        (of_status(SyncStatus.SYNCED), 100),
    ],
    ids=str,
)
def test_a_page_of_customers_is_one_query_of_keys_and_one_batch_read_whatever_the_filter(
    five_hundred_customers: Backend, wanted: CustomerFilter, customers: int
) -> None:
    found, requests = pages(five_hundred_customers, wanted)
    assert found == customers
    assert requests == [["Query", "BatchGetItem"]] * -(-customers // 40)


def test_a_page_of_all_customers_is_one_query(five_hundred_customers: Backend) -> None:
    assert pages(five_hundred_customers, CustomerFilter()) == (500, [["Query"]] * 13)


def test_a_filter_that_nobody_fits_is_one_query(five_hundred_customers: Backend) -> None:
    for wanted in (
        CustomerFilter(name="zoe"),
        CustomerFilter(email="zoe@example.test"),
        of_status(SyncStatus.FAILED),
    ):
        assert pages(five_hundred_customers, wanted) == (0, [["Query"]])


def test_customers_that_wait_for_an_invoice_take_a_second_query_only_where_the_list_passes_the_connected_account(
    five_hundred_customers: Backend,
) -> None:
    """Two hundred, those of an account before the connected one among them, and a hundred of an account behind it."""
    found, requests = pages(five_hundred_customers, of_status(SyncStatus.WAITING_FOR_INVOICE))
    assert found == 300
    # The fifth page ends with the last customer before the connected account, so the sixth begins there, too.
    assert [called.count("Query") for called in requests] == [1, 1, 1, 1, 2, 2, 1, 1]


def test_a_customer_that_has_left_a_list_is_not_shown_in_it_although_the_index_lags(
    stores_on_tables: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index still has a customer that was renamed, and one that has been removed."""
    stores_on_tables.customers.save(customer("ann"))
    stores_on_tables.customers.save(customer("renamed", profile=Profile(first_name="Bea")))
    names = ("cust_ann", "cust_removed", "cust_renamed")
    lagging = [CustomerItem(ORG, name, name_key=f"ann\t{name}") for name in names]
    monkeypatch.setattr(CustomerItem.by_name, "query", lambda *_, **__: iter(lagging))
    page = stores_on_tables.customers.page(ORG, NAMED, 10, None)
    assert [one.id for one in page.items] == ["cust_ann"]
    assert not page.has_next


def saved(stores: Backend, wanted: Customer) -> tuple[Customer, Request]:
    told: list[Request] = []
    with Meter(told.append).listening():
        stored = stores.customers.save(wanted)
    [request] = told
    return stored, request


def test_a_save_writes_the_indexes_of_the_lists_only_if_the_customer_moves_in_them(stores_on_tables: Backend) -> None:
    stored, first = saved(stores_on_tables, customer(profile=ANN))
    assert (first.writes, first.index_writes) == (1, 4), "its status, its address, its name, and that it is pending"
    stored, same = saved(stores_on_tables, replace(stored, edition=2, profile=replace(ANN, phone="602 555 0100")))
    assert (same.writes, same.index_writes) == (1, 0)
    stored, other_case = saved(stores_on_tables, replace(stored, profile=replace(ANN, email="Ann@Example.test")))
    assert (other_case.writes, other_case.index_writes) == (1, 0)
    stored, renamed = saved(stores_on_tables, replace(stored, profile=replace(ANN, last_name="Low")))
    assert (renamed.writes, renamed.index_writes) == (1, 2), "its former name goes, and the new one comes"
    stored, synced = saved(stores_on_tables, linked_customer(stored, "cus_1"))
    assert (synced.writes, synced.index_writes) == (1, 4), "two for its status, one each for its work and its link"


def test_a_customer_has_a_place_in_each_list_whose_filter_it_can_fit(stores_on_tables: Backend) -> None:
    """The name's key has a hundred letters at most, so that the longest name stays below DynamoDB's 1,024 bytes."""
    stores_on_tables.customers.save(customer(profile=Profile(first_name="\U0001f3ca" * 256, last_name="#" * 256)))
    [item] = list(CustomerItem.query(ORG))
    assert item.name_key == "\U0001f3ca" * 100 + "\tcust_1"
    assert (item.status_key, item.email_key) == ("pending#cust_1", None)
