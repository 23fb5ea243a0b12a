"""Each field of a customer is merged separately between POM and Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.customer_fields import (
    ADDRESS,
    MAX_NAME,
    Address,
    Field,
    InStep,
    Profile,
    Values,
    as_sent_to_stripe,
    same_value,
    split_name,
)
from chalicelib.domain.customer_merge import in_step_as_sent, merge_fields

NOTHING: Values = dict.fromkeys(Field)
ANN = Profile("Ann", "Lee", None, "ann@example.test", "1", Address("1 Elm St", None, "Phoenix", "AZ", "85001", "US"))


def stripe_values(**changes: str | None) -> Values:
    """Returns Stripe's values if it has everything that POM sent, except for `changes`."""
    changed_values = {Field(name): value for name, value in changes.items()}
    return {**{field: as_sent_to_stripe(field, value) for field, value in ANN.values.items()}, **changed_values}


TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "Ann Lee", "  ", "x" * 300, "Ann\x00 de la Cruz"]))
EMAILS = st.one_of(st.none(), st.sampled_from(["a@example.test", "A@example.test", "b@example.test", "no address"]))
PROFILES = st.builds(
    Profile,
    first_name=st.sampled_from([None, "Ann", "Ann Marie"]),
    last_name=st.sampled_from([None, "Lee", "de la Cruz"]),
    company_name=st.sampled_from([None, None, "Lee Hotels"]),
    email=st.sampled_from([None, "a@example.test", "A@example.test", "b@example.test"]),
    phone=st.sampled_from([None, "a", "b"]),
    address=st.builds(Address, *[st.sampled_from([None, "a", "b"])] * 6),
)
STRIPES = st.fixed_dictionaries({field: EMAILS if field is Field.EMAIL else TEXTS for field in Field}).map(
    lambda values: {field: value or None for field, value in values.items()}
)
BEFORE = st.builds(
    lambda profile, stripes: {field: InStep(profile.values[field], stripes[field]) for field in Field},
    PROFILES,
    STRIPES,
)


@given(PROFILES, STRIPES)
def test_a_first_link_clears_no_field_on_either_side(profile: Profile, stripes: Values) -> None:
    merged = merge_fields(profile, stripes, {})
    for field in Field:
        if profile.values[field] is not None:
            assert merged.profile.values[field] == profile.values[field]
        if stripes[field] is not None and field in merged.to_stripe:
            assert merged.to_stripe[field] is not None


@given(PROFILES, STRIPES, BEFORE)
def test_a_second_comparison_finds_no_difference(
    profile: Profile, stripes: Values, before: Mapping[Field, InStep]
) -> None:
    merged = merge_fields(profile, stripes, before)
    has = {**stripes, **merged.to_stripe}
    after_update = merged.after_update(has)
    again = merge_fields(after_update.profile, has, after_update.in_step)
    assert (again.profile, again.to_stripe, again.in_step) == (after_update.profile, {}, after_update.in_step)
    assert (again.taken_over, again.overwritten_in_stripe, again.not_taken_over) == ((), (), ())


@given(PROFILES, STRIPES, BEFORE)
def test_a_field_changed_on_one_side_reaches_the_other(
    profile: Profile, stripes: Values, before: Mapping[Field, InStep]
) -> None:
    merged = merge_fields(profile, stripes, before)
    for field in Field:
        mine, was = profile.values[field], before[field]
        by_pom, by_stripe = not same_value(field, mine, was.pom), not same_value(field, stripes[field], was.stripe)
        agreed = same_value(field, as_sent_to_stripe(field, mine), stripes[field])
        if by_pom and not agreed:
            assert merged.to_stripe[field] == as_sent_to_stripe(field, mine)
            assert merged.profile.values[field] == mine
            assert (field in merged.overwritten_in_stripe) is by_stripe
        elif by_stripe and not agreed:
            assert (field in merged.taken_over) is not (field in merged.not_taken_over)
        elif not agreed:
            assert merged.profile.values[field] == mine, "a value that Stripe normalized is no edit"


@given(PROFILES, STRIPES, BEFORE)
def test_an_address_is_sent_to_stripe_whole_or_not_at_all(
    profile: Profile, stripes: Values, before: Mapping[Field, InStep]
) -> None:
    sent = [part in merge_fields(profile, stripes, before).to_stripe for part in ADDRESS]
    assert all(sent) or not any(sent)


@given(PROFILES)
def test_nothing_is_sent_if_stripe_already_has_the_values(profile: Profile) -> None:
    has = {field: as_sent_to_stripe(field, value) for field, value in profile.values.items()}
    assert merge_fields(profile, has, in_step_as_sent(profile)).to_stripe == {}


def test_a_field_removed_in_pom_is_cleared_and_a_field_only_stripe_has_is_not() -> None:
    before = {**in_step_as_sent(ANN), Field.STREET2: InStep(None, "Gate code in Stripe only" * 20)}
    stripes = stripe_values(street2="Gate code in Stripe only" * 20)
    merged = merge_fields(replace(ANN, phone=None), stripes, before)
    assert merged.to_stripe == {Field.PHONE: None}


