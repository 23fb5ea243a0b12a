"""The sentences that say why an event of Stripe's is parked, and what a person can do about it.

A parked event is stored with an error code or, for an unexpected error, with the name of the error's class. Both are
for programs and logs. The sentence is chosen when the event is shown, so events that an earlier release parked have
one too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TRIED_AGAIN = "POM tries the event again with each reconciliation, for a week, so there is nothing to do."

_CODE = re.compile("[a-z]+(?:_[a-z]+)+")

_PASSING: Mapping[str, str] = {
    "stripe_unreachable": "Stripe did not respond in time when POM read the object of this event.",
    "stripe_failed": "Stripe failed when POM read the object of this event.",
    "stripe_busy": "Stripe was throttling requests when POM read the object of this event.",
    "concurrent_change": "The record that this event is about was changed by other requests at the same time.",
    "database_unavailable": "POM's database did not respond.",
    "queue_unavailable": "POM could not queue the work that follows from this event.",
    "secrets_unavailable": "POM could not read its own credentials.",
}
"""Reasons that end without an operator's help."""

_LASTING: Mapping[str, str] = {
    "stripe_answer_unreadable": (
        "The event, or Stripe's response about its object, does not have the form that POM expects. POM tries it "
        "again with each reconciliation, for a week. If it stays parked, look at the event in Stripe's dashboard and "
        "report its id to the developers."
    ),
    "stripe_key_rejected": (
        "Stripe rejects POM's credentials. An operator checks the API key of the stage; POM then applies the event "
        "with the next reconciliation."
    ),
    "secrets_unusable": (
        "The secret with POM's credentials cannot be used. An operator corrects it; POM then applies the event with "
        "the next reconciliation."
    ),
    "stripe_key_reused": (
        "Stripe received an earlier request of POM with the same key and other content. Report the event's id to the "
        "developers."
    ),
    "stripe_refused": (
        "Stripe refused to show POM the object of this event. Look at the object in Stripe's dashboard, then replay "
        "the event."
    ),
    "stripe_resource_missing": (
        "Stripe no longer has the object of this event. If POM's record differs from Stripe's dashboard, refresh the "
        "record from Stripe."
    ),
    "stripe_account_unreachable": (
        "Stripe no longer lets POM act for this account, because it was disconnected there. POM applies the event "
        "after an admin has reconnected Stripe."
    ),
    "account_invalid": (
        "The event names an account that cannot be one of Stripe's. Report the event's id to the developers."
    ),
    "record_too_large": (
        "The record that this event belongs to is full and cannot take more. POM does not try the event again. Look "
        "at the object in Stripe's dashboard, because what this event reports is only there."
    ),
}
"""Reasons that a person has to resolve, or can do something about."""

REASONS: Mapping[str, str] = {**{code: f"{text} {TRIED_AGAIN}" for code, text in _PASSING.items()}, **_LASTING}

FAULT = (
    "A fault in POM's own code kept it from applying this event. Report the event's id to the developers. Once the "
    "fault is fixed, POM applies the event with the next reconciliation; after a week, an operator has to replay it."
)
"""The sentence for an unexpected error, because the name of its class means nothing to users."""


def code_of(error: str | None) -> str | None:
    """Returns the stored error of a parked event if it is an error code, or None if it is the name of a class.

    Every code that an event can be parked with has two words or more. Names of classes such as `error` have one.
    """
    return error if error is not None and _CODE.fullmatch(error) else None


def reason_in_words(error: str | None) -> str:
    """Returns why an event is parked. `error` is its stored error: a code, or the name of an error's class."""
    code = code_of(error)
    if code is None:
        return FAULT
    return REASONS.get(code) or (
        f"POM refused to apply this event, with the code {code}. "
        "Report the code and the event's id to the developers."
    )
