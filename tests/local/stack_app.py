"""A stand-in application for tests of the stack itself: a token check, one hop through a queue, a schedule."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
from chalice.app import AuthRequest, AuthResponse, Chalice, Rate

from chalicelib.adapters.tokens import TokenVerifier
from chalicelib.config import load_config, load_token_config
from chalicelib.domain.identity import Unauthorized

app = Chalice("stack-app", configure_logs=False)


@cache
def verifier() -> TokenVerifier:
    """Returns the verifier of this process, which caches the keys."""
    return TokenVerifier(load_token_config())


@app.authorizer()
def authorize(request: AuthRequest) -> AuthResponse:
    try:
        identity = verifier().verify(request.token.removeprefix("Bearer "))
    except Unauthorized as error:
        raise Exception("Unauthorized") from error
    context = {"organization": identity.organization_id, "roles": " ".join(sorted(identity.roles))}
    return AuthResponse(routes=["*"], principal_id=identity.user_id, context=context)


@app.route("/v1/health", methods=["GET"])
def health() -> dict[str, str]:
    return {"stage": load_config().stage}


@app.route("/v1/jobs", methods=["POST"], authorizer=authorize)
def start_job() -> dict[str, Any]:
    context = app.current_request.context["authorizer"]
    boto3.client("sqs").send_message(
        QueueUrl=os.environ["CUSTOMER_SYNC_QUEUE_URL"],
        MessageBody=context["organization"],
        MessageGroupId="jobs",
        MessageDeduplicationId=app.lambda_context.aws_request_id,
    )
    return dict(context)


@app.on_sqs_message(queue="customer-sync.fifo", batch_size=5)
def customer_sync(event: Any) -> None:
    for record in event:
        boto3.client("sqs").send_message(QueueUrl=os.environ["RECONCILE_QUEUE_URL"], MessageBody=record.body)


@app.on_sqs_message(queue="reconcile", batch_size=1)
def reconcile_account(event: Any) -> None:
    """Consume."""


@app.schedule(Rate(10, unit=Rate.MINUTES))
def plan_reconciliation(event: Any) -> dict[str, str]:
    return {"detailType": event.detail_type}
