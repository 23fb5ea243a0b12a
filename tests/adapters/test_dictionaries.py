"""Preset dictionaries: documents deflated with any of them stay readable, and the latest one still compresses
well.
"""

from __future__ import annotations

import re
import zlib

import pytest

from chalicelib.adapters.tables.codec import deflate, inflate, json_of
from chalicelib.adapters.tables.dictionaries import DICTIONARIES
from tests.bench.dictionary import made, records

CHECKSUMS = (1055708466, 3476823711)
"""A checksum is added for each new dictionary. None changes, because stored items need the old dictionaries to be
read.
"""

MAX_RATIO = 1.1
"""The largest allowed ratio of documents deflated with the latest dictionary to those with a newly made one."""


def test_dictionaries_are_added_and_never_changed() -> None:
    assert tuple(map(zlib.adler32, DICTIONARIES)) == CHECKSUMS


@pytest.mark.parametrize("dictionary", DICTIONARIES)
def test_documents_deflated_with_any_dictionary_are_read(dictionary: bytes) -> None:
    text = json_of("pool" * 100)
    assert inflate(deflate(text, dictionary)) == text


def test_a_dictionary_missing_from_this_release_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="dictionary"):
        inflate(deflate(b"text", b"a dictionary of the next release"))


def test_the_latest_dictionary_still_compresses_present_documents_well() -> None:
    """If this fails, create a new dictionary with `python -m tests.bench.dictionary` and add it."""
    texts = [json_of(record) for record in records()]
    today = made()
    size, least = (sum(len(deflate(text, each)) for text in texts) for each in (DICTIONARIES[-1], today))
    assert size <= MAX_RATIO * least
    assert size < sum(len(zlib.compress(text)) for text in texts) / 2


def test_no_dictionary_holds_personal_data() -> None:
    """A dictionary is published with the code and stays in use as long as documents that were deflated with it."""
    for dictionary in DICTIONARIES:
        assert not re.search(rb"[a-z]@|Ann|Lee|[a-z]_[A-Za-z0-9]{14}|\d{6}", dictionary)
