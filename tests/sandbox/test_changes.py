"""A run names each change of the double, with its verdict, and shows no difference where nothing was changed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from infra.ops.screen import Screen
from infra.sandbox import proving
from infra.sandbox.changes.change import Change, ExpectedFinding
from infra.sandbox.changes.registry import CHANGES
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.running import TEST_MODE
from infra.sandbox.stories.registry import STORIES

EXAMPLE = next(each for each in CHANGES if each.name == "an invoice without its link")
DOES_NOTHING = replace(EXAMPLE, name="does nothing", wrap=lambda handle: handle)
DOUBLES = dict(proving.unchanged_doubles())
ORDINARY = ("seed 1", "an account of 2018-02-28")
"""The other ones, and whole runs against each change, are in tests/proofs/test_sandbox_runs.py."""


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_is_named_with_its_verdict(change: Change) -> None:
    proof = proving.prove_one(change)
    found = proving.findings(change, proving.plan_for(change)) if proof.finding is None else ()
    assert proof.finding is not None, [each for each in found if each.name == change.expected.name]


@pytest.mark.parametrize("name", ORDINARY)
def test_an_unchanged_double_has_no_difference(name: str) -> None:
    assert proving.differing_findings(DOUBLES[name]()) == []


def test_there_are_changes_of_all_kinds_and_their_names_are_unique() -> None:
    names = Counter(each.name for each in CHANGES)
    assert len(names) == len(CHANGES) >= 60
    assert {(each.expected.part, each.expected.verdict) for each in CHANGES} == {
        (part, verdict)
        for part in (Part.SHAPES, Part.SEQUENCES, Part.PROMISES)
        for verdict in (Verdict.HARMFUL, Verdict.HARMLESS)
    }
    known = {TEST_MODE, *(each.name for each in STORIES), *(each.name for each in PROMISES)}
    assert {each.expected.name for each in CHANGES} <= known
    assert all(each.sentence.endswith(".") and each.expected.text for each in CHANGES)


def test_a_change_that_no_finding_names_fails_the_proof() -> None:
    proof = proving.prove_one(DOES_NOTHING)
    assert proof.finding is None
    assert proof.row["ok"] == "NO"


def test_a_change_that_is_named_with_another_verdict_or_field_fails_the_proof() -> None:
    right = EXAMPLE.expected
    for wrong in (
        replace(right, verdict=Verdict.HARMLESS),
        replace(right, text="missing: invoice.number"),
        replace(right, part=Part.SEQUENCES),
    ):
        assert proving.prove_one(replace(EXAMPLE, expected=wrong)).finding is None
    assert proving.prove_one(EXAMPLE).finding is not None


def test_the_proof_as_a_whole_fails_if_one_change_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "unchanged_doubles", lambda: iter(()))
    monkeypatch.setattr(proving, "WHOLE_PLAN", proving.plan_for(EXAMPLE))
    told = []
    for changes in ((EXAMPLE,), (EXAMPLE, DOES_NOTHING)):
        monkeypatch.setattr(proving, "CHANGES", changes)
        screen = Screen(as_json=True)
        told.append(proving.prove(screen))
        assert [row["ok"] for row in screen.document["changes"]] == ["yes", "NO"][: len(changes)]
    assert told == [True, False]


def test_the_proof_as_a_whole_fails_if_an_unchanged_double_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    differs = Finding(Part.SHAPES, "billing", Verdict.HARMLESS, "extra: invoice.amount_forgiven")
    monkeypatch.setattr(proving, "CHANGES", ())
    for found, right in (([], True), ([differs], False)):
        monkeypatch.setattr(proving, "unchanged_doubles", lambda found=found: iter([("seed 1", lambda: found)]))
        assert proving.prove(Screen(as_json=True)) is right


def test_the_table_of_changes_is_in_the_guide() -> None:
    page = proving.PAGE.read_text()
    assert proving.with_table(page) == page, "Run python -m infra.sandbox.proving --page"


def test_the_command_writes_the_table_between_its_two_lines(tmp_path: Path) -> None:
    page = tmp_path / "sandbox.md"
    page.write_text(f"before\n{proving.BEGIN}\nold\n{proving.END}\nafter\n")
    proving.main(["--page"], page)
    before, *rows, after = page.read_text().splitlines()
    assert (before, after) == ("before", "after")
    assert len([row for row in rows if re.match(r"\| [a-z]", row)]) == len(CHANGES) + 1
    page.write_text("no lines\n")
    with pytest.raises(ValueError, match="has no lines"):
        proving.main(["--page"], page)


def test_an_expected_finding_is_matched_by_its_sentence_and_by_its_differences() -> None:
    named = ExpectedFinding(Part.PROMISES, "a", Verdict.HARMFUL, "seen")
    assert named.fits(Finding(Part.PROMISES, "a", Verdict.HARMFUL, "It was seen."))
    assert not named.fits(Finding(Part.PROMISES, "b", Verdict.HARMFUL, "It was seen."))
    assert not named.fits(Finding(Part.PROMISES, "a", Verdict.HARMFUL, "It was not."))
