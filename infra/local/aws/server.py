"""The embedded AWS over HTTP: moto's WSGI application on waitress, on one loopback port, in memory only.

Run it with `python -m infra.local.aws --port 8003`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local.aws.locks import lock_for
from infra.local.aws.queue_metrics import queue_metrics
from infra.local.aws.remedies import patched_moto
from infra.local.wsgi import Environ, RunningServer, StartResponse, serve

HEALTH_PATH = "/health"
QUEUE_METRICS_PATH = "/queue-metrics"
THREADS = 32
"""Four queues hold one each while they wait for messages; 10 workers and the API's 16 threads never wait for one."""
_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "AmazonSQS": "sqs",
    "AWSEvents": "events",
    "secretsmanager": "secretsmanager",
}


class EmbeddedAws:
    """Dispatches each call to moto under the lock of its service."""

    def __init__(self) -> None:
        self._dispatch = DomainDispatcherApplication(create_backend_app)
        self._services: dict[str, Any] = {name: create_backend_app(cast(Any, name)) for name in _TARGETS.values()}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serves one AWS call, a health check, or the metrics of the queues as JSON."""
        if environ["PATH_INFO"] == HEALTH_PATH:
            return _respond("text/plain", b"ok", start_response)
        if environ["PATH_INFO"] == QUEUE_METRICS_PATH:
            return _respond("application/json", json.dumps(queue_metrics()).encode(), start_response)
        service = _TARGETS.get(environ.get("HTTP_X_AMZ_TARGET", "").split(".")[0], "")
        application: Callable[[Environ, StartResponse], Iterable[bytes]]
        application = self._services.get(service, self._dispatch)
        with lock_for(service):
            return list(application(environ, start_response))


def _respond(kind: str, body: bytes, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def serve_aws(port: int = 0) -> Iterator[RunningServer]:
    """Serves an empty embedded AWS on 127.0.0.1 until the block ends. Port 0 takes a free one."""
    with patched_moto(), serve(EmbeddedAws(), port, threads=THREADS) as server:
        yield server
