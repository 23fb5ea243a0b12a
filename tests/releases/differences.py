"""The differences between the readings of two releases, and the fields that a release loses when it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.releases.forms import Form
from tests.releases.reader import Json


def differences(form: Form, results: Json) -> Iterator[str]:
    """Yields each response or event that differs from the recording. New fields are no difference."""
    item_pairs = zip(form["items"], results["items"].items(), strict=True)
    cursor_pairs = zip(form["cursors"], results["cursors"].items(), strict=True)
    for entry, (name, outcome) in (*item_pairs, *cursor_pairs):
        if "shows" not in entry or "error" in outcome or "instead" in entry:
            continue
        if "shows" not in outcome:
            yield f"{name} is not shown"
        else:
            yield from (f"{name}: {each}" for each in _lacking(entry["shows"], outcome["shows"], ""))
    for record, (name, outcome) in zip(form["stream"], results["stream"].items(), strict=True):
        if outcome.get("tells", record["tells"]) != record["tells"]:
            yield f"{name} is told as {outcome['tells']}"


def lost_fields(before: Json, after: Json) -> dict[str, set[str]]:
    """Returns the fields that documents had before a release wrote them and do not have since, by table."""
    lost_by_item: dict[str, set[str]] = {}
    for (table, name), document in before.items():
        if (table, name) in after and after[table, name] != document:
            lost_by_item.setdefault(table, set()).update(_missing_paths(document, after[table, name], ""))
    return {table: fields for table, fields in lost_by_item.items() if fields}


def _lacking(expected: Any, actual: Any, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            yield from _lacking(value, actual.get(name, "nothing"), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (expected_part, actual_part) in enumerate(zip(expected, actual, strict=True)):
            yield from _lacking(expected_part, actual_part, f"{path}.{number}")
    elif expected != actual:
        yield f"{path[1:]} was {expected!r} and is {actual!r}"


def _missing_paths(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in after:
                yield f"{path}.{name}"[1:]
            else:
                yield from _missing_paths(value, after[name], f"{path}.{name}")
