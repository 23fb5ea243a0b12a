"""The queue of unpublished changes holds ids, versions and statuses, and nothing else of the object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.unpublished_changes import UnpublishedQueue, unpublished_in
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identifiers import OrganizationId
from infra.ops.unpublished import read

URL = "http://sqs.test/unpublished-changes"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/pom-invoices/stream/2026-11-29T00:00:00.000"
AT = 1_700_000_000
PAID = Change(
    OrganizationId("org_1"),
    ObjectKind.INVOICE,
    "inv_ä",
    7,
    AT,
    Difference((ChangeType.INVOICE_PAID, ChangeType.INVOICE_DISPUTE_OPENED), "pending", "paid"),
)


class Sqs:
    """Records the bodies of messages, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.bodies: list[str] = []
        self._failure = failure

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 botocore's names
        assert QueueUrl == URL
        if self._failure is not None:
            raise self._failure
        self.bodies.append(MessageBody)


def queue(sqs: Sqs) -> UnpublishedQueue:
    unpublished_queue = UnpublishedQueue(URL)
    vars(unpublished_queue)["_client"] = sqs
    return unpublished_queue


def record(**images: Any) -> dict[str, Any]:
    """Returns a record as Lambda passes it on. Its images contain personal data."""
    image = {"name_key": {"S": "Dana Person"}, "packed": {"B": "A" * 300_000}, "version": {"N": "7"}}
    keys = {"organization_id": {"S": "org_1"}, "invoice_id": {"S": "inv_ä"}}
    written = {"Keys": keys, "SequenceNumber": "12", "ApproximateCreationDateTime": AT}
    stream_fields = {**written, **(images or {"OldImage": image, "NewImage": image})}
    return {"eventSourceARN": ARN, "eventName": "MODIFY", "dynamodb": stream_fields}


def queued_body(record_body: Mapping[str, Any], change: Change | None) -> str:
    sqs = Sqs()
    queue(sqs).keep(record_body, "why it is so", change)
    [body] = sqs.bodies
    return body


@pytest.mark.parametrize("change", [PAID, None], ids=["a change that was read", "a record that nobody can read"])
def test_the_queue_holds_nothing_of_the_stored_object(change: Change | None) -> None:
    body = queued_body(record(), change)
    assert set(json.loads(body)) == {"reason", "table", "keys", "version", "deleted", "at", "change"}
    assert "Dana" not in body
    assert len(body) < 600


def test_a_change_is_read_from_the_queue_as_it_was_read_from_the_stream() -> None:
    assert unpublished_in(queued_body(record(), PAID)).change == PAID


def test_an_unreadable_record_is_queued_with_its_keys_version_and_time() -> None:
    unpublished_change = unpublished_in(queued_body(record(), None))
    assert (unpublished_change.table, unpublished_change.reason) == ("pom-invoices", "why it is so")
    assert unpublished_change.keys == {"organization_id": "org_1", "invoice_id": "inv_ä"}
    assert (unpublished_change.version, unpublished_change.deleted, unpublished_change.at) == (7, False, AT)


def test_an_unreadable_deletion_is_queued_as_a_deletion_of_the_last_version() -> None:
    unpublished_change = unpublished_in(queued_body(record(OldImage={"version": {"N": "7"}}), None))
    assert (unpublished_change.version, unpublished_change.deleted) == (7, True)


def test_a_record_without_a_version_is_queued_too() -> None:
    assert unpublished_in(queued_body(record(NewImage={}), None)).version is None


def test_a_change_type_of_another_release_is_read_from_the_queue() -> None:
    newer = queued_body(record(), PAID).replace("invoice.paid", "invoice.forgiven")
    change = unpublished_in(newer).change
    assert change is not None
    assert change.difference.types[0] == "invoice.forgiven"


def test_the_operators_commands_read_what_is_queued() -> None:
    unpublished_change = read({"Body": queued_body(record(), PAID)}, "pom-")
    assert (unpublished_change.table, unpublished_change.keys, unpublished_change.reason) == (
        "invoices",
        "org_1 inv_ä",
        "why it is so",
    )


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessage"),
        EndpointConnectionError(endpoint_url="https://sqs.example"),
    ],
)
def test_a_queue_that_refuses_messages_raises_a_retryable_error(failure: Exception) -> None:
    with pytest.raises(Retryable) as caught:
        queue(Sqs(failure)).keep(record(), "why it is so", None)
    assert caught.value.code == "queue_unavailable"
    assert caught.value.__cause__ is failure
