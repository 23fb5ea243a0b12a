"""A small Chalice application with one of each kind of handler that the local stack serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Chalice, Rate, Response


def sample_app(together: int = 1, on_messages: Callable[[Any], Any] | None = None) -> Chalice:
    """A fresh application. `/v1/meet` answers once `together` requests are inside it."""
    app = Chalice("sample", configure_logs=False)
    meeting = threading.Barrier(together)

    @app.authorizer()
    def only_good(request: AuthRequest) -> AuthResponse:
        if request.token == "Bearer a.good.z":
            return AuthResponse(routes=["*"], principal_id="user", context={"organization": "org_1"})
        if request.token == "Bearer a.denied.z":
            return AuthResponse(routes=[], principal_id="user")
        if "broken" in request.token:
            raise KeyError("jwks")
        raise Exception("Unauthorized")

    @app.route("/v1/echo", methods=["POST"], content_types=["application/json"])
    def echo() -> Response:
        body = app.current_request.raw_body
        return Response(body, headers={"Content-Type": "text/plain", "X-Twice": ["a", "b"]})

    @app.route("/v1/headers")
    def headers() -> Any:
        event = app.current_request.to_original_event()
        return {"headers": event["headers"], "multiValueHeaders": event["multiValueHeaders"]}

    @app.route("/v1/meet", methods=["POST"])
    def meet() -> Any:
        meeting.wait(timeout=10)
        request = app.current_request
        return {"body": request.json_body, "requestId": app.lambda_context.aws_request_id}

    @app.route("/v1/things/{thing_id}", methods=["GET", "DELETE"], authorizer=only_good)
    def thing(thing_id: str) -> Any:
        context = app.current_request.context
        return {"id": thing_id, "organization": context["authorizer"]["organization"], "query": query(app)}

    @app.on_sqs_message(queue="jobs.fifo", batch_size=3)
    def work(event: Any) -> Any:
        return on_messages(event) if on_messages else None

    @app.schedule(Rate(10, unit=Rate.MINUTES))
    def tick(event: Any) -> Any:
        return event.to_dict()

    return app


def query(app: Chalice) -> dict[str, str]:
    """The query of the current request, last values winning."""
    return dict(app.current_request.query_params or {})
