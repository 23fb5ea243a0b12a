"""Lists of customers are complete, ordered, filtered by the values that are displayed, and separate by
organization.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.customer_link import ChoiceNeeded
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from tests.backends import Backend
from tests.contracts import pages
from tests.contracts.examples import ACCOUNT, ORG, OTHER_ACCOUNT, OTHER_ORG, customer, linked_customer

LATEST_ACCOUNT = StripeAccountId("acct_3")
fresh = count()


def all_customers(
    backend: Backend, customer_filter: CustomerFilter, first: int = 2, organization_id: OrganizationId = ORG
) -> list[Customer]:
    return pages.all_items(
        lambda after: backend.customers.page(organization_id, customer_filter, first, after), first
    )


def ids(customers: list[Customer]) -> list[str]:
    return [each.id.removeprefix("cust_") for each in customers]


def save_all(backend: Backend, *customers: Customer) -> None:
    for each in customers:
        backend.customers.save(each)


def customer_named(name: str, display_name: str | None, **changes: str) -> Customer:
    return customer(name, profile=Profile(company_name=display_name, **changes))


def with_email(name: str, email: str | None) -> Customer:
    return customer(name, profile=Profile(email=email))


def to_choose(name: str, account_id: StripeAccountId) -> Customer:
    return customer(name).needing_choice(ChoiceNeeded(("cus_1", "cus_2"), account_id))


def in_status(name: str, status: SyncStatus) -> Customer:
    return customer(name).not_synced(status, None)


def by_status(status: SyncStatus, account_id: StripeAccountId | None = ACCOUNT) -> CustomerFilter:
    return CustomerFilter(sync_status=status, account_id=account_id)


EVERYBODY = (
    linked_customer(customer("1"), "cus_1"),
    linked_customer(customer("2"), "cus_2", OTHER_ACCOUNT),
    to_choose("3", ACCOUNT),
    to_choose("4", OTHER_ACCOUNT),
    linked_customer(customer("5"), "cus_5", LATEST_ACCOUNT),
    in_status("6", SyncStatus.WAITING_FOR_INVOICE),
    in_status("7", SyncStatus.FAILED),
    in_status("8", SyncStatus.NOT_CONNECTED),
    linked_customer(customer("9"), "cus_9").unlinked(),
    customer("a"),
    replace(linked_customer(customer("b"), "cus_b", OTHER_ACCOUNT), sync_status=SyncStatus.PENDING),
)
"""Customers in every status. Some are linked on an account that was connected before, or will be connected later."""


@pytest.mark.parametrize(
    ("account_id", "expected"),
    [
        (ACCOUNT, {"synced": "1", "needs_choice": "3", "waiting_for_invoice": "6245"}),
        (OTHER_ACCOUNT, {"synced": "2", "needs_choice": "4", "waiting_for_invoice": "6135"}),
        (LATEST_ACCOUNT, {"synced": "5", "needs_choice": "", "waiting_for_invoice": "61234"}),
    ],
)
def test_the_filter_by_status_lists_the_customers_shown_with_that_status_on_the_connected_account(
    backend: Backend, account_id: StripeAccountId, expected: dict[str, str]
) -> None:
    save_all(backend, *EVERYBODY)
    everywhere = {"failed": "7", "not_connected": "8", "deleted_in_stripe": "9", "pending": "ab"}
    listed = {status: all_customers(backend, by_status(status, account_id)) for status in SyncStatus}
    assert {status.value: sorted(ids(customers)) for status, customers in listed.items()} == {
        status: sorted(names) for status, names in {**expected, **everywhere}.items()
    }
    for status, customers in listed.items():
        assert {each.on_account(account_id).sync_status for each in customers} <= {status}
    assert ids(listed[SyncStatus.WAITING_FOR_INVOICE])[0] == "6", "customers of other accounts are listed last"


def test_an_organization_that_was_never_connected_has_its_customers_by_status(backend: Backend) -> None:
    save_all(backend, in_status("1", SyncStatus.NOT_CONNECTED), in_status("2", SyncStatus.WAITING_FOR_INVOICE))
    assert ids(all_customers(backend, by_status(SyncStatus.NOT_CONNECTED, None))) == ["1"]
    assert ids(all_customers(backend, by_status(SyncStatus.WAITING_FOR_INVOICE, None))) == ["2"]
    assert all_customers(backend, by_status(SyncStatus.SYNCED, None)) == []


def test_a_customer_moves_to_the_list_of_its_new_status(backend: Backend) -> None:
    stored = backend.customers.save(customer())
    backend.customers.save(linked_customer(stored, "cus_1"))
    assert all_customers(backend, by_status(SyncStatus.PENDING)) == []
    assert ids(all_customers(backend, by_status(SyncStatus.SYNCED))) == ["1"]


@pytest.mark.parametrize("typed", ["acme", "Acme", "ACMÉ", "  acme ", "a", "\uff21\uff43\uff4d\uff45", "ac\u200bme"])
def test_a_name_is_found_by_its_beginning_in_any_case_with_or_without_accents(backend: Backend, typed: str) -> None:
    display_names = ("acme", "Acme Pools", "ACMÉ", "A\u0301cme\u0301", "Macme", None)
    save_all(backend, *(customer_named(str(n), name) for n, name in enumerate(display_names)))
    assert ids(all_customers(backend, CustomerFilter(name=typed))) == ["0", "2", "3", "1"]


@pytest.mark.parametrize("typed", ["\u0301", " \u0308 ", "\u00a8", "\u00b8", "\u200b"])
def test_no_name_begins_with_a_lone_accent(backend: Backend, typed: str) -> None:
    save_all(backend, customer_named("1", "Acme"), customer_named("2", "\u00a8"), customer_named("3", None))
    assert all_customers(backend, CustomerFilter(name=typed)) == []


def test_customers_by_name_come_in_the_order_of_the_names_that_are_shown(backend: Backend) -> None:
    save_all(
        backend,
        customer("1", profile=Profile(first_name="Ann", last_name="Lee")),
        customer("2", profile=Profile(first_name="ann")),
        customer("3", profile=Profile(first_name="Zoe", last_name="Ash", company_name="Anchor")),
        customer("4", profile=Profile(last_name="Anders")),
        customer("5", profile=Profile(first_name="Ann")),
    )
    assert ids(all_customers(backend, CustomerFilter(name="an"))) == ["3", "4", "2", "5", "1"]
    assert ids(all_customers(backend, CustomerFilter(name="ann l"))) == ["1"]
    assert all_customers(backend, CustomerFilter(name="zoe")) == [], "the name of the company is shown"
    assert all_customers(backend, CustomerFilter(name="lee")) == [], "no name begins with it"


def test_an_apostrophe_is_found_however_it_is_typed(backend: Backend) -> None:
    save_all(backend, customer_named("1", "O\u2019Brien"), customer_named("2", "O'Brian"))
    assert ids(all_customers(backend, CustomerFilter(name="o'br"))) == ["2", "1"]
    assert ids(all_customers(backend, CustomerFilter(name="O\u2019Br"))) == ["2", "1"]


def test_separators_of_keys_are_ordinary_characters_in_a_name_or_an_address(backend: Backend) -> None:
    save_all(backend, customer_named("1", "A#1 Pools"), customer_named("2", "A%231 Pools"), customer_named("3", "A"))
    assert ids(all_customers(backend, CustomerFilter(name="a#"))) == ["1"]
    assert ids(all_customers(backend, CustomerFilter(name="a%"))) == ["2"]
    save_all(backend, with_email("4", "a#b@example.test"), with_email("5", "a%23b@example.test"))
    assert ids(all_customers(backend, CustomerFilter(email="a#b@example.test"))) == ["4"]


def test_names_that_differ_only_after_the_hundredth_letter_are_different_names(backend: Backend) -> None:
    save_all(
        backend,
        customer_named("1", "x" * 150 + "a"),
        customer_named("2", "x" * 150 + "b"),
        customer_named("3", "x" * 100),
    )
    assert ids(all_customers(backend, CustomerFilter(name="x" * 150 + "B"))) == ["2"]
    assert ids(all_customers(backend, CustomerFilter(name="x" * 101))) == ["1", "2"]


@pytest.mark.parametrize("name", ["\U0001f3ca" * 256, "#" * 256, "\ufdfa" * 256])
def test_the_longest_name_is_stored_and_found(backend: Backend, name: str) -> None:
    save_all(backend, customer(id=CustomerId("c" * 128), profile=Profile(first_name=name, last_name=name)))
    assert len(all_customers(backend, CustomerFilter(name=name))) == 1


def test_an_address_is_found_as_a_whole_in_any_case_and_may_be_several_customers(backend: Backend) -> None:
    save_all(
        backend,
        with_email("1", "Ann@Example.test"),
        with_email("2", "ann@example.test"),
        with_email("3", "ann@example.test.test"),
        with_email("4", "joann@example.test"),
        with_email("5", None),
        with_email("6", "ann@example.test"),
    )
    assert ids(all_customers(backend, CustomerFilter(email="ANN@example.TEST"))) == ["1", "2", "6"]
    assert all_customers(backend, CustomerFilter(email="ann@example")) == []


def test_a_changed_name_or_address_is_found_and_the_previous_one_is_not(backend: Backend) -> None:
    stored = backend.customers.save(customer(profile=Profile(first_name="Ann", email="ann@example.test")))
    backend.customers.save(replace(stored, profile=Profile(first_name="Bob", email=None)))
    assert (
        all_customers(backend, CustomerFilter(name="ann"))
        == all_customers(backend, CustomerFilter(email="ann@example.test"))
        == []
    )
    assert ids(all_customers(backend, CustomerFilter(name="bob"))) == ["1"]


FILTERS = (
    CustomerFilter(),
    CustomerFilter(name="ann"),
    CustomerFilter(email="ann@example.test"),
    by_status(SyncStatus.PENDING),
    by_status(SyncStatus.SYNCED),
    by_status(SyncStatus.WAITING_FOR_INVOICE),
)


def several(organization_id: OrganizationId) -> list[Customer]:
    """Returns three customers for each of the filters above."""
    ann = Profile(first_name="Ann", email="ann@example.test")
    customers = [customer(str(n), organization_id=organization_id, profile=ann) for n in range(9)]
    return [
        *customers[:3],
        *(linked_customer(each, f"cus_{each.id}") for each in customers[3:6]),
        *(linked_customer(each, f"cus_{each.id}", OTHER_ACCOUNT) for each in customers[6:]),
    ]


@pytest.mark.parametrize("customer_filter", FILTERS, ids=str)
def test_no_filter_lists_customers_of_another_organization(backend: Backend, customer_filter: CustomerFilter) -> None:
    save_all(backend, *several(OTHER_ORG))
    assert all_customers(backend, customer_filter) == []
    assert len(all_customers(backend, customer_filter, organization_id=OTHER_ORG)) >= 3


@pytest.mark.parametrize("customer_filter", FILTERS, ids=str)
def test_a_cursor_works_for_its_own_list_only(backend: Backend, customer_filter: CustomerFilter) -> None:
    save_all(backend, *several(ORG), *several(OTHER_ORG))
    cursor = backend.customers.page(ORG, customer_filter, 1, None).end_cursor
    assert backend.customers.page(ORG, customer_filter, 1, cursor).items
    for other_filter in FILTERS:
        if other_filter != customer_filter:
            with pytest.raises(Refused, match="cursor_invalid"):
                backend.customers.page(ORG, other_filter, 1, cursor)
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.customers.page(OTHER_ORG, customer_filter, 1, cursor)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text("aAbé #%~", min_size=1, max_size=3), max_size=9),
    beginning=st.text("aAbé #%~", min_size=1, max_size=2),
    first=st.integers(1, 4),
)
def test_pages_by_name_hold_every_customer_once_whatever_the_names(
    backend: Backend, names: list[str], beginning: str, first: int
) -> None:
    organization_id = OrganizationId(f"org-by-name-{next(fresh)}")
    customers = [customer_named(str(n), name) for n, name in enumerate(names)]
    save_all(backend, *(replace(each, organization_id=organization_id) for each in customers))
    customer_filter = CustomerFilter(name=beginning)
    found_ids = ids(all_customers(backend, customer_filter, first, organization_id))
    assert sorted(found_ids) == sorted(
        each.id.removeprefix("cust_") for each in customers if customer_filter.fits(each)
    )
