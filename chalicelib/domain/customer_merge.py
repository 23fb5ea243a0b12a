"""Settle a customer's fields between POM and Stripe, each by itself.

A field's value is compared with the value that was last in step. What only POM changed goes to Stripe, what only
Stripe changed comes to POM. Where both changed it, POM wins. At the first link nothing has been in step yet: Stripe
is given what POM has, POM takes over what it lacks, and nothing is emptied on either side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.customer_fields import (
    ADDRESS,
    Field,
    InStep,
    Profile,
    ValueNotAccepted,
    Values,
    as_sent_to_stripe,
    same_value,
)

NEVER = InStep()
"""A field that has not been in step yet. It counts as if both sides had had nothing."""


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """The result of comparing both sides. `to_stripe` holds the values to give to Stripe; None empties a field."""

    profile: Profile
    in_step: Mapping[Field, InStep]
    to_stripe: Values
    taken_over: tuple[Field, ...] = ()
    kept: tuple[Field, ...] = ()
    """Fields that both sides changed. POM's values replace Stripe's."""
    not_taken_over: tuple[Field, ...] = ()
    """Fields that only Stripe changed, to values that POM does not accept."""

    def after_update(self, answered: Values) -> FieldMerge:
        """Returns the result after Stripe was given `to_stripe` and returned these values.

        Changes in Stripe between the first read and this answer are settled too.
        """
        ours = self.profile.values
        updated = {field: InStep(ours[field], answered[field]) for field in self.to_stripe}
        again = merge_fields(self.profile, answered, {**self.in_step, **updated})
        return replace(
            again,
            taken_over=_together(self.taken_over, again.taken_over),
            kept=_together(self.kept, again.kept),
            not_taken_over=_together(self.not_taken_over, again.not_taken_over),
        )


def merge_fields(profile: Profile, stripes: Values, in_step: Mapping[Field, InStep]) -> FieldMerge:
    """Compares `profile` and Stripe's values with the values that were last in step, and returns what to change.

    In the result, `in_step` is unchanged for the fields that Stripe has yet to be given.
    """
    ours, new_profile = profile.values, profile
    now_in_step: dict[Field, InStep] = {}
    to_stripe: dict[Field, str | None] = {}
    taken_over, kept, not_taken_over = [], [], []
    for field in Field:
        mine, theirs, before = ours[field], stripes[field], in_step.get(field, NEVER)
        given = as_sent_to_stripe(field, mine)
        changed_in_pom = not same_value(field, mine, before.pom)
        changed_in_stripe = not same_value(field, theirs, before.stripe)
        if same_value(field, given, theirs):
            if before != NEVER and mine != before.pom and given != theirs and not changed_in_stripe:
                to_stripe[field] = given  # the office corrected a capital letter or a blank
                now_in_step[field] = before
            else:
                now_in_step[field] = InStep(mine, theirs)
        elif changed_in_pom:
            to_stripe[field] = given
            now_in_step[field] = before
            if changed_in_stripe:
                kept.append(field)
        elif changed_in_stripe:
            try:
                new_profile = new_profile.with_stripe_values(field, theirs)
                taken_over.append(field)
            except ValueNotAccepted:
                not_taken_over.append(field)
            now_in_step[field] = InStep(new_profile.values[field], theirs)
        else:
            now_in_step[field] = before
    if any(field in to_stripe for field in ADDRESS):
        to_stripe = {**{field: stripes[field] for field in ADDRESS}, **to_stripe}
    known = {field: each for field, each in now_in_step.items() if each != NEVER}
    return FieldMerge(new_profile, known, to_stripe, tuple(taken_over), tuple(kept), tuple(not_taken_over))


def in_step_as_sent(profile: Profile) -> Mapping[Field, InStep]:
    """Returns the values of both sides if Stripe has the profile exactly as POM gave it."""
    return {
        field: InStep(value, as_sent_to_stripe(field, value))
        for field, value in profile.values.items()
        if value is not None
    }


def _together(some: tuple[Field, ...], more: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in Field if field in some or field in more)
