"""What POM heard along the story: the bus and the feed tell the same changes, and both end where the API stands."""

from __future__ import annotations

import json
from typing import Any

from infra.demo import reading
from infra.demo.acts.reviewing import FINN, GINA
from infra.demo.acts.scene import ANN, Scene

PAGE = 100
SHOWN = 12
"""Lines of what POM heard that are shown: those of the first invoice."""


def listen(scene: Scene) -> None:
    """Compares what came over the bus with the feed, and both with the invoices."""
    say = scene.teller
    say.says("Both POM and Stripe update automatically.")
    scene.world.wait_until_delivered()
    scene.stack.wait_until_idle()
    events = [event["detail"] for event in _heard(scene)]
    listed = _listed(scene)
    say.does("GET /v1/changes, page after page, beside what POM heard on the bus meanwhile")
    of_ann = _of(scene.invoices[ANN.id], listed)
    say.table("", reading.CHANGE_COLUMNS, [reading.change_row(change) for change in of_ann[:SHOWN]])
    on_the_bus = {event["id"] for event in events}
    say.sees("Changes in the feed that were not heard", len({each["id"] for each in listed} - on_the_bus), 0)
    say.sees("Changes heard that the feed does not have", len(on_the_bus - {each["id"] for each in listed}), 0)
    story = "created, sent, payment_failed, paid, refunded, refunded"
    say.sees(f"Of the invoice of {ANN.name} POM heard", reading.milestones(of_ann), story)
    saved, changed_in_stripe = (_of(scene.invoices[f"{each.id} draft"], listed) for each in (FINN, GINA))
    say.sees(
        f"Of the draft of {FINN.name}, which was saved again", reading.milestones(saved), "created, edited, sent"
    )
    story = "created, edited, edited, sent"
    what = f"Of the draft of {GINA.name}, which was changed in Stripe and saved again"
    say.sees(what, reading.milestones(changed_in_stripe), story)
    again = sum(reading.reason_became_known(change) for change in of_ann)
    say.sees("Its one failed attempt was told again only if the reason came later, and then once", again <= 1, True)
    in_stripe = {each["id"] for each in _every(scene, f"/customers?first={PAGE}") if each["syncStatus"] == "synced"}
    customers = {each["objectId"]: each["status"] for each in sorted(events, key=_version) if _is_of_customer(each)}
    heard_of = {each for each, status in customers.items() if status == "synced"}
    say.sees("Customers that are in Stripe, and POM heard otherwise", len(in_stripe ^ heard_of), 0)
    shown = {each["id"]: each["status"] for each in _every(scene, f"/invoices?first={PAGE}")}
    latest = {
        each["objectId"]: each["status"] for each in sorted(events, key=_version) if each["objectKind"] == "invoice"
    }
    say.sees("Invoices whose status POM knows otherwise than the API", _differences(latest, shown), 0)
    say.tells(f"{len(listed)} changes, of {len(latest)} invoices and what belongs to them; no list was polled.")


def _heard(scene: Scene) -> list[Any]:
    return [json.loads(line) for line in scene.stack.heard_events.read_text().splitlines()]


def _listed(scene: Scene) -> list[Any]:
    """Returns every change of the feed, the oldest first."""
    changes: list[Any] = []
    page = scene.office.get(f"/changes?first={PAGE}")
    while True:
        changes += page["data"]
        if not page["pageInfo"]["hasNextPage"]:
            return changes
        page = scene.office.get(f"/changes?first={PAGE}&after={page['pageInfo']['endCursor']}")


def _of(object_id: str, changes: list[Any]) -> list[Any]:
    return [change for change in changes if change["objectId"] == object_id]


def _is_of_customer(event: Any) -> bool:
    return bool(event["objectKind"] == "customer")


def _every(scene: Scene, path: str) -> list[Any]:
    rows: list[Any] = []
    page = scene.office.get(path)
    while True:
        rows += page["data"]
        if not page["pageInfo"]["hasNextPage"]:
            return rows
        page = scene.office.get(f"{path}&after={page['pageInfo']['endCursor']}")


def _version(event: Any) -> int:
    return int(event["version"])


def _differences(latest: dict[str, str], shown: dict[str, str]) -> int:
    """Returns how many invoices have another status at POM than in the API, or are known to one of them only."""
    return sum(latest.get(each) != shown.get(each) for each in latest.keys() | shown.keys())
