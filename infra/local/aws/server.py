"""The embedded AWS over HTTP: moto's WSGI application on waitress, on one loopback port, in memory only.

Run it with `python -m infra.local.aws --port 8003`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local.aws.locks import lock_for
from infra.local.aws.remedies import remedied
from infra.local.wsgi import Environ, Served, StartResponse, serve

HEALTH_PATH = "/health"
_TARGETS = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "secretsmanager": "secretsmanager"}


class EmbeddedAws:
    """Dispatches each call to moto under the lock of its service."""

    def __init__(self) -> None:
        self._dispatch = DomainDispatcherApplication(create_backend_app)
        self._services: dict[str, Any] = {name: create_backend_app(cast(Any, name)) for name in _TARGETS.values()}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one AWS call; `GET /health` answers 200 for whoever waits for the port."""
        if environ["PATH_INFO"] == HEALTH_PATH:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
            return [b"ok"]
        service = _TARGETS.get(environ.get("HTTP_X_AMZ_TARGET", "").split(".")[0], "")
        application: Callable[[Environ, StartResponse], Iterable[bytes]]
        application = self._services.get(service, self._dispatch)
        with lock_for(service):
            return list(application(environ, start_response))


@contextmanager
def served_aws(port: int = 0) -> Iterator[Served]:
    """Serve a fresh embedded AWS on 127.0.0.1; port 0 takes a free one. Stopped when the block ends."""
    with remedied(), serve(EmbeddedAws(), port, threads=16) as served:
        yield served
