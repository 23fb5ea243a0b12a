"""Compares the events that POM received with the feed: both have the same changes, and both agree with the API."""

from __future__ import annotations

import json
from typing import Any

from infra.demo import reading
from infra.demo.acts.reviewing import FINN, GINA
from infra.demo.acts.scene import ANN, Scene

PAGE = 100
SHOWN = 12
"""The number of changes that are shown, those of the first invoice."""


def compare_bus_and_feed(scene: Scene) -> None:
    """Compares the events of the bus with the feed, and both with the invoices of the API."""
    say = scene.narrator
    say.quotes("Both POM and Stripe update automatically.")
    scene.world.wait_until_delivered()
    scene.stack.wait_until_idle()
    events = [event["detail"] for event in _bus_events(scene)]
    feed_changes = _feed_changes(scene)
    say.does("GET /v1/changes, page after page, to compare the feed with the events that POM received on the bus")
    of_ann = _of(scene.invoices[ANN.id], feed_changes)
    say.table("", reading.CHANGE_COLUMNS, [reading.change_row(change) for change in of_ann[:SHOWN]])
    on_the_bus = {event["id"] for event in events}
    say.expects(
        "Changes in the feed that POM did not receive", len({each["id"] for each in feed_changes} - on_the_bus), 0
    )
    say.expects(
        "Changes that POM received but the feed lacks", len(on_the_bus - {each["id"] for each in feed_changes}), 0
    )
    story = "created, sent, payment_failed, paid, refunded, refunded"
    say.expects(f"Changes of the invoice of {ANN.name}", reading.milestones(of_ann), story)
    finns_draft, ginas_draft = (_of(scene.invoices[f"{each.id} draft"], feed_changes) for each in (FINN, GINA))
    say.expects(
        f"Changes of the draft of {FINN.name}, which was saved again",
        reading.milestones(finns_draft),
        "created, edited, sent",
    )
    story = "created, edited, edited, sent"
    subject = f"Changes of the draft of {GINA.name}, which was changed in Stripe and saved again"
    say.expects(subject, reading.milestones(ginas_draft), story)
    reason_repeats = sum(reading.reason_became_known(change) for change in of_ann)
    say.expects(
        "The failed attempt was published again at most once, with its reason",
        reason_repeats <= 1,
        True,
    )
    synced_ids = {each["id"] for each in _every(scene, f"/customers?first={PAGE}") if each["syncStatus"] == "synced"}
    customers = {each["objectId"]: each["status"] for each in sorted(events, key=_version) if _is_of_customer(each)}
    received_ids = {each for each, status in customers.items() if status == "synced"}
    say.expects("Customers that POM received with another status than the API's", len(synced_ids ^ received_ids), 0)
    api_statuses = {each["id"]: each["status"] for each in _every(scene, f"/invoices?first={PAGE}")}
    latest = {
        each["objectId"]: each["status"] for each in sorted(events, key=_version) if each["objectKind"] == "invoice"
    }
    say.expects(
        "Invoices that POM received with another status than the API's", _differences(latest, api_statuses), 0
    )
    say.notes(
        f"{len(feed_changes)} changes, of {len(latest)} invoices and their customers and payouts; no list was polled."
    )


def _bus_events(scene: Scene) -> list[Any]:
    return [json.loads(line) for line in scene.stack.pom_events.read_text().splitlines()]


def _feed_changes(scene: Scene) -> list[Any]:
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


def _differences(latest: dict[str, str], api_statuses: dict[str, str]) -> int:
    """Returns how many invoices have another status at POM than in the API, or exist in only one of them."""
    return sum(latest.get(each) != api_statuses.get(each) for each in latest.keys() | api_statuses.keys())
