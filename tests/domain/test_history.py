"""The stored source of a change can be read whichever release wrote it."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.history import Source


@pytest.mark.parametrize("word", ["", "operator", "WEBHOOK"])
def test_an_unknown_source_is_read_as_pom(word: str) -> None:
    assert msgspec.convert(word, Source) is Source.POM


@pytest.mark.parametrize("source", Source)
def test_known_sources_are_read_unchanged(source: Source) -> None:
    assert msgspec.json.decode(msgspec.json.encode(source), type=Source) is source
