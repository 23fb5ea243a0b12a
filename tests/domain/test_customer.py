"""A customer's e-mail address, name and editions, and its link to Stripe."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Profile, normalized_email, same_address
from chalicelib.domain.errors import Refused
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId

ACCOUNT = StripeAccountId("acct_1")
CUSTOMER = Customer(
    OrganizationId("org"),
    CustomerId("cust_1"),
    Profile(email="ann@example.test"),
    edition=1,
    created_at=1,
    updated_at=1,
)


@pytest.mark.parametrize(
    ("given_as", "kept_as"),
    [
        ("ann@example.test", "ann@example.test"),
        ("  Ann.LEE+pool@Example.TEST ", "Ann.LEE+pool@Example.TEST"),
        ("o'brien@pool-care.co.uk", "o'brien@pool-care.co.uk"),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_an_address_is_stored_as_typed_without_surrounding_blanks(given_as: str | None, kept_as: str | None) -> None:
    assert normalized_email(given_as) == kept_as


@pytest.mark.parametrize(
    "bad",
    [
        "ann",
        "ann@",
        "@example.test",
        "ann@example",
        "ann@@example.test",
        "ann lee@example.test",
        "ann@exam ple.test",
        "ann@-example.test",
        "ann@example..test",
        "ann..lee@example.test",
        "ann@example.test,bob@example.test",
        "Ann <ann@example.test>",
        "a" * 65 + "@example.test",
        "ann@" + "a" * 600 + ".test",
        "ann@example.t",
        "ann@\u212aelvin.test",
        "ann@b\u00fccher.test",
        "ann@example.test\nBcc: x@y.zz",
    ],
)
def test_an_invalid_address_is_refused(bad: str) -> None:
    with pytest.raises(Refused) as refusal:
        normalized_email(bad)
    assert (refusal.value.code, refusal.value.field) == ("email_invalid", "email")
    assert bad not in str(refusal.value)


def test_an_address_with_ss_differs_from_one_with_a_sharp_s() -> None:
    assert not same_address("strasse@example.test", "stra\u00dfe@example.test")
    assert same_address("Stra\u00dfe@Example.test", "stra\u00dfe@example.test")


@given(st.text(max_size=80))
def test_normalizing_a_normalized_address_changes_nothing(text: str) -> None:
    try:
        once = normalized_email(text)
    except Refused:
        return
    assert normalized_email(once) == once


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (Profile(first_name="Ann", last_name="Lee"), "Ann Lee"),
        (Profile(last_name="Lee"), "Lee"),
        (Profile(first_name="Ann", company_name="Lee Hotels"), "Lee Hotels"),
        (Profile(), None),
        (Profile(first_name="Ann", last_name="Lee", company_name=" "), "Ann Lee"),
        (Profile(first_name="\u00a0", last_name="Lee"), "Lee"),
        (Profile(first_name=" "), None),
    ],
)
def test_a_customer_is_called_by_the_company_or_the_person(profile: Profile, name: str | None) -> None:
    assert profile.display_name == name


def test_an_edit_made_while_the_previous_one_was_synced_is_still_pending() -> None:
    edited = CUSTOMER.edited(Profile(email="new@example.test"), None, 2)
    late = edited.synced(ACCOUNT, CustomerFact("cus_1", 3, "ann@example.test"), edition=1, now=3)
    assert late.sync_status is SyncStatus.PENDING
    assert not late.in_step_with(ACCOUNT)
    assert late.linked_to(ACCOUNT) == "cus_1"


def test_a_link_is_valid_on_its_own_account_only() -> None:
    synced = CUSTOMER.synced(ACCOUNT, CustomerFact("cus_1", 3, None), edition=1, now=3)
    assert synced.in_step_with(ACCOUNT)
    assert synced.linked_to(StripeAccountId("acct_2")) is None
    assert not synced.in_step_with(StripeAccountId("acct_2"))


def test_a_customer_deleted_in_stripe_is_recreated_with_a_new_idempotency_key() -> None:
    deleted_in_stripe = CUSTOMER.synced(ACCOUNT, CustomerFact("cus_1", 3, None), edition=1, now=3).unlinked()
    assert deleted_in_stripe.link is None
    assert deleted_in_stripe.sync_status is SyncStatus.DELETED_IN_STRIPE
    assert deleted_in_stripe.key_generation == CUSTOMER.key_generation + 1
    assert replace(deleted_in_stripe, link=None) == deleted_in_stripe
