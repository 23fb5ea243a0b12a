"""The double responds as Stripe did in each stored recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.stripe_double.recordings.accepting import accepted_differences, accepted_listing, unaccepted_messages
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))
NONE = pytest.param(
    None,
    marks=pytest.mark.skip(
        'No recording is saved: make sandbox ARGS="--save" makes one from an account of Stripe\'s.'
    ),
)
TOTAL = Difference(Kind.VALUE, "billing: sent", "POST /v1/invoices", "invoice", "total", 100, 101)
ISSUER = Difference(Kind.EXTRA, "billing: sent", "POST /v1/invoices", "invoice", "issuer", {"type": "self"})


@pytest.mark.parametrize("file", RECORDED or [NONE], ids=lambda file: file.stem if file else "none")
def test_the_double_responds_as_stripe_did(file: Path) -> None:
    assert unaccepted_messages(replay(Recording.read(file)).differences, accepted_differences(file)) == []


def accepted_list(directory: Path, *entries: dict[str, str]) -> Path:
    """The path of a recording's file, next to which these differences are accepted."""
    (directory / "a.accepted.json").write_text(json.dumps(entries))
    return directory / "a.jsonl"


def test_a_difference_that_is_not_accepted_is_reported_with_both_values(tmp_path: Path) -> None:
    accepted = accepted_differences(tmp_path / "a.jsonl")

    assert unaccepted_messages([TOTAL], accepted) == [
        "other value: invoice total: 100 in the recording, 101 in the double (billing: sent; POST /v1/invoices)"
    ]


def test_an_accepted_difference_is_not_reported_in_any_step(tmp_path: Path) -> None:
    file = accepted_list(
        tmp_path, {"kind": "extra", "object": "invoice", "path": "issuer", "reason": "Nothing reads it."}
    )

    assert unaccepted_messages([ISSUER, ISSUER], accepted_differences(file)) == []


def test_an_accepted_difference_that_no_longer_occurs_is_reported(tmp_path: Path) -> None:
    file = accepted_list(
        tmp_path, {"kind": "extra", "object": "invoice", "path": "issuer", "reason": "Nothing reads it."}
    )

    assert unaccepted_messages([], accepted_differences(file)) == [
        "no longer differs: extra invoice issuer; take it off the list"
    ]


def test_a_new_list_has_each_difference_once_and_retains_existing_reasons(tmp_path: Path) -> None:
    file = accepted_list(
        tmp_path, {"kind": "extra", "object": "invoice", "path": "issuer", "reason": "Nothing reads it."}
    )

    entries = json.loads(accepted_listing([TOTAL, ISSUER, TOTAL], file))

    assert [(each["path"], each["reason"]) for each in entries] == [("total", ""), ("issuer", "Nothing reads it.")]


@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [("extra", " ", "a.accepted.json gives no reason"), ("strange", "It is.", "'strange' is not a valid Kind")],
)
def test_a_list_with_an_unknown_kind_or_without_a_reason_is_refused(
    tmp_path: Path, kind: str, reason: str, message: str
) -> None:
    file = accepted_list(tmp_path, {"kind": kind, "object": "invoice", "path": "issuer", "reason": reason})

    with pytest.raises(ValueError, match=message):
        accepted_differences(file)
