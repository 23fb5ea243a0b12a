"""A simulated stage: real handlers print real metrics, and the template's alarms are evaluated on these metrics.

These parts are real: each request's way through the API, every worker and schedule, the double with its webhooks,
and the metrics in CloudWatch's embedded format. These parts are simulated: API Gateway's counts and its 429, SQS with
its retries and dead letters, and Lambda's second attempt at a tick with the queue of ticks that failed twice.
Secrets Manager is never called. The tests' stores have no streams, so `publish_changes` does not run. It counts as
invoked in each minute in which an object with published changes was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import stripe
from chalice.app import Chalice

from chalicelib import bootstrap, observability
from chalicelib.adapters.queues import SqsQueues
from chalicelib.adapters.stripe.events import signature_header
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.adapters.tokens import KeySet, TokenVerifier
from chalicelib.domain.events import API_VERSION
from chalicelib.functions import BY_NAME, QUEUE_TRIGGERS, SCHEDULE_FAILURES, Messages, Queue, Secret
from infra.local.cloudwatch.alarms import Alarm, from_template
from infra.local.cloudwatch.datapoints import Datapoint, Datapoints, Key, of_emf
from infra.local.cloudwatch.watch import MINUTE, WatchedAlarms
from infra.local.event_sources import lambda_context
from infra.local.schedules import scheduled_event, schedules
from infra.stripe_double import InProcessClient
from infra.template import RETRIES, merge_template
from infra.template.measures import API_GATEWAY, LAMBDA, SQS
from infra.template.queues import ATTEMPTS, PATIENCE
from tests.api.client import ApiClient, Response
from tests.api.conftest import CONFIG
from tests.api.tokens import CONFIG as TOKENS
from tests.api.tokens import Issuer, jwks, public_jwk
from tests.world import World

STACK = "pom-test"
DEPLOYED = from_template(merge_template()["Resources"], {"AWS::StackName": STACK, "RunBookUrl": "docs/runbooks"})
WEBHOOKS = "/stripe/webhooks"
UNLIMITED_PER_MINUTE = 10_000


@dataclass
class Waiting:
    """One message in a queue. Times are epoch seconds."""

    id: str
    body: str
    group: str
    sent_at: int
    visible_at: int
    received: int = 0


class PlayedSqs:
    """The calls of SQS that the queues' adapter makes, and the work of event source mappings."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.messages: dict[str, list[Waiting]] = {queue: [] for queue in Queue}
        self.dead: dict[str, int] = dict.fromkeys(Queue, 0)
        self._sent: set[tuple[str, str]] = set()
        self._number = 0

    def send_message(self, **parameters: str) -> None:
        group = parameters.get("MessageGroupId", "")
        deduplication_key = (
            parameters["QueueUrl"],
            f"{group}{parameters.get('MessageDeduplicationId')}{self._now() // 300}",
        )
        if group and deduplication_key in self._sent:
            return
        self._sent.add(deduplication_key)
        self._number += 1
        now = self._now()
        message = Waiting(f"message-{self._number}", parameters["MessageBody"], group or str(self._number), now, now)
        self.messages[parameters["QueueUrl"].rpartition("/")[2]].append(message)

    def send_message_batch(self, **parameters: Any) -> dict[str, Any]:
        for entry in parameters["Entries"]:
            self.send_message(QueueUrl=parameters["QueueUrl"], MessageBody=entry["MessageBody"])
        return {}

    def batch(self, queue: Queue, size: int) -> list[Waiting]:
        """Receives up to `size` messages, at most one of each FIFO group.

        A message that was received too often becomes a dead letter first.
        """
        now, waiting = self._now(), self.messages[queue]
        for each in [each for each in waiting if each.received >= ATTEMPTS and each.visible_at <= now]:
            waiting.remove(each)
            self.dead[queue] += 1
        first: dict[str, Waiting] = {}
        for each in waiting:
            first.setdefault(each.group, each)
        return [each for each in first.values() if each.visible_at <= now][:size]

    def metrics(self) -> Iterator[tuple[str, str, float]]:
        """Yields SQS's metrics of each queue: the metric's name, the queue, and the value."""
        for queue, waiting in self.messages.items():
            oldest = min((each.sent_at for each in waiting), default=self._now())
            yield "ApproximateAgeOfOldestMessage", queue, float(self._now() - oldest)
            yield "ApproximateNumberOfMessagesVisible", Queue(queue).dead_letter, float(self.dead[queue])


