"""Keeps the latest state of each object that POM-Stripe tells of: an example to copy. Run it with QUEUE_URL set.

An event may arrive twice, and after a later one. So an event is applied only if its version is higher than the stored
one. A deleted object keeps its row: without it, a late event would bring the object back.
"""

import json
import logging
import os
import sqlite3

import boto3

TABLE = """CREATE TABLE IF NOT EXISTS objects (
    organization TEXT, kind TEXT, id TEXT, version INTEGER NOT NULL, status TEXT, object TEXT,
    PRIMARY KEY (organization, kind, id))"""
NEWER = """INSERT INTO objects VALUES (:organizationId, :objectKind, :objectId, :version, :status, :object)
    ON CONFLICT DO UPDATE SET version = excluded.version, status = excluded.status, object = excluded.object
    WHERE excluded.version > objects.version"""


def apply(database, event):
    """Stores the object of an event. Returns False if this version or a later one is stored already."""
    detail = event["detail"]
    shown = json.dumps(detail["object"]) if detail["object"] is not None else None
    with database:
        return database.execute(NEWER, {**detail, "object": shown}).rowcount == 1


def drain(queue, queue_url, database):
    """Applies the messages of one receive and returns how many were received.

    A message that cannot be applied is logged and comes again. After the fifth time, SQS moves it to `Failed`.
    """
    messages = queue.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        try:
            apply(database, json.loads(message["Body"]))
        except Exception:
            logging.exception("message %s was not applied", message["MessageId"])
        else:
            queue.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return len(messages)


if __name__ == "__main__":
    state, sqs = sqlite3.connect(os.environ.get("DATABASE", "changes.db")), boto3.client("sqs")
    state.execute(TABLE)
    while True:
        drain(sqs, os.environ["QUEUE_URL"], state)
