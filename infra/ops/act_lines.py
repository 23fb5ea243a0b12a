"""Lines about who did what. `explain` of an organization and of a customer shows the latest ones.

Operators read the name of the operator who acted. The organization never does.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.acts import Act, By, Subject
from infra.ops.screen import Row, Screen, timestamp
from infra.ops.stage import Stage
from infra.timeline_words import clock_time

ACTS_SHOWN = 25
"""The number of acts that are shown, the latest ones."""


def show_acts(stage: Stage, screen: Screen, name: str, owner_words: str, *subjects: Subject) -> None:
    """Shows who did what to these subjects, the newest act first."""
    pages = [stage.ports.acts.page(each, ACTS_SHOWN, None) for each in subjects]
    acts = sorted((act for page in pages for act in page.items), key=lambda act: act.id, reverse=True)
    has_more = len(acts) > ACTS_SHOWN or any(page.has_next for page in pages)
    rows = [_row(each) for each in acts[:ACTS_SHOWN]]
    latest = f", the latest {ACTS_SHOWN}" if has_more else ""
    screen.lines(name, f"Who did what to {owner_words}{latest} (UTC)", rows, [_line(each) for each in rows])


def _row(act: Act) -> dict[str, Any]:
    fields = act.settings.fields if act.settings is not None else act.fields
    return {
        "at": timestamp(act.at),
        "kind": act.kind,
        "by": act.by.value,
        "who": act.actor or act.operator,
        "fields": list(fields),
        "reason": act.reason,
        "stripe_id": act.stripe_id,
        "import": act.batch_id,
    }


def _line(row: Row) -> tuple[str, ...]:
    by = f"{row['who']}, {row['by']}" if row["by"] == By.OPERATIONS else row["who"] or row["by"]
    about = ", ".join(filter(None, (*row["fields"], row["reason"], row["import"])))
    act_words = row["kind"].replace("_", " ").capitalize()
    line = f"{clock_time(row['at'])}  {act_words}{f': {about}' if about else ''} ({by})"
    return (f"{line}  {row['stripe_id']}", line) if row["stripe_id"] else (line,)
