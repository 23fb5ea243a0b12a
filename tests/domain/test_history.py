"""The timeline is read whatever another release wrote on it."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.history import HistoryEntry, Outcome, Source


@pytest.mark.parametrize("word", ["", "operator", "WEBHOOK"])
def test_a_source_of_another_release_is_read_as_pom(word: str) -> None:
    entry = {"at": 1, "kind": "paid", "source": word}
    assert msgspec.convert(entry, HistoryEntry).source is Source.POM


@pytest.mark.parametrize("word", ["", "merged", "APPLIED"])
def test_an_outcome_of_another_release_is_read_as_applied(word: str) -> None:
    entry = {"at": 1, "kind": "paid", "source": "webhook", "outcome": word}
    assert msgspec.convert(entry, HistoryEntry).outcome is Outcome.APPLIED


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("outcome", Outcome)
def test_known_words_stay_as_they_are(source: Source, outcome: Outcome) -> None:
    entry = HistoryEntry(1, "paid", source, outcome=outcome)
    assert msgspec.json.decode(msgspec.json.encode(entry), type=HistoryEntry) == entry