class ObservedDouble(InProcessClient):
    """A client of the double that reports each attempt to the metrics, as the deployed functions' client does."""

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> tuple[str, int, Mapping[str, str]]:
        result = super().request(method, url, *arguments, **options)
        observability.stripe_called(method, url.partition("/v1")[1] + url.partition("/v1")[2], result[1], 0.1)
        return result


class PlayedWorld(World):
    """A world in which webhooks are posted to the API."""

    post_webhook: Callable[[bytes, Mapping[str, str]], int] = staticmethod(lambda body, headers: 200)

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return self.post_webhook(body, headers)


@dataclass
class Stage:
    """The deployed application on a clock that stands still until `pass_minutes` advances it.

    While it is `flooded`, Stripe's webhooks get 429. While it is `down`, all webhooks get 503. `unmapped` are the
    workers that are not invoked, and `paused` are the schedules that do not fire. `capacity` is the number of
    messages of a queue that are processed in a minute.
    """

    app: Chalice
    world: PlayedWorld
    read_output: Callable[[], str]
    sqs: PlayedSqs
    datapoints: Datapoints = field(default_factory=Datapoints)
    flooded: bool = False
    down: bool = False
    unmapped: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    failed_ticks: int = 0
    capacity: dict[Queue, int] = field(default_factory=dict)
    minutes: int = 0
    _versions: Any = None

    @property
    def now(self) -> int:
        return self.world.ports.clock.now()

    @property
    def api(self) -> ApiClient:
        """Returns a client with the role billing."""
        return ApiClient(self.app, Issuer())

    # Requests, as API Gateway counts them

    def counted_response(self, result: Response) -> Response:
        """Counts the response to a request, and returns the response."""
        self.gateway(result.status)
        return result

    def webhook(self, body: bytes, headers: Mapping[str, str], *, by_outsider: bool = False) -> int:
        """Posts to the webhooks' route and returns the status. In a flood, outsiders' posts use up its rate."""
        if self.down:
            self.gateway(503)
            return 503
        if self.flooded and not by_outsider:
            self.gateway(429)
            return 429
        return self.counted_response(self.api.post(WEBHOOKS, body, token=None, headers=dict(headers))).status

    def gateway(self, status: int) -> None:
        """Counts a response with this status, which may come from API Gateway itself."""
        for name, value in (("Count", 1.0), ("5XXError", float(status >= 500))):
            self._measure(Key.of(API_GATEWAY, name, {"ApiName": STACK}), value)

    # Time

    def pass_minutes(self, minutes: int, act: Callable[[int], None] = lambda minute: None) -> None:
        """Lets minutes pass. In each, schedules fire, `act` is called with the minute's number, and workers run."""
        for number in range(minutes):
            for each in schedules(self.app):
                if self.minutes * MINUTE % (each.interval or 0) == 0 and each.name not in self.paused:
                    self._tick(each.name)
            act(number)
            self.world.double.drain()
            self._work()
            self._publish()
            for name, queue, value in self.sqs.metrics():
                self._measure(Key.of(SQS, name, {"QueueName": f"{STACK}-{queue}"}), value)
            name = {"QueueName": f"{STACK}-{SCHEDULE_FAILURES}"}
            self._measure(Key.of(SQS, "ApproximateNumberOfMessagesVisible", name), float(self.failed_ticks))
            self._store_printed_metrics()
            self.world.advance(MINUTE)
            self.minutes += 1

    def _tick(self, schedule: str) -> None:
        """Fires a schedule. If the function fails, Lambda invokes it again, and then queues the tick as failed."""
        tries = (self._invoke(schedule, scheduled_event(schedule)) for _ in range(1 + RETRIES))
        self.failed_ticks += all(result is None for result in tries)

    def _work(self) -> None:
        for worker, trigger in QUEUE_TRIGGERS.items():
            capacity_left = self.capacity.get(trigger.queue, UNLIMITED_PER_MINUTE)
            while worker not in self.unmapped and capacity_left > 0:
                batch = self.sqs.batch(trigger.queue, min(trigger.batch_size, capacity_left))
                if not batch:
                    break
                capacity_left -= len(batch)
                self._invoke_with_batch(worker, trigger, batch)

    def _invoke_with_batch(self, worker: str, trigger: Messages, batch: Sequence[Waiting]) -> None:
        records = [
            {
                "messageId": each.id,
                "body": each.body,
                "attributes": {"MessageGroupId": each.group},
                "eventSource": "aws:sqs",
            }
            for each in batch
        ]
        for each in batch:
            each.received += 1
            each.visible_at = self.now + PATIENCE * BY_NAME[worker].timeout
        result = self._invoke(worker, {"Records": records})
        failed_ids = (
            {each["itemIdentifier"] for each in result["batchItemFailures"]} if result else {e.id for e in batch}
        )
        for each in batch:
            if each.id not in failed_ids:
                self.sqs.messages[trigger.queue].remove(each)

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Returns the handler's result, or None if it raised."""
        try:
            result, error_count = self.app.handler_map[function](event, lambda_context(function)), 0.0
        except Exception:  # noqa: BLE001 Lambda counts it, whatever it is
            result, error_count = None, 1.0
        self._lambda("Invocations", function, 1.0)
        self._lambda("Errors", function, error_count)
        return result

    def _publish(self) -> None:
        database = self.world.ports.database
        streams = (database.invoices, database.customers, database.connections, database.payouts)
        versions = [{key: each.version for key, each in objects.items()} for objects in streams]
        if versions != self._versions and "publish_changes" not in self.unmapped:
            self._lambda("Invocations", "publish_changes", 1.0)
            observability.changes_published(published=1, reasons=[], repeats=False)
        self._versions = versions

    def _lambda(self, metric: str, function: str, value: float) -> None:
        self._measure(Key.of(LAMBDA, metric, {"FunctionName": f"{STACK}-{function.replace('_', '-')}"}), value)

    def _measure(self, key: Key, value: float) -> None:
        self.datapoints.add([Datapoint(key, float(self.now), value)])

    def _store_printed_metrics(self) -> None:
        """Stores the metrics that the handlers have printed, at the stage's time instead of the printed time."""
        for line in self.read_output().splitlines():
            for _, key, value in of_emf(line):
                self._measure(key, value)

    # Alarms

    def minutes_in_alarm(self, since: int = 0, **changed: Alarm) -> dict[str, int]:
        """Returns each alarm that notified a person after the minute `since`, with the first minute in which it did.

        The alarms in `changed` replace the template's alarms of the same names.
        """
        alarms = WatchedAlarms({**DEPLOYED, **changed})
        first_minutes: dict[str, int] = {}
        began = self.now - self.minutes * MINUTE
        for minute in range(since + 1, self.minutes + 1):
            alarms.judge(self.datapoints, began + minute * MINUTE)
            for name in alarms.notifying():
                first_minutes.setdefault(name, minute)
        return first_minutes


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    """Yields a stage with one connected organization, after half an hour without events."""
    from app import app

    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    world = PlayedWorld()
    clock = world.ports.clock
    world.client = stripe.StripeClient(
        world.double.config.platform_key_test,
        client_id=world.double.config.client_id_test,
        stripe_version=API_VERSION,
        http_client=ObservedDouble(world.double),
    )
    world.ports.stripe = StripeGateway(world.client, clock)
    sqs = PlayedSqs(clock.now)
    queues = SqsQueues({queue: f"https://sqs.test/{queue}" for queue in Queue}, clock)
    vars(queues)["_client"] = sqs
    world.ports.queues = queues  # type: ignore[assignment]
    new_stage = Stage(app, world, lambda: capsys.readouterr().out, sqs)
    world.post_webhook = new_stage.webhook
    verifier = TokenVerifier(TOKENS, KeySet(TOKENS.jwks_url, fetch=lambda _: jwks(public_jwk())))
    monkeypatch.setattr(bootstrap, "ports", lambda: world.ports)
    monkeypatch.setattr(bootstrap, "webhook_opener", lambda: world.opener)
    monkeypatch.setattr(bootstrap, "own_webhook", lambda: PlayedDoor(new_stage))
    monkeypatch.setattr(bootstrap, "secret_ages", lambda: SimpleNamespace(days=lambda: dict.fromkeys(Secret, 1)))
    monkeypatch.setattr(bootstrap, "config", lambda: CONFIG)
    monkeypatch.setattr(bootstrap, "token_verifier", lambda: verifier)
    return new_stage


class PlayedDoor:
    """The webhook endpoint as its own canary meets it: from outside, at the rate that is left."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def secrets(self) -> Sequence[str]:
        return self._stage.world.secrets

    def post(self, body: bytes, secret: str, at: int) -> int:
        return self._stage.webhook(body, {"Stripe-Signature": signature_header(body, secret, at)})
