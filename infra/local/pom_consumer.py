"""POM as a consumer of the bus: stores the latest version of each object, and prints each event that it received.

The function that stores the objects is in the example that POM's engineers can copy, `docs/consumer/consumer.py`. An
event is printed unless its id came before, or a later version of its object did. One version can have several events,
such as `invoice.created` and `invoice.sent`: the first one stores the object, and each is printed. When POM receives
that a customer is erased, it also removes the person from the events in its file.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from infra.local.settings import RECEIVED_BY_POM

CONSUMER = Path(__file__).resolve().parents[2] / "docs" / "consumer" / "consumer.py"
LINES = "pom-events.log"
"""The file of the printed lines, for people."""
EVENTS = "pom-events.jsonl"
"""The file of all events in the order of arrival, for scripts. `heard` is false if POM dropped the event."""
DATABASE = "pom-events.db"
"""The file of the latest version of each object (SQLite)."""
FILES = (LINES, EVENTS, DATABASE)
"""All these files. They are deleted when the stack starts, because the state of AWS is empty then."""
LONG_POLL = 1
"""Seconds for which one receive waits, and the longest time until a stop."""
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
ERASED = "customer.erased"
WIDTH = 26
"""The length of the longest event type."""

RECEIVED_IDS = "CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY)"
NEW_ID = "INSERT OR IGNORE INTO heard VALUES (:id)"
STORED_VERSION = """SELECT version FROM objects
    WHERE organization = :organizationId AND kind = :objectKind AND id = :objectId"""

log = logging.getLogger("infra.local.pom_consumer")


class PomConsumer:
    """Receives the events of one queue and writes them to files in a directory."""

    def __init__(self, queue_url: str, directory: Path) -> None:
        self.name = "pom"
        self.origin = queue_url
        self._directory = directory
        self._sqs: Any = boto3.client("sqs")
        self._example = _example()
        self._turn = threading.Lock()
        self._paused = threading.Event()

    @property
    def paused(self) -> bool:
        """Returns True if events stay in the queue for now."""
        return self._paused.is_set()

    def pause(self) -> None:
        """Stops receiving events. Returns when the received events are stored."""
        self._paused.set()
        with self._turn:
            pass

    def resume(self) -> None:
        """Receives events again."""
        self._paused.clear()

    def idle(self) -> bool:
        """Returns True if POM has received every event of the bus."""
        response = self._sqs.get_queue_attributes(QueueUrl=self.origin, AttributeNames=list(COUNTS))
        return not any(int(response["Attributes"][name]) for name in COUNTS)

    def run(self, stop: threading.Event) -> None:
        """Receives events until `stop` is set."""
        while not stop.is_set():
            if self.paused:
                stop.wait(LONG_POLL / 10)
                continue
            try:
                with self._turn:
                    self.receive(LONG_POLL)
            except Exception:  # POM must continue after any error, and the queue delivers unstored events again
                if not stop.is_set():
                    log.exception("the received events could not be stored")
                stop.wait(LONG_POLL)

    def receive(self, wait: int = 0) -> int:
        """Receives events once, waiting at most `wait` seconds. Returns their number."""
        response = self._sqs.receive_message(QueueUrl=self.origin, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        messages = response.get("Messages", [])
        if messages:
            self._store([json.loads(message["Body"]) for message in messages])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self.origin, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _store(self, events: list[Any]) -> None:
        # A connection of SQLite belongs to its thread. Opening one takes less than a millisecond.
        database = sqlite3.connect(self._directory / DATABASE)
        try:
            database.execute(self._example.OVERWRITES_WHAT_IT_DELETES)
            database.execute(self._example.TABLE)
            database.execute(RECEIVED_IDS)
            with (
                (self._directory / LINES).open("a") as lines_file,
                (self._directory / EVENTS).open("a") as events_file,
            ):
                for event in events:
                    is_stored = self._store_object(database, event)
                    event_without_person = self._without_erased(database, event)
                    events_file.write(json.dumps({**event_without_person, "heard": is_stored}) + "\n")
                    if is_stored:
                        lines_file.write(line(event) + "\n")
            if any(event["detail"]["type"] == ERASED for event in events):
                self._forget(database)
        finally:
            database.close()

    def _forget(self, database: sqlite3.Connection) -> None:
        """Removes persons who are erased by now from the events in the file."""
        file = self._directory / EVENTS
        new_path = file.with_suffix(".new")
        with file.open() as events_file, new_path.open("w") as new_file:
            for each in events_file:
                new_file.write(json.dumps(self._without_erased(database, json.loads(each))) + "\n")
        new_path.replace(file)

    def _without_erased(self, database: sqlite3.Connection, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the event without the person, if POM has received that the customer is erased."""
        detail, content = event["detail"], event["detail"]["object"]
        if content is None:
            return event
        if self._example.shows_erased_customer(database, detail):
            content = self._example.for_books(content)
        elif detail["objectKind"] == "customer" and self._example.is_erased_customer(
            database, detail, detail["objectId"]
        ):
            content = None
        return {**event, "detail": {**detail, "object": content}}

    def _store_object(self, database: sqlite3.Connection, event: Mapping[str, Any]) -> bool:
        """Stores the object. Returns False if the event came before, or if it is older than the stored object."""
        detail = event["detail"]
        self._example.apply(database, event)
        [stored_version] = database.execute(STORED_VERSION, detail).fetchone()
        if stored_version > detail["version"]:
            return False
        with database:
            return database.execute(NEW_ID, detail).rowcount == 1


def pom_consumer(directory: Path) -> PomConsumer:
    """Returns a consumer of the queue that the local stack has created for POM."""
    directory.mkdir(parents=True, exist_ok=True)
    queue = boto3.client("sqs").get_queue_url(QueueName=RECEIVED_BY_POM)
    return PomConsumer(queue["QueueUrl"], directory)


def line(event: Mapping[str, Any]) -> str:
    """Returns the printed line of an event, such as `POM received  invoice.paid  INV-0001  pending → paid`."""
    detail = event["detail"]
    content = detail["object"] or {}
    states = [detail["previousStatus"], "deleted" if detail["deleted"] else detail["status"]]
    return "  ".join(
        (
            "POM received",
            f"{detail['type']:<{WIDTH}}",
            f"{content.get('number') or detail['objectId']}",
            " → ".join(str(state) for state in states if state is not None),
        )
    )


def _example() -> Any:
    """Returns the example as a module, with its function `apply` and the statement that creates its table."""
    spec = importlib.util.spec_from_file_location("consumer", CONSUMER)
    if spec is None or spec.loader is None:
        raise ImportError(f"{CONSUMER} cannot be loaded")
    consumer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(consumer)
    return consumer