def test_an_address_part_that_pom_cannot_store_survives_an_edit_of_another_part() -> None:
    long = "x" * 300
    before = {**in_step_as_sent(ANN), Field.STREET2: InStep(None, long)}
    edited = replace(ANN, address=replace(ANN.address, city="Tempe"))
    merged = merge_fields(edited, stripe_values(street2=long), before)
    assert (merged.to_stripe[Field.CITY], merged.to_stripe[Field.STREET2]) == ("Tempe", long)


def test_a_value_that_pom_cannot_store_is_reported_once() -> None:
    first = merge_fields(ANN, stripe_values(email="not an address"), in_step_as_sent(ANN))
    assert (first.not_taken_over, first.profile) == ((Field.EMAIL,), ANN)
    assert merge_fields(ANN, stripe_values(email="not an address"), first.in_step).not_taken_over == ()


def test_a_name_truncated_by_stripe_is_no_edit() -> None:
    long = Profile("A" * 200, "B" * 200)
    cut = {**NOTHING, Field.NAME: f"{'A' * 200} {'B' * 55}"}
    merged = merge_fields(long, cut, {})
    assert (merged.profile, merged.to_stripe) == (long, {})
    assert len(as_sent_to_stripe(Field.NAME, long.display_name) or "") == MAX_NAME


def test_a_change_of_case_in_stripe_is_no_edit_and_one_in_pom_is_sent_to_stripe() -> None:
    assert merge_fields(ANN, stripe_values(email="ANN@example.test"), in_step_as_sent(ANN)).profile == ANN
    typed = replace(ANN, email="Ann@example.test")
    assert merge_fields(typed, stripe_values(), in_step_as_sent(ANN)).to_stripe == {Field.EMAIL: "Ann@example.test"}


def test_a_change_of_case_in_pom_does_not_undo_a_new_address_in_stripe() -> None:
    typed = replace(ANN, email="Ann@example.test")
    merged = merge_fields(typed, stripe_values(email="new@example.test"), in_step_as_sent(ANN))
    assert (merged.profile.email, merged.to_stripe) == ("new@example.test", {})


def test_a_change_made_in_stripe_during_an_update_is_taken_over_too() -> None:
    merged = merge_fields(replace(ANN, phone="2"), stripe_values(), in_step_as_sent(ANN))
    after_update = merged.after_update({**stripe_values(), Field.PHONE: "2", Field.CITY: "Tempe"})
    assert (after_update.profile.phone, after_update.profile.address.city, after_update.taken_over) == (
        "2",
        "Tempe",
        (Field.CITY,),
    )


@pytest.mark.parametrize(
    ("name", "first", "last", "split"),
    [
        ("Maria de la Cruz", "Maria", "de la Cruz", ("Maria", "de la Cruz")),
        ("Ana Maria de la Cruz", "Maria", "de la Cruz", ("Ana Maria", "de la Cruz")),
        ("Maria Lopez Garcia", "Maria", "de la Cruz", ("Maria", "Lopez Garcia")),
        ("Jo Ann Smith", "Mary Beth", "Lee", ("Jo Ann", "Smith")),
        ("Bob Smith", "Mary Beth", "Lee", ("Bob Smith", None)),
        ("Lee", "Ann", "Lee", (None, "Lee")),
        ("Ann", "Ann", "Lee", ("Ann", None)),
        ("Annabel Lee", "Ann", None, ("Annabel", "Lee")),
        ("Ashlee", "Ann", "lee", ("Ashlee", None)),
        ("Maria de la Cruz", None, None, ("Maria", "de la Cruz")),
        ("Maria Lopez", None, "Smith", ("Maria", "Lopez")),
        ("Cher", None, None, ("Cher", None)),
    ],
)
def test_a_first_name_that_still_fits_stays_when_the_whole_name_changes(
    name: str, first: str | None, last: str | None, split: tuple[str | None, str | None]
) -> None:
    assert split_name(name, first, last) == split


@given(PROFILES, PROFILES, PROFILES)
def test_saving_a_profile_keeps_the_fields_that_did_not_change(
    written: Profile, read_profile: Profile, stored: Profile
) -> None:
    assert written.rebased(read_profile, read_profile) == written
    assert read_profile.rebased(read_profile, stored) == stored
    for mine, before, now, result in zip(
        *(_parts(each) for each in (written, read_profile, stored, written.rebased(read_profile, stored))),
        strict=True,
    ):
        assert result == (now if mine == before else mine)


def _parts(profile: Profile) -> list[str | None]:
    names = [profile.first_name, profile.last_name, profile.company_name, profile.email, profile.phone]
    return [*names, *(getattr(profile.address, each.name) for each in fields(Address))]
