"""How one release's reading differs from another's, and what a release loses when it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.releases.forms import Form
from tests.releases.reader import Json


def differences(form: Form, done: Json) -> Iterator[str]:
    """Yields where something is shown or told otherwise than when the form was recorded. New fields are none."""
    read = zip(form["items"], done["items"].items(), strict=True)
    listed = zip(form["cursors"], done["cursors"].items(), strict=True)
    for entry, (name, outcome) in (*read, *listed):
        if "shows" not in entry or "error" in outcome or "instead" in entry:
            continue
        if "shows" not in outcome:
            yield f"{name} is not shown"
        else:
            yield from (f"{name}: {each}" for each in _lacking(entry["shows"], outcome["shows"], ""))
    for record, (name, outcome) in zip(form["stream"], done["stream"].items(), strict=True):
        if outcome.get("tells", record["tells"]) != record["tells"]:
            yield f"{name} is told as {outcome['tells']}"


def lost(before: Json, after: Json) -> dict[str, set[str]]:
    """Returns the fields that documents had before a release wrote them and do not have since, by table."""
    found: dict[str, set[str]] = {}
    for (table, name), document in before.items():
        if (table, name) in after and after[table, name] != document:
            found.setdefault(table, set()).update(_gone(document, after[table, name], ""))
    return {table: fields for table, fields in found.items() if fields}


def _lacking(recorded: Any, shown: Any, path: str) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(shown, dict):
        for name, value in recorded.items():
            yield from _lacking(value, shown.get(name, "nothing"), f"{path}.{name}")
    elif isinstance(recorded, list) and isinstance(shown, list) and len(recorded) == len(shown):
        for number, (one, other) in enumerate(zip(recorded, shown, strict=True)):
            yield from _lacking(one, other, f"{path}.{number}")
    elif recorded != shown:
        yield f"{path[1:]} was {recorded!r} and is {shown!r}"


def _gone(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in after:
                yield f"{path}.{name}"[1:]
            else:
                yield from _gone(value, after[name], f"{path}.{name}")
