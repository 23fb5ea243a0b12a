"""Runs in a fresh interpreter, as a Lambda does: imports `app`, then receives a signed webhook twice.

Prints as JSON: for each of the three steps, the clients created, the requests to AWS and the sockets connected; and
the packages that are loaded at the end. A replacement of botocore's sending plays AWS: it has the secret, and an
empty table.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.client import ClientCreator
from botocore.httpsession import URLLib3Session

from chalicelib.functions import Queue
from tests.signed_webhook import webhook

SECRET = "whsec_first_use"
ENVIRONMENT = {
    "POM_STAGE": "test",
    "POM_TABLE_PREFIX": "first-use-",
    **{queue.url_variable: f"https://sqs.example.test/{queue}" for queue in Queue},
    "STRIPE_WEBHOOK_SECRET_ID": "stripe",
    "EVENT_BUS_NAME": "changes",
    "UNPUBLISHED_CHANGES_QUEUE_URL": "https://sqs.example.test/unpublished-changes",
    "PUBLIC_API_URL": "https://api.example.test/v1",
    "POM_SETTINGS_URL": "https://pom.example.test/settings/apps",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
ANSWERS = {
    "GetSecretValue": {"SecretString": json.dumps({"webhookSecrets": [SECRET]})},
    "GetItem": {},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
}


class OpenedCounter:
    """Counts the clients, requests and sockets that are opened. Each step takes its counts and resets them."""

    def __init__(self) -> None:
        self._counts: dict[str, list[str]] = {}
        make, connect = ClientCreator.create_client, socket.socket.connect

        def making(creator: ClientCreator, service_name: str, *args: Any, **more: Any) -> Any:
            self._note("clients", service_name)
            return make(creator, service_name, *args, **more)

        def connecting(connection: socket.socket, address: Any) -> None:
            self._note("sockets", str(address))
            connect(connection, address)

        def sending(_: URLLib3Session, request: Any) -> AWSResponse:
            operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
            self._note("requests", operation)
            body = json.dumps(ANSWERS[operation]).encode()
            raw = SimpleNamespace(stream=lambda *_, **__: iter([body]), read=lambda: b"")
            return AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.1"}, raw)

        ClientCreator.create_client = making
        socket.socket.connect = connecting  # type: ignore[method-assign, assignment]
        URLLib3Session.send = sending

    def _note(self, kind: str, name: str) -> None:
        self._counts.setdefault(kind, []).append(name)

    def take_counts(self) -> dict[str, list[str]]:
        counts, self._counts = self._counts, {}
        return counts


def main() -> None:
    os.environ.update(ENVIRONMENT)
    counter = OpenedCounter()
    from app import app

    steps = {"import": counter.take_counts()}
    for step in ("first", "second"):
        answer = app(webhook(SECRET), SimpleNamespace(aws_request_id="1"))
        assert answer["statusCode"] == 200, answer
        steps[step] = counter.take_counts()
    packages = sorted({name.partition(".")[0] for name in sys.modules})
    print(json.dumps({"steps": steps, "packages": packages}))


if __name__ == "__main__":
    main()
