"""The deployed system in one process: API, webhooks and workers through their Lambda handlers, over the embedded
DynamoDB and the Stripe double, with a record of each invocation's requests, writes, log lines and CPU.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import stripe
from chalice.app import Chalice
from chalice.local import LambdaContext
from moto.core.botocore_stubber import BotocoreStubber

from chalicelib import bootstrap, observability
from chalicelib.adapters.event_bus import size_of
from chalicelib.adapters.queues import SqsQueues
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.adapters.tokens import KeySet, TokenVerifier
from chalicelib.domain.events import API_VERSION
from chalicelib.functions import API_HANDLER, BY_NAME, QUEUE_TRIGGERS, Changes, Secret
from chalicelib.ports.changes import BusEvent, Refusal
from infra.local.streams import ShardReader, StreamMapping
from infra.stripe_double import InProcessClient
from tests.api.client import ApiClient
from tests.api.conftest import CONFIG
from tests.api.tokens import CONFIG as TOKENS
from tests.api.tokens import Issuer, jwks, public_jwk
from tests.backends import STORES, Backend
from tests.bench.units import Meter, Request
from tests.fakes.bus import FakeBus
from tests.world import World

TRACE = "Root=1-68f0c1a2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
"""A trace id of the length that Lambda sets, so that log lines are as long as on Lambda."""
MEMORY = 1024
PUBLISHER = "publish_changes"
BILLED_PORTION = 64 * 1024
"""EventBridge bills an event once for each 64 KB (https://aws.amazon.com/eventbridge/pricing/)."""


@dataclass
class Invocation:
    """One invocation of one function, with everything that it did. `cpu` is seconds of this process, without the
    stand-ins.
    """

    function: str
    webhook: str | None = None
    """The type of the event that the function received."""
    requests: list[Request] = field(default_factory=list)
    stripe_calls: int = 0
    messages: int = 0
    events: int = 0
    """The number of 64 KB portions put on the bus, as EventBridge bills them."""
    logged: str = ""
    answered: int = 0
    cpu: float = 0.0

    @property
    def reads(self) -> float:
        return sum(each.reads for each in self.requests)

    @property
    def writes(self) -> float:
        return sum(each.all_writes for each in self.requests)


class _Queue:
    """Stands for SQS: holds messages until the stage processes them."""

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told
        self.waiting: list[dict[str, str]] = []

    def send_message(self, **message: str) -> None:
        self.waiting.append(message)
        self._told()

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        for entry in Entries:
            self.send_message(QueueUrl=QueueUrl, **entry)
        return {}


class _Bus(FakeBus):
    """A bus that accepts every event, and counts the portions that EventBridge would bill."""

    def __init__(self, billed: Callable[[int], None]) -> None:
        super().__init__()
        self._billed = billed

    def put(self, events: Sequence[BusEvent]) -> Mapping[str, Refusal]:
        self._billed(sum(math.ceil(size_of(each) / BILLED_PORTION) for each in events))
        return super().put(events)


class _Stripe(InProcessClient):
    """The double, whose CPU time is not counted. Each call is reported as the deployed client reports it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.double)
        self._stage = stage

    def request(self, method: str, url: str, headers: Any = None, post_data: Any = None, **more: Any) -> Any:
        with self._stage.elsewhere():
            answer = super().request(method, url, headers, post_data, **more)
        self._stage.count_stripe_call()
        observability.stripe_called(method, url.partition(".test")[2].partition("?")[0], answer[1], 0.3)
        return answer


class Stage(World):
    """A whole stage. `invocations` has all invocations since it was last cleared. `running` creates the stage."""

    def __init__(self, app: Chalice, stores: Backend) -> None:
        super().__init__()
        self._app = app
        self.invocations: list[Invocation] = []
        self._now: Invocation | None = None
        self._elsewhere = 0.0
        self._event: str | None = None
        for name in STORES:
            setattr(self.ports, name, getattr(stores, name))
        self.queue = _Queue(self._message_sent)
        queues = SqsQueues(CONFIG.queue_urls, self.ports.clock)
        queues._client = self.queue  # type: ignore[assignment]
        self.ports.queues = queues  # type: ignore[assignment]
        config = self.double.config
        client = stripe.StripeClient(
            config.platform_key_test,
            client_id=config.client_id_test,
            stripe_version=API_VERSION,
            http_client=_Stripe(self),
            base_addresses={"api": CONFIG.stripe_api_base, "connect": CONFIG.stripe_connect_base},
        )
        self.ports.stripe = StripeGateway(client, self.ports.clock)
        self.ports.bus = _Bus(self._events_put)
        self._streams = self._streams_of(stores)
        self.office = ApiClient(app, Issuer())
        self.account_id = ""

    # Actions

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self._event = str(json.loads(body)["type"])
        try:
            return self.office.post("/stripe/webhooks", body, token=None, headers=dict(headers)).status
        finally:
            self._event = None

    def work(self) -> None:
        """Passes every message to its function, one in each batch, until the queues are empty."""
        while self.queue.waiting:
            message = self.queue.waiting.pop(0)
            name = _FUNCTIONS[message["QueueUrl"]]
            with self.invoked(name):
                answer = self._app.handler_map[name](_sqs_event(message), _context(name))
            assert not answer["batchItemFailures"], (name, message)

    def tick(self, schedule: str) -> None:
        """Runs the function of a schedule."""
        event = {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.events"}
        more = {"account": "1", "time": "", "region": "us-east-1", "resources": [], "detail": {}}
        with self.invoked(schedule):
            self._app.handler_map[schedule]({**event, **more}, _context(schedule))

    def settle(self) -> None:
        """Delivers all webhooks that are due, processes all messages that follow, and passes the tables' changes to
        the publisher.
        """
        while self.double.drain() or self.queue.waiting:
            self.work()
        for stream in self._streams:
            while (outcome := stream.poll()) is not None:
                assert not outcome.failed

    def _streams_of(self, stores: Backend) -> list[StreamMapping]:
        """Returns the event source mappings of the tables' streams. Memory stores have none."""
        if stores.name == "fake":
            return []
        prefix = _prefix()
        trigger = BY_NAME[PUBLISHER].trigger
        assert isinstance(trigger, Changes)
        return [
            StreamMapping(
                PUBLISHER, self._publish, ShardReader(prefix + table), batch_size=trigger.batch_size, keys=keys
            )
            for table, keys in trigger.tables.items()
        ]

    def _publish(self, event: dict[str, Any], context: Any) -> Any:
        with self.invoked(PUBLISHER):
            return self._app.handler_map[PUBLISHER](event, context)

    def _events_put(self, portions: int) -> None:
        if self._now is not None:
            self._now.events += portions

    # Measurements

    @contextmanager
    def invoked(self, function: str) -> Iterator[Invocation]:
        """Records one invocation of a function."""
        self._now = Invocation(function, self._event)
        self._elsewhere = 0.0
        printed = io.StringIO()
        began = time.thread_time()
        with redirect_stdout(printed), patch.object(observability.logger.registered_handler, "stream", printed):
            yield self._now
        self._now.cpu = time.thread_time() - began - self._elsewhere
        self._now.logged = printed.getvalue()
        self.invocations.append(self._now)
        self._now = None

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Counts the processor time of this block as time of other services, such as DynamoDB."""
        began, within = time.thread_time(), self._elsewhere
        try:
            yield
        finally:
            self._elsewhere = within + time.thread_time() - began

    def count_stripe_call(self) -> None:
        if self._now is not None:
            self._now.stripe_calls += 1

    def _message_sent(self) -> None:
        if self._now is not None:
            self._now.messages += 1

    def requested(self, request: Request) -> None:
        """Records a request to DynamoDB."""
        if self._now is not None:
            self._now.requests.append(request)


@contextmanager
def running(stores: Backend) -> Iterator[Stage]:
    """Runs a stage over these stores, connected to one Stripe account."""
    from app import app

    stage = Stage(app, stores)
    verifier = TokenVerifier(TOKENS, KeySet(TOKENS.jwks_url, fetch=lambda _: jwks(public_jwk())))
    parts: dict[str, Any] = {
        "ports": lambda: stage.ports,
        "webhook_opener": lambda: stage.opener,
        "config": lambda: CONFIG,
        "change_reader": lambda: change_reader(_prefix()),
        "token_verifier": lambda: verifier,
        "secret_ages": lambda: SimpleNamespace(days=lambda: dict.fromkeys(Secret, 1)),
    }
    meter = Meter(stage.requested, stage.elsewhere)
    served, answered = Chalice.__call__, BotocoreStubber.__call__

    def metered(self: Chalice, event: Any, context: Any) -> Any:
        with stage.invoked(API_HANDLER) as invocation:
            answer = served(self, event, context)
            invocation.answered = len(str(answer["body"]).encode())
        return answer

    def aws(self: BotocoreStubber, *words: Any, **more: Any) -> Any:
        with stage.elsewhere():
            return answered(self, *words, **more)

    with ExitStack() as patches:
        for name, part in parts.items():
            patches.enter_context(patch.object(bootstrap, name, part))
        patches.enter_context(patch.object(Chalice, "__call__", metered))
        patches.enter_context(patch.object(BotocoreStubber, "__call__", aws))
        patches.enter_context(patch.object(observability, "_cold", False))
        environment = {"_X_AMZN_TRACE_ID": TRACE, "POWERTOOLS_METRICS_DISABLED": "false"}
        patches.enter_context(patch.dict(os.environ, environment))
        with redirect_stdout(io.StringIO()):
            stage.account_id = stage.connect()
            stage.settle()
        patches.enter_context(meter.listening())
        stage.invocations.clear()
        yield stage


def _prefix() -> str:
    """Returns the prefix of the tables that the stores use now."""
    return str(InvoiceItem.Meta.table_name).removesuffix("invoices")


_FUNCTIONS = {CONFIG.queue_urls[trigger.queue]: name for name, trigger in QUEUE_TRIGGERS.items()}


def _sqs_event(message: Mapping[str, str]) -> dict[str, Any]:
    group = message.get("MessageGroupId")
    attributes = {"ApproximateReceiveCount": "1", **({"MessageGroupId": group} if group else {})}
    record = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "receipt",
        "body": message["MessageBody"],
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def _context(function: str) -> Any:
    context = LambdaContext(function, MEMORY, 60_000)
    context.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    return context
