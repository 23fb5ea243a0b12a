"""Stores the latest state of each object of POM-Stripe's events: an example to copy. Run it with QUEUE_URL set.

An event can arrive twice, and after a later one, so an event is applied only if its version is higher than the stored
one. The row of a deleted object is kept, because otherwise a late event would create the object again. After POM has
erased a customer, the customer's invoices keep only the fields that the books need.
"""

import json
import logging
import os
import sqlite3

import boto3

OVERWRITES_WHAT_IT_DELETES = "PRAGMA secure_delete = ON"
TABLE = """CREATE TABLE IF NOT EXISTS objects (
    organization TEXT, kind TEXT, id TEXT, version INTEGER NOT NULL, status TEXT, object TEXT,
    PRIMARY KEY (organization, kind, id))"""
STORE_IF_NEWER = """INSERT INTO objects VALUES (:organizationId, :objectKind, :objectId, :version, :status, :object)
    ON CONFLICT DO UPDATE SET version = excluded.version, status = excluded.status, object = excluded.object
    WHERE excluded.version > objects.version"""
IS_ERASED = """SELECT 1 FROM objects
    WHERE organization = :organizationId AND kind = 'customer' AND id = :customerId AND object IS NULL"""
INVOICES_WITH_PERSON = """SELECT id, object FROM objects WHERE organization = :organizationId AND kind = 'invoice'
    AND json_extract(object, '$.customerId') = :objectId AND json_extract(object, '$.erasedAt') IS NULL"""
REPLACE_INVOICE = "UPDATE objects SET object = ? WHERE organization = ? AND kind = 'invoice' AND id = ?"
FOR_BOOKS = ("id", "customerId", "number", "status", "currency", "total", "paidAmount", "refundedAmount", "paidOn")


def apply(database, event):
    """Stores the object of an event. Returns False if this version or a later one is already stored."""
    detail, api_object = event["detail"], event["detail"]["object"]
    with database:
        if api_object is not None and shows_erased_customer(database, detail):
            api_object = for_books(api_object)
        row = {**detail, "object": json.dumps(api_object) if api_object is not None else None}
        is_applied = database.execute(STORE_IF_NEWER, row).rowcount == 1
        if detail["type"] == "customer.erased":
            for invoice_id, stored_invoice in database.execute(INVOICES_WITH_PERSON, detail).fetchall():
                reduced_invoice = json.dumps(for_books(json.loads(stored_invoice)))
                database.execute(REPLACE_INVOICE, (reduced_invoice, detail["organizationId"], invoice_id))
        return is_applied


def shows_erased_customer(database, detail):
    """Returns True if the event has an invoice with data of an erased customer, published before the erasure."""
    invoice = detail["object"]
    if detail["objectKind"] != "invoice" or invoice.get("erasedAt") is not None:
        return False
    return is_erased_customer(database, detail, invoice["customerId"])


def is_erased_customer(database, detail, customer_id):
    """Returns True if POM has erased this customer of the event's organization."""
    return database.execute(IS_ERASED, {**detail, "customerId": customer_id}).fetchone() is not None


def for_books(invoice):
    """Returns an invoice of an erased customer with only the fields that the books need."""
    lines = [{"serviceId": line["serviceId"], "amount": line["amount"]} for line in invoice["lineItems"]]
    return {**{name: invoice[name] for name in FOR_BOOKS}, "lineItems": lines}


def drain(queue, queue_url, database):
    """Applies the messages of one receive and returns how many were received.

    A message that cannot be applied is logged and received again. After the fifth time, SQS moves it to `Failed`.
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
    state.execute(OVERWRITES_WHAT_IT_DELETES)
    state.execute(TABLE)
    while True:
        drain(sqs, os.environ["QUEUE_URL"], state)
