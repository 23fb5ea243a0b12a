"""The API server: the Chalice application with the behavior of API Gateway in front of it, as a WSGI application.

Run it with `python -m infra.local.api_server --port 8000`. The application's settings come from the environment.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import (
    ForbiddenError,
    LambdaContext,
    LocalGateway,
    LocalGatewayAuthorizer,
    LocalGatewayException,
    NotAuthorizedError,
)

from chalicelib.functions import API_HANDLER, BY_NAME
from infra.local import followed_clock, models
from infra.local.compression import compressed
from infra.local.cors import Cors
from infra.local.headers import KeepingChannel, header_values
from infra.local.lines import print_whole_lines
from infra.local.processes import run_until_stopped, stoppable
from infra.local.reference import WithReference
from infra.local.wsgi import Environ, RunningServer, StartResponse, serve
from infra.template.api import IDENTITY_VALIDATION
from infra.template.gateway_responses import (
    AUTHORIZER_FAILED,
    FORBIDDEN,
    NOT_FOUND,
    PAYLOAD_TOO_LARGE,
    UNAUTHORIZED,
    GatewayResponse,
)

LARGEST_BODY = 10 * 1024 * 1024
"""Bytes. API Gateway has the same limit."""
THREADS = 16
METHOD_NOT_ALLOWED = GatewayResponse(
    405,
    "method_not_allowed",
    "This address does not know that HTTP method.",
    "Check the method against /v1/openapi.json.",
)
"""A clearer response than API Gateway's, which responds with 404 if a path does not have the method."""

log = logging.getLogger("infra.local.api_server")


class RefusedError(Exception):
    """API Gateway itself sends `response` for a request."""

    def __init__(self, response: GatewayResponse) -> None:
        super().__init__(response.message)
        self.response = response


def per_thread(app: Chalice) -> Chalice:
    """Makes the application safe for several threads, each with its own current request and Lambda context.

    Chalice stores both on the application object, because in AWS one process serves one request at a time.
    """
    state = threading.local()

    def attribute(name: str) -> property:
        def read(_: Chalice) -> Any:
            return getattr(state, name, None)

        def write(_: Chalice, value: Any) -> None:
            setattr(state, name, value)

        return property(read, write)

    members = {name: attribute(name) for name in ("current_request", "lambda_context")}
    app.__class__ = type(f"PerThread{type(app).__name__}", (type(app),), members)
    return app


class _Authorizer(LocalGatewayAuthorizer):
    """Converts the authorizer's results into API Gateway's responses."""

    def authorize(self, raw_path: str, lambda_event: Any, lambda_context: Any) -> Any:
        try:
            return super().authorize(raw_path, lambda_event, lambda_context)
        except RefusedError:
            raise
        except NotAuthorizedError as error:
            raise RefusedError(UNAUTHORIZED) from error
        except ForbiddenError as error:
            raise RefusedError(FORBIDDEN) from error
        except LocalGatewayException as error:
            raise RefusedError(AUTHORIZER_FAILED) from error
        except Exception as error:
            if str(error) == "Unauthorized":  # the one message by which an authorizer Lambda asks for a 401
                raise RefusedError(UNAUTHORIZED) from error
            log.exception("the authorizer failed")
            raise RefusedError(AUTHORIZER_FAILED) from error

    def _prepare_authorizer_event(self, arn: str, lambda_event: Any, lambda_context: Any) -> Any:
        """Refuses a header that cannot contain a token, without invoking the authorizer."""
        event = super()._prepare_authorizer_event(arn, lambda_event, lambda_context)
        if not re.fullmatch(IDENTITY_VALIDATION, event["authorizationToken"]):
            raise RefusedError(UNAUTHORIZED)
        return event


