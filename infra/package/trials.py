"""The smallest event for each kind of function, and the expected outcome of a call without AWS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.functions import API_HANDLER, AUTHORIZER, BY_NAME, Changes, Function, Messages
from infra.template.intrinsics import Json, function_id

UNREACHABLE_URL = "http://127.0.0.1:9"
"""An address without a server. Requests to it fail at once, and never reach the network."""
ISOLATED_ENVIRONMENT = {
    "AWS_ENDPOINT_URL": UNREACHABLE_URL,
    "STRIPE_API_BASE": UNREACHABLE_URL,
    "STRIPE_CONNECT_BASE": UNREACHABLE_URL,
    "HTTPS_PROXY": UNREACHABLE_URL,
}
"""Variables in addition to the deployed environment."""
CONNECTION_REFUSED = rf"Could not connect to the endpoint URL: \"{re.escape(UNREACHABLE_URL)}"


@dataclass(frozen=True)
class Trial:
    """An event, and a pattern for the function's return value or error."""

    event: Json
    expected: str


def trials(function: Function) -> tuple[Trial, ...]:
    """Returns the trials of a function."""
    if function.name == API_HANDLER:
        return _API
    if function.name == AUTHORIZER:
        return (Trial(_TOKEN, r"^raised Exception: Unauthorized$"),)
    if function.name == "canary":
        return (Trial(_TICK, r"^answered \{'verdict': .*no_secret"),)  # it reports the fault, and does not raise
    if isinstance(function.trigger, Messages):
        return (
            Trial(_message("no message of ours"), re.escape("{'batchItemFailures': [{'itemIdentifier': 'm-1'}]}")),
        )
    if isinstance(function.trigger, Changes):
        # The change cannot be read, and the queue of unpublished changes cannot be reached, so AWS must deliver the
        # change again.
        return (Trial(_CHANGE, re.escape("{'batchItemFailures': [{'itemIdentifier': '100'}]}")),)
    return (Trial(_TICK, CONNECTION_REFUSED),)


def trials_of(logical_id: str) -> tuple[Trial, ...]:
    """Returns the trials of the function with this logical id in the template."""
    return next((trials(function) for name, function in BY_NAME.items() if function_id(name) == logical_id), ())


def _request(method: str, path: str, body: str | None = None) -> Json:
    """Returns an event of API Gateway's proxy integration."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"httpMethod": method, "resourcePath": path, "requestId": "r-1", "identity": {}},
        "body": body,
        "isBase64Encoded": False,
    }


def _message(body: str) -> Json:
    """Returns an event with one message of a queue."""
    return {
        "Records": [
            {
                "messageId": "m-1",
                "receiptHandle": "h-1",
                "body": body,
                "attributes": {"MessageGroupId": "g-1", "ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
                "awsRegion": "us-east-1",
            }
        ]
    }


_TICK: Json = {
    "version": "0",
    "id": "e-1",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}
_CHANGE: Json = {
    "Records": [
        {
            "eventID": "c-1",
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/other/stream/2026-01-01T00:00:00.000",
            "awsRegion": "us-east-1",
            "dynamodb": {"Keys": {}, "SequenceNumber": "100", "ApproximateCreationDateTime": 1767225600},
        }
    ]
}
"""A change in another system's table."""
_TOKEN: Json = {
    "type": "TOKEN",
    "methodArn": "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/v1/invoices",
    "authorizationToken": "Bearer nonsense",
}
_API = (
    Trial(_request("GET", "/v1/health"), r"'statusCode': 200.*\"status\":\"ok\""),
    Trial(_request("GET", "/v1/openapi.json"), r"'statusCode': 200.*\"openapi\":\"3\.1"),
    Trial(_request("GET", "/v1/asyncapi.json"), r"'statusCode': 200.*\"asyncapi\":\"3\.0"),
    # The secret does not exist, so Stripe is asked to send the webhook again.
    Trial(_request("POST", "/v1/stripe/webhooks", "{}"), r"'statusCode': 503.*secrets_unavailable"),
)
