"""Every sentence of the users' guide is in the coverage table, and every test named there exists."""

from __future__ import annotations

import re

import pytest

from tests.guide import ROOT, Sentence, sentences

NOTHING_TO_DO = "nothing to do here"


def coverage() -> list[tuple[Sentence, str, list[str]]]:
    """Returns the rows of the table: a sentence, the reason why it is true, and its tests."""
    rows, section = [], ""
    for line in (ROOT / "docs/guide-coverage.md").read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| the guide says"):
            sentence, how, tests = (cell.strip() for cell in line.strip("| ").split(" | "))
            rows.append(((section, sentence), how, re.findall(r"`(tests/[^`]+)`", tests)))
    return rows


def test_the_table_holds_exactly_the_sentences_of_the_guide() -> None:
    assert [sentence for sentence, _, _ in coverage()] == sentences()


def test_every_sentence_names_its_code_and_its_proof() -> None:
    unproved = [sentence for sentence, how, tests in coverage() if not how or not (tests or NOTHING_TO_DO in how)]
    assert unproved == []


@pytest.mark.parametrize("test", sorted({test for _, _, tests in coverage() for test in tests}))
def test_every_test_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    source = (ROOT / path).read_text()
    assert re.search(rf"^def {name or 'test_'}", source, re.MULTILINE), f"{test} does not exist"
