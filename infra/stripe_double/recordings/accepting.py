"""Differences that are known and meant: a file beside a recording lists them, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .differences import Difference, Kind

Signature = tuple[str, str, str]
"""Kind, object and path of a difference, wherever it was seen."""


def accepted_beside(recording: Path) -> dict[Signature, str]:
    """Returns the differences that are accepted for a recording's file, each with its reason; none without a list.

    Raises ValueError for a kind that there is not, and for a difference without a reason.
    """
    file = recording.with_suffix(".accepted.json")
    listed = json.loads(file.read_text()) if file.exists() else []
    if unexplained := [each for each in listed if not each.get("reason", "").strip()]:
        raise ValueError(f"{file.name} gives no reason for {unexplained[0]}")
    return {(Kind(each["kind"]).value, each["object"], each["path"]): each["reason"] for each in listed}


def judged(differences: Iterable[Difference], accepted: Iterable[Signature]) -> list[str]:
    """Returns a sentence for each difference that is not accepted, and for each accepted one that is gone."""
    found: dict[Signature, Difference] = {}
    for each in differences:
        found.setdefault((each.kind.value, each.object, each.path), each)
    accepted = set(accepted)
    new = [
        f"{each.kind}: {each.object} {each.path}: {each.recorded!r} in the recording, {each.played!r} in the double"
        f" ({each.step}; {each.request})"
        for signature, each in found.items()
        if signature not in accepted
    ]
    gone = [f"no longer differs: {' '.join(each)}; take it off the list" for each in sorted(accepted - found.keys())]
    return new + gone
