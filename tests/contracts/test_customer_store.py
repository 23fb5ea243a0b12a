"""Contract of every store of customers."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Field, InStep, Profile
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.errors import DuplicateEvent, Refused, StaleWrite
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports.storage import StripeCustomerClaimed
from tests.backends import Backend
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ACCOUNT,
    OTHER_ORG,
    customer,
    linked_customer,
    marker,
)

fresh = count()


def test_a_saved_customer_is_read_back_within_its_organization_alone(backend: Backend) -> None:
    stored = backend.customers.save(customer())
    assert stored == replace(customer(), version=1)
    assert backend.customers.get(ORG, stored.id) == stored
    assert backend.customers.get(OTHER_ORG, stored.id) is None


def test_several_customers_are_read_at_once_within_their_organization_alone(backend: Backend) -> None:
    first, second, _ = (backend.customers.save(customer(name)) for name in ("1", "2", "3"))
    backend.customers.save(customer("4", organization_id=OTHER_ORG))
    requested_ids = [CustomerId(f"cust_{name}") for name in ("2", "1", "4", "2", "unknown")]
    assert backend.customers.several(ORG, requested_ids) == {first.id: first, second.id: second}
    assert backend.customers.several(ORG, []) == {}
    with pytest.raises(ValueError, match="101 keys"):
        backend.customers.several(ORG, [CustomerId(f"cust_{n}") for n in range(101)])


def test_an_existing_customer_is_not_inserted_again(backend: Backend) -> None:
    stored = backend.customers.save(customer())
    with pytest.raises(StaleWrite):
        backend.customers.save(customer(profile=Profile(first_name="Bob")))
    assert backend.customers.get(ORG, stored.id) == stored


def test_a_save_of_a_stale_version_is_refused(backend: Backend) -> None:
    first = backend.customers.save(customer())
    second = backend.customers.save(replace(first, edition=2))
    with pytest.raises(StaleWrite):
        backend.customers.save(replace(first, edition=3))
    assert backend.customers.get(ORG, first.id) == second


def test_an_event_is_applied_to_a_customer_once(backend: Backend) -> None:
    first = backend.customers.save(customer())
    second = backend.customers.apply(replace(first, stripe_as_of=NOW), marker())
    assert backend.customers.get(ORG, first.id) == second
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}
    with pytest.raises(DuplicateEvent):
        backend.customers.apply(second, marker())
    with pytest.raises(StaleWrite):
        backend.customers.apply(first, marker("evt_2"))
    assert backend.events.known(ACCOUNT, ["evt_2"]) == frozenset()


def test_a_customer_is_found_by_its_stripe_customer_on_its_account_only(backend: Backend) -> None:
    backend.customers.save(customer("0"))
    stored = backend.customers.save(linked_customer(customer("1"), "cus_1"))
    backend.customers.save(linked_customer(customer("2", organization_id=OTHER_ORG), "cus_1", OTHER_ACCOUNT))
    assert backend.customers.find_by_stripe_id(ACCOUNT, "cus_1") == stored
    assert backend.customers.find_by_stripe_id(ACCOUNT, "cus_2") is None


def test_an_unlinked_customer_is_not_found_by_its_former_stripe_id(backend: Backend) -> None:
    stored = backend.customers.save(linked_customer(customer(), "cus_1"))
    backend.customers.save(stored.unlinked())
    assert backend.customers.find_by_stripe_id(ACCOUNT, "cus_1") is None


def test_pending_customers_are_listed_oldest_first(backend: Backend) -> None:
    for name, updated_at in (("a", NOW), ("b", NOW - 20), ("c", NOW - 1)):
        backend.customers.save(customer(name, updated_at=updated_at))
    backend.customers.save(customer("d", updated_at=NOW - 30, sync_status=SyncStatus.FAILED))
    backend.customers.save(customer("e", updated_at=NOW - 10, organization_id=OTHER_ORG))
    pending = [(ORG, CustomerId("cust_b")), (OTHER_ORG, CustomerId("cust_e")), (ORG, CustomerId("cust_c"))]
    assert list(backend.customers.pending(NOW, 10)) == pending
    assert list(backend.customers.pending(NOW, 1)) == pending[:1]


def test_a_synced_customer_is_no_longer_pending(backend: Backend) -> None:
    stored = backend.customers.save(customer())
    backend.customers.save(linked_customer(stored, "cus_1"))
    assert list(backend.customers.pending(NOW + 1, 10)) == []


def test_customers_without_an_address_are_found_within_their_organization(backend: Backend) -> None:
    ann = Profile(first_name="Ann", email="ann@example.test")
    for name in ("2", "1", "3"):
        backend.customers.save(customer(name))
    backend.customers.save(customer("4", profile=ann))
    backend.customers.save(customer("5", organization_id=OTHER_ORG))
    assert backend.customers.without_email(ORG, 10) == ["cust_1", "cust_2", "cust_3"]
    assert backend.customers.without_email(ORG, 2) == ["cust_1", "cust_2"]
    stored_customer = backend.customers.get(ORG, CustomerId("cust_2"))
    assert stored_customer is not None
    backend.customers.save(replace(stored_customer, profile=ann))
    assert backend.customers.without_email(ORG, 10) == ["cust_1", "cust_3"]


def test_a_cursor_of_another_organization_is_refused(backend: Backend) -> None:
    for organization_id in (ORG, OTHER_ORG):
        for name in "ab":
            backend.customers.save(customer(name, organization_id=organization_id))
    foreign = backend.customers.page(OTHER_ORG, CustomerFilter(), 1, None).end_cursor
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.customers.page(ORG, CustomerFilter(), 1, foreign)


def claiming(name: str, stripe_customer_id: str = "cus_1", **changes: Any) -> Customer:
    return customer(name, **changes).linking(ACCOUNT, stripe_customer_id)


def test_the_last_agreed_profile_and_the_history_are_read_back(backend: Backend) -> None:
    met = {Field.NAME: InStep("Ann Lee", "Ann  Lee"), Field.ZIP_CODE: InStep(None, "85001")}
    customer_with_history = (
        customer().linking(ACCOUNT, "cus_1").synced(ACCOUNT, CustomerFact("cus_1", NOW, None), 1, NOW, met)
    )
    customer_with_history = customer_with_history.telling(
        CustomerEvent.KEPT, Source.WEBHOOK, NOW, (Field.NAME, Field.STREET2), "cus_1"
    )
    stored = backend.customers.save(replace(customer_with_history, candidates=("cus_1", "cus_2")))
    assert backend.customers.get(ORG, stored.id) == stored
    assert stored.last_in_step == met


def test_a_stripe_customer_is_claimed_by_one_customer(backend: Backend) -> None:
    ann = backend.customers.save(claiming("1"))
    bob = backend.customers.save(customer("2"))
    with pytest.raises(StripeCustomerClaimed):
        backend.customers.save(bob.linking(ACCOUNT, "cus_1"))
    assert backend.customers.get(ORG, bob.id) == bob
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == ann.id
    assert backend.customers.save(replace(ann, edition=2)).claim == ann.claim


def test_a_link_to_another_stripe_customer_and_an_unlinking_event_release_the_claim(backend: Backend) -> None:
    ann = backend.customers.save(claiming("1"))
    ann = backend.customers.save(ann.linking(ACCOUNT, "cus_2"))
    bob = backend.customers.save(claiming("2"))
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == bob.id
    backend.customers.apply(ann.unlinked(), marker())
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_2") is None
    backend.customers.save(claiming("3", "cus_2"))


def test_a_save_of_a_stale_version_changes_no_claim(backend: Backend) -> None:
    ann = backend.customers.save(claiming("1"))
    backend.customers.save(replace(ann, edition=2))
    with pytest.raises(StaleWrite):
        backend.customers.save(ann.linking(ACCOUNT, "cus_2"))
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == ann.id
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_2") is None


def test_an_event_that_was_already_processed_releases_no_claim(backend: Backend) -> None:
    ann = backend.customers.save(claiming("1"))
    backend.customers.apply(replace(customer("2"), version=0), marker())
    with pytest.raises(DuplicateEvent):
        backend.customers.apply(ann.unlinked(), marker())
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == ann.id


def test_claims_of_different_organizations_and_accounts_are_separate(backend: Backend) -> None:
    backend.customers.save(claiming("1"))
    backend.customers.save(claiming("2", organization_id=OTHER_ORG))
    backend.customers.save(customer("3").linking(OTHER_ACCOUNT, "cus_1"))
    assert backend.customers.holder_of(OTHER_ORG, ACCOUNT, "cus_1") == "cust_2"
    assert backend.customers.holder_of(ORG, OTHER_ACCOUNT, "cus_1") == "cust_3"


def test_a_customer_linked_by_a_release_without_claims_holds_its_stripe_customer(backend: Backend) -> None:
    old = backend.customers.save(linked_customer(customer(), "cus_1"))
    assert old.claim is None
    assert backend.customers.holder_of(ORG, ACCOUNT, "cus_1") == old.id
    assert backend.customers.holder_of(OTHER_ORG, ACCOUNT, "cus_1") is None
    backend.customers.save(linked_customer(customer("2"), "cus_1"))  # as it was possible then


def test_customers_still_to_be_searched_for_in_stripe_are_listed_within_their_organization(backend: Backend) -> None:
    for name, updated_at in (("a", NOW - 1), ("b", NOW - 20), ("c", NOW)):
        to_search = linked_customer(customer(name, updated_at=updated_at, search_spellings=True), f"cus_{name}")
        backend.customers.save(to_search)
    backend.customers.save(linked_customer(customer("d", updated_at=NOW - 30), "cus_d"))
    backend.customers.save(customer("e", updated_at=NOW - 30, search_spellings=True))  # pending
    backend.customers.save(linked_customer(customer("f", search_spellings=True, organization_id=OTHER_ORG), "cus_f"))
    assert backend.customers.to_search(ORG, NOW, 10) == ["cust_b", "cust_a"]
    assert backend.customers.to_search(ORG, NOW, 1) == ["cust_b"]
    assert list(backend.customers.pending(NOW, 10)) == [(ORG, "cust_e")]


def test_customers_edited_while_their_account_was_not_connected_are_listed_by_account(backend: Backend) -> None:
    for name, updated_at in (("a", NOW - 10), ("b", NOW - 20)):
        edited = linked_customer(customer(name, updated_at=updated_at), f"cus_{name}")
        backend.customers.save(
            edited.edited(edited.profile, None, updated_at).not_synced(SyncStatus.NOT_CONNECTED, None)
        )
    backend.customers.save(
        linked_customer(customer("c"), "cus_c").not_synced(SyncStatus.NOT_CONNECTED, None)
    )  # in step
    backend.customers.save(customer("d").not_synced(SyncStatus.NOT_CONNECTED, None))  # of no account
    assert list(backend.customers.waiting_for(ORG, ACCOUNT, 10)) == ["cust_b", "cust_a"]
    assert list(backend.customers.waiting_for(ORG, ACCOUNT, 1)) == ["cust_b"]
    assert list(backend.customers.waiting_for(ORG, OTHER_ACCOUNT, 10)) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4), max_size=9),
    first=st.integers(1, 5),
)
def test_pages_hold_every_customer_once_whatever_their_ids(backend: Backend, names: set[str], first: int) -> None:
    organization_id = OrganizationId(f"org-{next(fresh)}")
    for name in names:
        backend.customers.save(customer(name, id=CustomerId(name), organization_id=organization_id))
    listed_ids: list[str] = []
    after = None
    while True:
        page = backend.customers.page(organization_id, CustomerFilter(), first, after)
        listed_ids += [each.id for each in page.items]
        assert len(page.items) == first or not page.has_next
        if not page.has_next:
            break
        after = page.end_cursor
    assert listed_ids == sorted(names)
