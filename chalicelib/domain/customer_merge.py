"""Merges a customer's fields between POM and Stripe, each field separately.

A field's value is compared with the value that both sides last had in common. A change in POM alone goes to Stripe,
and a change in Stripe alone comes to POM. If both changed the field, POM's value wins. At the first link there is no
common value yet: Stripe receives POM's values, POM takes over values that it lacks, and no field is emptied.
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
"""Stands for a field that has not been in step yet. It counts as if both sides had been empty."""


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """The result of comparing both sides. `to_stripe` holds the values to send to Stripe; None empties a field."""

    profile: Profile
    in_step: Mapping[Field, InStep]
    to_stripe: Values
    taken_over: tuple[Field, ...] = ()
    overwritten_in_stripe: tuple[Field, ...] = ()
    """Fields that both sides changed. POM's values replace Stripe's."""
    not_taken_over: tuple[Field, ...] = ()
    """Fields that only Stripe changed, to values that POM does not accept."""

    def after_update(self, returned: Values) -> FieldMerge:
        """Returns the result after Stripe received `to_stripe` and returned these values.

        Changes in Stripe between the first read and this response are merged too.
        """
        ours = self.profile.values
        updated = {field: InStep(ours[field], returned[field]) for field in self.to_stripe}
        again = merge_fields(self.profile, returned, {**self.in_step, **updated})
        return replace(
            again,
            taken_over=_together(self.taken_over, again.taken_over),
            overwritten_in_stripe=_together(self.overwritten_in_stripe, again.overwritten_in_stripe),
            not_taken_over=_together(self.not_taken_over, again.not_taken_over),
        )


def merge_fields(profile: Profile, stripes: Values, in_step: Mapping[Field, InStep]) -> FieldMerge:
    """Compares `profile` and Stripe's values with the values that were last in step, and returns the changes to make.

    The result's `in_step` is unchanged for the fields that Stripe has yet to receive.
    """
    ours, new_profile = profile.values, profile
    now_in_step: dict[Field, InStep] = {}
    to_stripe: dict[Field, str | None] = {}
    taken_over, overwritten, not_taken_over = [], [], []
    for field in Field:
        mine, theirs, before = ours[field], stripes[field], in_step.get(field, NEVER)
        sent = as_sent_to_stripe(field, mine)
        changed_in_pom = not same_value(field, mine, before.pom)
        changed_in_stripe = not same_value(field, theirs, before.stripe)
        if same_value(field, sent, theirs):
            if before != NEVER and mine != before.pom and sent != theirs and not changed_in_stripe:
                to_stripe[field] = sent  # The office changed only case or spacing.
                now_in_step[field] = before
            else:
                now_in_step[field] = InStep(mine, theirs)
        elif changed_in_pom:
            to_stripe[field] = sent
            now_in_step[field] = before
            if changed_in_stripe:
                overwritten.append(field)
        elif changed_in_stripe:
            try:
                new_profile = new_profile.with_stripe_value(field, theirs)
                taken_over.append(field)
            except ValueNotAccepted:
                not_taken_over.append(field)
            now_in_step[field] = InStep(new_profile.values[field], theirs)
        else:
            now_in_step[field] = before
    if any(field in to_stripe for field in ADDRESS):
        to_stripe = {**{field: stripes[field] for field in ADDRESS}, **to_stripe}
    seen_in_step = {field: each for field, each in now_in_step.items() if each != NEVER}
    return FieldMerge(
        new_profile, seen_in_step, to_stripe, tuple(taken_over), tuple(overwritten), tuple(not_taken_over)
    )


def in_step_as_sent(profile: Profile) -> Mapping[Field, InStep]:
    """Returns the values of both sides if Stripe has the profile exactly as POM sent it."""
    return {
        field: InStep(value, as_sent_to_stripe(field, value))
        for field, value in profile.values.items()
        if value is not None
    }


def _together(first: tuple[Field, ...], second: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in Field if field in first or field in second)
