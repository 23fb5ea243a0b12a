"""Accepted differences: a file next to a recording lists them, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from .differences import Difference, Kind

Signature = tuple[str, str, str]
"""The kind, the object and the path of a difference, regardless of the step in which it occurred."""


def accepted_file(recording: Path) -> Path:
    """Returns the path of the list of accepted differences that belongs to a recording's file."""
    return recording.with_suffix(".accepted.json")


def accepted_listing(differences: Iterable[Difference], recording: Path) -> str:
    """Returns the text of a list of these differences, with one entry for each kind and field.

    An entry has the reason from the existing list, or an empty reason to be filled in.
    """
    reason_by_signature = {_signature(each): each["reason"] for each in _read_entries(accepted_file(recording))}
    entries = [
        {
            "kind": each.kind.value, "object": each.object, "path": each.path,
            "reason": reason_by_signature.get((each.kind.value, each.object, each.path), ""),
            "seen": f"{each.step}; {each.request}", "recorded": each.recorded, "played": each.played,
        }
        for each in _first_by_signature(differences).values()
    ]  # fmt: skip
    return json.dumps(entries, indent=2) + "\n"


def accepted_differences(recording: Path) -> dict[Signature, str]:
    """Returns the accepted differences of a recording's file, each with its reason; empty if there is no list.

    Raises ValueError for an unknown kind, and for a difference without a reason.
    """
    file = accepted_file(recording)
    entries = _read_entries(file)
    if entries_without_reason := [each for each in entries if not each.get("reason", "").strip()]:
        raise ValueError(f"{file.name} gives no reason for {entries_without_reason[0]}")
    return {_signature(each): each["reason"] for each in entries}


def unaccepted_messages(differences: Iterable[Difference], accepted: Iterable[Signature]) -> list[str]:
    """Returns a sentence for each difference that is not accepted, and for each accepted one that no longer
    occurs.
    """
    first_differences, accepted = _first_by_signature(differences), set(accepted)
    not_accepted = [
        f"{each.kind}: {each.object} {each.path}: {each.recorded!r} in the recording, {each.played!r} in the double"
        f" ({each.step}; {each.request})"
        for signature, each in first_differences.items()
        if signature not in accepted
    ]
    no_longer = [
        f"no longer differs: {' '.join(each)}; take it off the list"
        for each in sorted(accepted - first_differences.keys())
    ]
    return not_accepted + no_longer


def _first_by_signature(differences: Iterable[Difference]) -> dict[Signature, Difference]:
    first: dict[Signature, Difference] = {}
    for each in differences:
        first.setdefault((each.kind.value, each.object, each.path), each)
    return first


def _read_entries(file: Path) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = json.loads(file.read_text()) if file.exists() else []
    return entries


def _signature(entry: dict[str, str]) -> Signature:
    return Kind(entry["kind"]).value, entry["object"], entry["path"]
