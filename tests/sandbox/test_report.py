"""What a run tells: the table, the document, the recording, and the files that hold the double from then on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.ops.screen import Screen
from infra.sandbox.findings import Finding, Needs, Part, Verdict
from infra.sandbox.redaction import Redaction, SecretFound
from infra.sandbox.report import MAX_LINES, document, show, write_document
from infra.sandbox.running import Plan, run
from infra.sandbox.saving import save, write_recording
from infra.sandbox.stories.billing import BILLING
from infra.stripe_double import StripeDouble
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.recording import Exchange, Recording
from tests.sandbox.sessions import new_session

KEY = "sk_" + "test_" + "Distinctive51Aa"
DIFFERENCE = Difference(Kind.NULL, "billing: sent", "POST /v1/invoices", "invoice", "number", None, "A-1")
FINDINGS = (
    Finding(
        Part.SHAPES, "billing", Verdict.HARMFUL, "\n".join(f"line {n}" for n in range(20)), "Tells.", (DIFFERENCE,)
    ),
    Finding(Part.SHAPES, "cards", Verdict.AS_ASSUMED, "Nothing differs.", "Tells."),
    Finding(Part.PROMISES, "a key replays", Verdict.NOT_TRIED, f"Stripe said: {KEY} of acct_1 is wrong.", "It does."),
    Finding(Part.PROMISES, "another", Verdict.HARMLESS, "One more field.", "It does."),
)


def told(findings: Sequence[Finding] = FINDINGS) -> dict[str, Any]:
    words = Redaction([KEY]).text
    return document(
        findings, words, source="stripe", account="acct_sandbox1", requests=12, by_part={"billing": 12}, seconds=3.21
    )


def test_the_document_counts_the_verdicts_and_holds_each_difference() -> None:
    found = told()
    assert found["form"] == 1
    assert found["verdicts"] == {"as assumed": 1, "differs, harmless": 1, "differs, harmful": 1, "not tried": 1}
    assert found["requests_by"] == {"billing": 12}
    assert (found["requests"], found["seconds"], found["source"]) == (12, 3.2, "stripe")
    (difference,) = found["findings"][0]["differences"]
    assert difference["kind"] == "other null-ness"
    assert (difference["object"], difference["path"], difference["played"]) == ("invoice", "number", "A-1")
    assert json.loads(json.dumps(found)) == found


def test_no_text_of_the_document_contains_a_key() -> None:
    assert KEY not in json.dumps(told())
    assert "redacted of acct_sandbox1 is wrong" in json.dumps(told())


def test_the_table_shows_the_differences_and_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    show(Screen(), told())
    shown = capsys.readouterr().out
    assert "shapes, billing: line 0" in shown
    assert f"line {MAX_LINES}\n" not in shown
    assert f"{20 - MAX_LINES} more lines are in build/sandbox.json" in shown
    assert "promises, a key replays: Stripe said" in shown
    assert "1 as assumed; 1 differs, harmless; 1 differs, harmful; 1 not tried. 12 requests in 3.2 seconds." in shown
    assert "Not ready to go live" in shown
    assert "docs/sandbox.md#a-harmful-difference" in shown
    assert "No difference was found" not in shown


def test_promises_that_no_run_can_try_are_counted_by_their_needs(capsys: pytest.CaptureFixture[str]) -> None:
    not_tried = [
        Finding(Part.PROMISES, f"by hand {n}", Verdict.NOT_TRIED, f"Look at {n}.", "It does.", needs=needs)
        for n, needs in enumerate((Needs.PERSON, Needs.PERSON, Needs.LIVE))
    ]
    found = told((*not_tried, FINDINGS[1], FINDINGS[2]))
    show(Screen(), found)
    shown = capsys.readouterr().out
    assert f"   2  {Needs.PERSON}\n   1  {Needs.LIVE}\n" in shown
    assert "Look at" not in shown
    assert "promises, a key replays: Stripe said" in shown
    assert "No difference was found in what POM relies on.\n" in shown
    assert [row["found"] for row in found["findings"][:3]] == ["Look at 0.", "Look at 1.", "Look at 2."]


@pytest.mark.parametrize(("source", "says"), [("double", True), ("stripe", False)])
def test_a_run_against_the_double_says_that_it_proves_nothing_about_stripe(
    capsys: pytest.CaptureFixture[str], source: str, says: bool
) -> None:
    show(Screen(), {**told(), "source": source})
    assert ("This was the double." in capsys.readouterr().out) is says


def test_the_report_shows_the_cleaned_up_objects(capsys: pytest.CaptureFixture[str]) -> None:
    show(Screen(), told([Finding(Part.CLEANING, "cleaning", Verdict.AS_ASSUMED, "Ended: 3 customer(s) deleted.")]))
    assert "Ended: 3 customer(s) deleted." in capsys.readouterr().out


def test_a_document_with_a_key_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "build" / "sandbox.json"
    with pytest.raises(SecretFound):
        write_document({"found": KEY}, path, ())
    assert not path.exists()
    write_document(told(), path, [KEY])
    assert json.loads(path.read_text()) == told()


def test_a_recording_with_a_key_is_neither_written_nor_saved(tmp_path: Path) -> None:
    held = Recording(1.0, "stripe", (), (Exchange("a: b", 1.0, "GET", "/v1/balance", 0, {"text": "odd-key"}),))
    for write in (write_recording, save):
        with pytest.raises(SecretFound):
            write(held, tmp_path / "held.jsonl", ["odd-key"])
    assert not list(tmp_path.iterdir())


def test_a_saved_recording_has_a_file_of_differences_and_keeps_their_reasons(tmp_path: Path) -> None:
    recording = run(new_session(StripeDouble()), Plan([BILLING])).story_recording
    number = next(n for n, each in enumerate(recording.exchanges) if each.path.endswith("/send"))
    exchanges = list(recording.exchanges)
    exchanges[number] = replace(exchanges[number], body={**exchanges[number].body, "number": None})
    path = tmp_path / "recorded" / "us.jsonl"
    accepted = save(recording.of(exchanges), path, ())
    assert Recording.read(path).exchanges == tuple(exchanges)
    (row,) = json.loads(accepted.read_text())
    assert (row["kind"], row["object"], row["path"], row["reason"]) == ("other null-ness", "invoice", "number", "")
    accepted.write_text(json.dumps([{**row, "reason": "Because."}]))
    save(recording.of(exchanges), path, ())
    assert [each["reason"] for each in json.loads(accepted.read_text())] == ["Because."]
    save(recording, path, ())
    assert json.loads(accepted.read_text()) == []
