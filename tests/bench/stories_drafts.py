"""The stories of drafts: review, edit, send and correct them, filter lists, and request unchanged data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from tests.bench.stories_stage import Stage

DRAFTS = 100
PAGE = 25
LINES_CHANGED = 3
DAY = 86_400
UNTIL_OVERDUE = 32
"""The days after which every unpaid invoice is overdue. Payment terms are 30 days by default."""

EDITED = f"edit a draft, {LINES_CHANGED} lines changed"
CORRECTED = "correct an invoice, and send its copy"
REVIEWED = f"send a reviewed batch of {DRAFTS}"
NOTHING_CHANGED = f"poll of {PAGE} invoices that gets 304"
NARROWED = {
    "status": "status=pending",
    "status and creation": "status=pending&createdFrom=2020-01-01",
    "group": "status=unpaid",
    "customer": "customerId=cust_2",
    "creation": "createdFrom=2020-01-01",
    "due date": "status=open&dueFrom=2020-01-01",
    "change": "updatedFrom=2020-01-01",
    "dispute": "disputed=true",
    "overdue": "overdue=true",
}
"""The filters of the list of invoices."""


def page_by(family: str) -> str:
    """Returns the name of the story of one page."""
    return f"page of {PAGE} invoices by {family}"


BOUNDS: Mapping[str, tuple[float, float, float]] = {
    EDITED: (17, 11, 37),
    CORRECTED: (51, 31, 93),
    REVIEWED: (2076, 1598, 4252),
    NOTHING_CHANGED: (3, 56, 0),
    **{page_by(family): (3, 56, 0) for family in NARROWED},
    **{page_by(family): (5, 59, 0) for family in ("status and creation", "creation", "due date", "change")},
    page_by("customer"): (3, 12, 0),
    page_by("dispute"): (3, 4, 0),
}
"""The maximum DynamoDB requests, read units and write units of each story.

A range of days takes two more requests, for the company's time zone. All other pages are one query and two batch
reads: of the invoices, and of their customers.
"""


class Tells(Protocol):
    """Plays one story to its end, and stores its cost."""

    def __call__(self, name: str, do: Callable[[], Any]) -> Any: ...


def review(stage: Stage, tells: Tells, customers: list[str]) -> None:
    """Plays the stories of drafts and of lists. `customers` are in Stripe, one for each draft of a batch."""
    saved, post, get = (partial(_ok, stage, method) for method in ("PUT", "POST", "GET"))
    kept_lines, dropped_lines, added_lines = (
        [_line(f"svc_{what}_{number}") for number in range(LINES_CHANGED)] for what in ("kept", "dropped", "added")
    )
    body = {"customerId": "cust_2", "lineItems": [*kept_lines, *dropped_lines], "send": False}
    draft = post("/invoices", body)
    stage.settle()
    tells(EDITED, lambda: saved(f"/invoices/{draft['id']}", {"lineItems": [*kept_lines, *added_lines]}))

    wrong = post("/invoices", {"customerId": "cust_2", "lineItems": [_line("svc_wrong")]})
    stage.settle()

    def correct() -> None:
        copy = post(f"/invoices/{wrong['id']}/correct", {"confirmed": True})
        post(f"/invoices/{copy['id']}/send")

    tells(CORRECTED, correct)

    billed = [{"customerId": each, **_line(f"svc_reviewed_{each}")} for each in customers]
    batch = post("/invoice-batches", {"services": billed, "send": False})
    stage.settle()
    tells(REVIEWED, lambda: post(f"/invoice-batches/{batch['id']}/send"))
    counts = get(f"/invoice-batches/{batch['id']}")["counts"]
    assert counts["sent"] == len(customers), counts

    path = f"/invoices?first={PAGE}"
    tag = stage.office.get(path).headers["etag"]
    tells(NOTHING_CHANGED, lambda: _unchanged(stage, path, tag))
    for family, filters in NARROWED.items():
        if family == "overdue":
            _let_all_be_overdue(stage)
        page = tells(page_by(family), lambda filters=filters: get(f"{path}&{filters}"))  # type: ignore[misc]
        assert page["data"], f"no invoice fits {filters}, so the story shows nothing"


def _let_all_be_overdue(stage: Stage) -> None:
    stage.advance(UNTIL_OVERDUE * DAY)
    stage.settle()
    stage.tick("plan_day")
    stage.settle()


def _unchanged(stage: Stage, path: str, tag: str) -> None:
    answer = stage.office.get(path, headers={"If-None-Match": tag})
    assert (answer.status, answer.text) == (304, ""), answer.text


def _ok(stage: Stage, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    answer = stage.office.call(method, path, body)
    assert answer.status < 300, answer.text
    return answer.json


def _line(service: str) -> dict[str, Any]:
    return {"serviceId": service, "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00"}
