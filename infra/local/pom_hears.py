"""POM as a consumer of the bus: it keeps the latest version of each object, and says in a line what it hears.

The function that keeps the objects is that of the program that POM's engineers can copy, `docs/consumer/consumer.py`.
An event is printed unless its id came before, or a later version of its object did. One version can have several
events, such as `invoice.created` and `invoice.sent`: the first of them stores the object, and each is printed. When
POM hears that a customer is erased, it takes the person out of the events in its file, too.
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

from infra.local.settings import HEARD_BY_POM

CONSUMER = Path(__file__).resolve().parents[2] / "docs" / "consumer" / "consumer.py"
LINES = "pom-hears.log"
"""The file of the lines, for people."""
EVENTS = "pom-hears.jsonl"
"""The file of every event in the order of arrival, for scripts. `heard` is false if an event was dropped."""
DATABASE = "pom-hears.db"
"""The file of the latest version of each object (SQLite)."""
HEARD = (LINES, EVENTS, DATABASE)
"""All of them; they end with the stack, as the state of AWS does."""
LONG_POLL = 1
"""Seconds for which one receive waits; also how long a stop may take."""
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
ERASED = "customer.erased"
WIDTH = 26
"""Characters of the longest type."""

HEARD_IDS = "CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY)"
NEW_ID = "INSERT OR IGNORE INTO heard VALUES (:id)"
STORED_VERSION = """SELECT version FROM objects
    WHERE organization = :organizationId AND kind = :objectKind AND id = :objectId"""

log = logging.getLogger("infra.local.pom_hears")


class PomHears:
    """Receives the events of one queue and writes what POM hears to a directory."""

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
        """Whether events are left in the queue for now."""
        return self._paused.is_set()

    def pause(self) -> None:
        """Takes no more events. Returns when those under way are kept."""
        self._paused.set()
        with self._turn:
            pass

    def resume(self) -> None:
        """Takes events again."""
        self._paused.clear()

    def idle(self) -> bool:
        """Returns True if POM has heard everything that was put on the bus."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self.origin, AttributeNames=list(COUNTS))
        return not any(int(answer["Attributes"][name]) for name in COUNTS)

    def run(self, stop: threading.Event) -> None:
        """Listens until `stop` is set."""
        while not stop.is_set():
            if self.paused:
                stop.wait(LONG_POLL / 10)
                continue
            try:
                with self._turn:
                    self.listen(LONG_POLL)
            except Exception:  # whatever it is, POM must not stop listening; what was not kept comes again
                if not stop.is_set():
                    log.exception("what was heard could not be kept")
                stop.wait(LONG_POLL)

    def listen(self, wait: int = 0) -> int:
        """Receives events once, waiting for them for at most `wait` seconds. Returns how many came."""
        received = self._sqs.receive_message(QueueUrl=self.origin, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        messages = received.get("Messages", [])
        if messages:
            self._keep([json.loads(message["Body"]) for message in messages])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self.origin, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _keep(self, events: list[Any]) -> None:
        # A connection belongs to its thread. Opening one takes less than a millisecond.
        database = sqlite3.connect(self._directory / DATABASE)
        try:
            database.execute(self._example.OVERWRITES_WHAT_IT_DELETES)
            database.execute(self._example.TABLE)
            database.execute(HEARD_IDS)
            with (self._directory / LINES).open("a") as lines, (self._directory / EVENTS).open("a") as arrived:
                for event in events:
                    heard = self._hears(database, event)
                    kept = self._without_erased(database, event)
                    arrived.write(json.dumps({**kept, "heard": heard}) + "\n")
                    if heard:
                        lines.write(line(event) + "\n")
            if any(event["detail"]["type"] == ERASED for event in events):
                self._forget(database)
        finally:
            database.close()

    def _forget(self, database: sqlite3.Connection) -> None:
        """Takes the persons who are erased by now out of the events in the file."""
        file = self._directory / EVENTS
        forgotten = file.with_suffix(".new")
        with file.open() as arrived, forgotten.open("w") as kept:
            for each in arrived:
                kept.write(json.dumps(self._without_erased(database, json.loads(each))) + "\n")
        forgotten.replace(file)

    def _without_erased(self, database: sqlite3.Connection, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the event without the person, if POM has heard that the customer is erased."""
        detail, shown = event["detail"], event["detail"]["object"]
        if shown is None:
            return event
        if self._example.shows_erased_customer(database, detail):
            shown = self._example.for_books(shown)
        elif detail["objectKind"] == "customer" and self._example.is_erased_customer(
            database, detail, detail["objectId"]
        ):
            shown = None
        return {**event, "detail": {**detail, "object": shown}}

    def _hears(self, database: sqlite3.Connection, event: Mapping[str, Any]) -> bool:
        """Stores the object. Returns False if the event came before, or after a later version of the object."""
        detail = event["detail"]
        self._example.apply(database, event)
        [stored] = database.execute(STORED_VERSION, detail).fetchone()
        if stored > detail["version"]:
            return False
        with database:
            return database.execute(NEW_ID, detail).rowcount == 1


def listening(directory: Path) -> PomHears:
    """Returns POM at the queue that the local stack has made for it."""
    directory.mkdir(parents=True, exist_ok=True)
    queue = boto3.client("sqs").get_queue_url(QueueName=HEARD_BY_POM)
    return PomHears(queue["QueueUrl"], directory)


def line(event: Mapping[str, Any]) -> str:
    """Returns what POM hears, such as `POM hears  invoice.paid  INV-0001  pending → paid`."""
    detail = event["detail"]
    shown = detail["object"] or {}
    states = [detail["previousStatus"], "deleted" if detail["deleted"] else detail["status"]]
    return "  ".join(
        (
            "POM hears",
            f"{detail['type']:<{WIDTH}}",
            f"{shown.get('number') or detail['objectId']}",
            " → ".join(str(state) for state in states if state is not None),
        )
    )


def _example() -> Any:
    """Returns the example as a module: the function that applies an event, and the statement that makes its table."""
    spec = importlib.util.spec_from_file_location("consumer", CONSUMER)
    if spec is None or spec.loader is None:
        raise ImportError(f"{CONSUMER} cannot be loaded")
    consumer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(consumer)
    return consumer