class _Gateway(LocalGateway):
    """Chalice's stand-in for API Gateway, with request ids and API Gateway's handling of the authorizer."""

    def __init__(self, app: Chalice) -> None:
        function = BY_NAME[API_HANDLER]
        super().__init__(app, Config.create(lambda_timeout=function.timeout, lambda_memory_size=function.memory))
        self._authorizer = _Authorizer(app)
        self._request = threading.local()

    def methods(self, path: str) -> list[str]:
        """Returns the methods of the route at a path.

        Raises:
            RefusedError: there is no route at the path.
        """
        try:
            match = self.event_converter._route_matcher.match_route(path)
        except ValueError as error:
            raise RefusedError(NOT_FOUND) from error
        return list(self._app_object.routes[match.route])

    def call(self, method: str, path: str, headers: dict[str, list[str]], body: bytes, request_id: str) -> Any:
        """Returns the application's response to one request, as Lambda would return it.

        Like API Gateway, it passes all values of a header, and separately the last value alone.
        """
        self._request.id, self._request.headers = request_id, headers
        last = {name: values[-1] for name, values in headers.items()}
        return self.handle_request(method=method, path=path, headers=last, body=body or None)

    def _generate_lambda_event(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        event: dict[str, Any] = super()._generate_lambda_event(*arguments, **more)
        event["requestContext"]["requestId"] = self._request.id
        event["multiValueHeaders"] = self._request.headers
        return event

    def _generate_lambda_context(self) -> LambdaContext:
        context = super()._generate_lambda_context()
        context.aws_request_id = self._request.id
        return context


class ApiServer:
    """The WSGI application around one Chalice application."""

    def __init__(self, app: Chalice, *, cors_origins: Sequence[str] = ()) -> None:
        self._gateway = _Gateway(per_thread(app))
        self._cors = Cors(tuple(cors_origins))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Responds to one request. Errors of the gateway have the API's error format."""
        started_at = time.perf_counter()
        request_id = str(uuid.uuid4())
        origin = environ.get("HTTP_ORIGIN")
        try:
            status, headers, body = self._answer(environ, request_id, origin)
        except RefusedError as refused:
            status, body = refused.response.status, refused.response.body(request_id).encode()
            headers = [("Content-Type", "application/json"), *self._cors.headers(origin).items()]
        extra = {"x-amzn-RequestId": request_id}
        compressed_body = compressed(body, environ.get("HTTP_ACCEPT_ENCODING"))
        if compressed_body is not None:
            body, extra["Content-Encoding"] = compressed_body, "gzip"
        replaced_names = {name.lower() for name in extra} | {"content-length"}
        kept_headers = [(name, value) for name, value in headers if name.lower() not in replaced_names]
        reason = HTTPStatus(status).phrase
        start_response(f"{status} {reason}", [*kept_headers, *extra.items(), ("Content-Length", str(len(body)))])
        milliseconds = (time.perf_counter() - started_at) * 1000
        path = environ["PATH_INFO"]  # without the query, which may carry codes and states
        log.info("%s %s %s %.1f ms %s", environ["REQUEST_METHOD"], path, status, milliseconds, request_id)
        return [body]

    def _answer(
        self, environ: Environ, request_id: str, origin: str | None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("REQUEST_URI") or environ["PATH_INFO"]
        methods = self._gateway.methods(path)
        if method == "OPTIONS" and "OPTIONS" not in methods:
            return 204, list(self._cors.preflight(origin, methods).items()), b""
        if method not in methods:
            raise RefusedError(METHOD_NOT_ALLOWED)
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise RefusedError(PAYLOAD_TOO_LARGE)
        body = environ["wsgi.input"].read()
        response = self._gateway.call(method, path, header_values(environ), body, request_id)
        return response["statusCode"], list(_response_headers(response)), _response_body(response)


def _response_headers(response: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = {name.lower() for name in response["headers"]} | {name.lower() for name in response["multiValueHeaders"]}
    if "content-type" not in names:
        yield "Content-Type", "application/json"
    yield from response["headers"].items()
    for name, values in response["multiValueHeaders"].items():
        for value in values:
            yield name, value


def _response_body(response: dict[str, Any]) -> bytes:
    body = response.get("body") or b""
    if response.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body if isinstance(body, bytes) else str(body).encode()


@contextmanager
def serve_app(app: Chalice, port: int = 0, *, cors_origins: Sequence[str] = ()) -> Iterator[RunningServer]:
    """Serves an application on 127.0.0.1 until the block ends. Port 0 takes a free one."""
    application = WithReference(ApiServer(app, cors_origins=cors_origins))
    with serve(application, port, threads=THREADS, channel=KeepingChannel) as server:
        yield server


def load_app(reference: str) -> Chalice:
    """Imports the application `module:attribute`, makes it follow the clock, and prepares it for several threads."""
    module, _, attribute = reference.partition(":")
    app: Chalice = getattr(importlib.import_module(module), attribute or "app")
    followed_clock.follow()
    followed_clock.move_records(app)
    models.prepare()
    return app


def log_to_stderr() -> None:
    """Logs what the local stack does, and only warnings of libraries."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("infra.local").setLevel(logging.INFO)


def main(load: Callable[[str], Chalice] = load_app) -> None:
    """Serves the API until a stop is requested."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.api_server", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--app", default="app:app", help="module:attribute (default: %(default)s)")
    parser.add_argument(
        "--cors-origin", action="append", default=[], help="an origin whose pages may call the API; repeatable"
    )
    options = parser.parse_args()
    print_whole_lines()
    log_to_stderr()
    with stoppable(), serve_app(load(options.app), options.port, cors_origins=options.cors_origin) as server:
        print(f"API at {server.url}", flush=True)
        run_until_stopped()


if __name__ == "__main__":
    main()
