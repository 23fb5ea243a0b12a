"""Our Lambdas over the embedded AWS and the Stripe double, all in one process, so that a tracer can follow them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.adapters.tables import versions
from chalicelib.functions import QUEUE_TRIGGERS, Secret
from infra.local import resources
from infra.local.aws import embedded_aws
from infra.local.event_sources import EventSourceMapping, lambda_context, mappings
from infra.local.settings import StripeSecret
from tests.trips.tracer import Trip, traced
from tests.world import OFFICE, ORGANIZATION, WEBHOOK_SECRET, World

SETTINGS = {
    "POM_STAGE": "test",
    "POM_TABLE_PREFIX": "trips-",
    **{secret.id_variable: f"stripe-{secret}" for secret in Secret},
    "EVENT_BUS_NAME": "changes",
    "UNPUBLISHED_CHANGES_QUEUE_URL": "https://sqs.example.test/unpublished-changes",
    "PUBLIC_API_URL": "https://api.example.test/v1",
    "POM_SETTINGS_URL": "https://pom.example.test/settings/apps",
    "POWERTOOLS_METRICS_DISABLED": "true",
}
OFFICE_IDENTITY = {"organizationId": ORGANIZATION, "userId": OFFICE, "roles": "billing"}
"""The context that the authorizer passes to the API's function."""


class Deployed(World):
    """The small world as it is deployed: webhooks reach the API, and messages reach the workers through SQS."""

    def __init__(self, queues: Mapping[str, EventSourceMapping]) -> None:
        super().__init__()
        self._queues = queues
        self._clock = self.ports.clock
        self.deaf = False
        """Whether webhooks get lost on their way."""
        self.paid = Trip()
        """The trip of the latest webhook that tells of a paid invoice."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the block runs, the Lambdas call this world's Stripe and read its clock."""
        gateway = StripeGateway(self.client, self._clock)
        with (
            patch.object(bootstrap, "SystemClock", lambda: self._clock),
            patch.object(bootstrap.Adapters, "_new_gateway", lambda *_: gateway),
        ):
            self.ports = bootstrap.ports()  # type: ignore[assignment]
            yield

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self.deaf:
            return 200
        with traced() if json.loads(body)["type"] == "invoice.paid" else nullcontext(self.paid) as self.paid:
            answer = request("POST", "/v1/stripe/webhooks", body, headers=headers)
        return int(answer["statusCode"])

    def ask(self, method: str, resource: str, body: Any, **parameters: str) -> Trip:
        """One request of somebody in the office, which must be served."""
        raw = json.dumps(body).encode()
        with traced() as trip:
            answer = request(method, resource, raw, parameters=parameters, identity=OFFICE_IDENTITY)
        assert answer["statusCode"] < 300, answer
        return trip

    def handle(self, handler: str) -> Trip:
        """One batch of messages; all of them must be done."""
        with traced() as trip:
            outcome = self._queues[handler].poll()
        assert (outcome.succeeded > 0, outcome.failed) == (True, 0), handler
        return trip

    def work(self) -> None:
        """The workers take what is queued, until nothing is."""
        while any(queue.poll().succeeded for queue in self._queues.values()):
            pass


def request(
    method: str,
    resource: str,
    body: bytes,
    *,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    identity: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns the response of the API's function to a request in API Gateway's form."""
    sent = {"content-type": "application/json", **{name.lower(): value for name, value in (headers or {}).items()}}
    event = {
        "requestContext": {"httpMethod": method, "resourcePath": resource, "requestId": "r", "authorizer": identity},
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(parameters or {}),
        "stageVariables": None,
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    answer: dict[str, Any] = app(event, lambda_context("api-handler"))
    return answer


@contextmanager
def deployed() -> Iterator[Deployed]:
    """A deployment with nobody in it."""
    with embedded_aws(), patch.dict(os.environ, SETTINGS):
        resources.create_tables(SETTINGS["POM_TABLE_PREFIX"])
        urls = resources.create_queues(SETTINGS["POM_TABLE_PREFIX"])
        stored = StripeSecret("sk", "ca", (WEBHOOK_SECRET,))
        for secret in Secret:
            resources.store_secret(SETTINGS[secret.id_variable], stored.text(secret))
        os.environ.update(resources.queue_environment(urls))
        by_handler = mappings(app, {name: urls[trigger.queue] for name, trigger in QUEUE_TRIGGERS.items()})
        world = Deployed({each.name: each for each in by_handler})
        with _nothing_built_before_or_after(), _only_errors_logged(), world.running():
            yield world


@contextmanager
def _nothing_built_before_or_after() -> Iterator[None]:
    builders = (bootstrap.config, bootstrap._adapters, bootstrap.webhook_opener, versions.has_version)
    for builder in builders:
        builder.cache_clear()
    try:
        yield
    finally:
        for builder in builders:
            builder.cache_clear()


@contextmanager
def _only_errors_logged() -> Iterator[None]:
    log = logging.getLogger("pom-stripe")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
