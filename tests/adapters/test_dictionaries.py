"""Preset dictionaries: what was written with one can always be read, and the last one is worth its while."""

from __future__ import annotations

import re
import zlib

import pytest

from chalicelib.adapters.tables.codec import deflate, inflate, json_of
from chalicelib.adapters.tables.dictionaries import DICTIONARIES
from tests.bench.dictionary import made, records

CHECKSUMS = (1055708466, 3476823711)
"""One is added for each new dictionary. None is changed: items are stored that only these dictionaries can read."""

FALLEN_BEHIND = 1.1
"""How much larger the day's documents may be with the last dictionary than with one made of them."""


def test_dictionaries_are_added_and_never_changed() -> None:
    assert tuple(map(zlib.adler32, DICTIONARIES)) == CHECKSUMS


@pytest.mark.parametrize("dictionary", DICTIONARIES)
def test_what_was_deflated_with_any_of_them_is_read(dictionary: bytes) -> None:
    text = json_of("pool" * 100)
    assert inflate(deflate(text, dictionary)) == text


def test_a_dictionary_that_this_release_does_not_have_is_said_to_be_missing() -> None:
    with pytest.raises(ValueError, match="dictionary"):
        inflate(deflate(b"text", b"a dictionary of the next release"))


def test_the_last_dictionary_has_not_fallen_behind_the_documents_of_today() -> None:
    """If it has, `python -m tests.bench.dictionary` makes another one, to be added."""
    texts = [json_of(record) for record in records()]
    today = made()
    size, least = (sum(len(deflate(text, each)) for text in texts) for each in (DICTIONARIES[-1], today))
    assert size <= FALLEN_BEHIND * least
    assert size < sum(len(zlib.compress(text)) for text in texts) / 2


def test_no_dictionary_holds_anything_of_anybody() -> None:
    """It is published with the code, and what it names is found in documents for ever."""
    for dictionary in DICTIONARIES:
        assert not re.search(rb"[a-z]@|Ann|Lee|[a-z]_[A-Za-z0-9]{14}|\d{6}", dictionary)
