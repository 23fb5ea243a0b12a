"""The reasons why an event is parked (stored to be retried), in sentences that a person can act on."""

from __future__ import annotations

import re

import pytest

from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.domain.parked_reasons import FAULT, REASONS, code_of, reason_in_words

PASSING_OR_STRIPES = {code for status in (502, 503) for code in ERROR_CODES[status]} - {"unavailable"}


@pytest.mark.parametrize("code", sorted(PASSING_OR_STRIPES))
def test_each_error_of_stripe_or_aws_has_its_own_reason(code: str) -> None:
    assert reason_in_words(code) == REASONS[code]


@pytest.mark.parametrize("error", ["KeyError", "error", "timeout", "ClientError", "", None, "for the run books"])
def test_the_name_of_a_class_is_never_shown(error: str | None) -> None:
    assert reason_in_words(error) == FAULT
    assert code_of(error) is None
    assert not re.search(r"[A-Z][a-z]+Error", FAULT)


def test_a_code_without_its_own_reason_is_named_with_a_next_step() -> None:
    assert "with the code due_date_in_past. Report the code" in reason_in_words("due_date_in_past")


@pytest.mark.parametrize("reason", [*REASONS.values(), FAULT])
def test_each_reason_has_at_least_two_sentences(reason: str) -> None:
    assert reason[0].isupper()
    assert reason.endswith(".")
    assert len(re.findall(r"[.;](?: |$)", reason)) >= 2
