"""What cannot be told is queued whole, or without its images if SQS would not take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.untold_changes import MAX_BYTES, UntoldQueue
from chalicelib.domain.errors import Retryable
from infra.ops.untold import read

URL = "http://sqs.test/untold-changes"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/pom-invoices/stream/2026-11-29T00:00:00.000"


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


def queue(sqs: Sqs) -> UntoldQueue:
    made = UntoldQueue(URL)
    vars(made)["_client"] = sqs
    return made


def record(size: int = 100) -> dict[str, Any]:
    image = {"packed": {"B": "A" * size}, "version": {"N": "7"}}
    keys = {"organization_id": {"S": "org_1"}, "invoice_id": {"S": "inv_ä"}}
    stored = {"Keys": keys, "OldImage": image, "NewImage": image, "SequenceNumber": "12", "SizeBytes": size}
    return {"eventSourceARN": ARN, "eventName": "MODIFY", "dynamodb": stored}


def kept(made: Mapping[str, Any]) -> str:
    sqs = Sqs()
    queue(sqs).keep(made, "why it is so")
    [body] = sqs.bodies
    return body


def test_a_record_is_queued_with_its_body_and_the_reason() -> None:
    assert json.loads(kept(record())) == {"reason": "why it is so", "record": record()}


def test_the_operators_commands_read_what_is_queued() -> None:
    untold = read({"Body": kept(record())}, "pom-")
    assert (untold.table, untold.keys, untold.reason) == ("invoices", "org_1 inv_ä", "why it is so")
    assert untold.record == record()


def test_of_a_record_that_is_too_large_for_sqs_the_keys_the_versions_and_the_reason_are_kept() -> None:
    body = kept(record(MAX_BYTES))
    assert len(body.encode()) < MAX_BYTES
    told = json.loads(body)
    stored = told["record"]["dynamodb"]
    assert (told["reason"], told["imagesOmitted"]) == ("why it is so", True)
    assert told["record"]["eventSourceARN"] == ARN
    assert (stored["Keys"], stored["SequenceNumber"]) == (record()["dynamodb"]["Keys"], "12")
    assert stored["OldImage"] == stored["NewImage"] == {"version": {"N": "7"}}


def test_a_record_without_its_documents_cannot_be_told_again() -> None:
    untold = read({"Body": kept(record(MAX_BYTES))}, "pom-")
    assert (untold.keys, untold.record) == ("org_1 inv_ä", None)


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessage"),
        EndpointConnectionError(endpoint_url="https://sqs.example"),
    ],
)
def test_a_queue_that_takes_nothing_is_told_as_retryable(failure: Exception) -> None:
    with pytest.raises(Retryable) as caught:
        queue(Sqs(failure)).keep(record(), "why it is so")
    assert caught.value.code == "queue_unavailable"
    assert caught.value.__cause__ is failure
