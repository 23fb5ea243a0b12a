"""A name is compared with the beginning that a user types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.customer_filter import comparable_name

LETTERS = st.text("aAéÉßŁøÑ Σς\u03c3ЙёÅI'-\u0301\u00a0\u200b", max_size=12)


@pytest.mark.parametrize(
    ("text", "compared_as"),
    [
        ("ACMÉ", "acme"),
        ("A\u0301cme", "acme"),
        ("  Ann \t Lee\u00a0", "ann lee"),
        ("Ann\u200b Lee\u00ad", "ann lee"),
        ("\u200b", ""),
        ("Straße", "strasse"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"),
        ("\uff21\uff43\uff4d\uff45", "acme"),
        ("\ufb01sh", "fish"),
        ("O\u2019Brien", "o'brien"),
        ("O\u00b4Brien", "o'brien"),
        ("Łódź", "łodz"),
        ("Søren", "søren"),
    ],
)
def test_case_accents_width_blanks_and_invisible_signs_make_no_difference(text: str, compared_as: str) -> None:
    assert comparable_name(text) == compared_as


def test_vowels_of_other_scripts_are_not_taken_for_accents() -> None:
    assert comparable_name("कि") != comparable_name("क")
    assert comparable_name("が") != comparable_name("か")


@given(LETTERS)
def test_folding_a_folded_name_changes_nothing(text: str) -> None:
    assert comparable_name(comparable_name(text)) == comparable_name(text)


@given(LETTERS, st.integers(0, 12))
def test_any_beginning_of_a_name_finds_the_name(name: str, length: int) -> None:
    assert comparable_name(name).startswith(comparable_name(name[:length]))
    assert comparable_name(name).startswith(comparable_name(name[:length].upper()))
