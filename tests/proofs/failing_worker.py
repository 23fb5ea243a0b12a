"""The publishing worker under faults: it ends at any call, and each of its calls may fail before or after its effect.

Lambda passes the records of a stream in their order, and repeats a batch from the record that the worker names, or as
a whole if the worker ended. A published batch may be repeated. This release cannot read some records, and the bus
refuses some events permanently; an operator publishes them again later, from the queue.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import EndpointConnectionError

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.event_bus import MAX_ENTRIES, MAX_REQUEST_BYTES, EventBridgeBus
from chalicelib.adapters.tables.changes import TableChanges
from chalicelib.adapters.tables.stream import change_reader
from chalicelib.adapters.unpublished_changes import UnpublishedQueue, unpublished_in
from chalicelib.domain.changes import ObjectKind
from chalicelib.domain.errors import Retryable
from chalicelib.functions import BY_NAME, Changes
from chalicelib.ports import Ports
from chalicelib.ports.changes import SOURCE, UnpublishedChange
from infra.ops.republishing import place_of, publish_again, still_to_publish
from tests.boundaries import Boundaries, CountedPorts, ProcessKilled
from tests.fakes.ports import FakeClock
from tests.proofs.streamed import PREFIX, Record

BUS = "told-changes"
DASHBOARD = "https://dashboard.stripe.test"
CONTEXT = SimpleNamespace(aws_request_id="told")
HOUR, DAY = 3600, 86_400
MUST_READ_WITHIN = 20 * DAY
"""The seconds after which each follower of the feed reads on, so that no cursor expires."""
TRANSIENT = ("ThrottlingException", "InternalFailure")
FATES = ("kill_before", "kill_after", "down", "answer_lost")


class Trouble(Boundaries):
    """Makes calls fail at random, until `over` is True."""

    def __init__(self, rng: random.Random, rate: float) -> None:
        super().__init__()
        self.rng = rng
        self.rate = rate
        self.over = False
        self.met: Counter[str] = Counter()

    def cross(self, name: str, call: Callable[[], Any]) -> Any:
        fate = self.rng.choice(FATES) if not self.over and self.rng.random() < self.rate else None
        if fate is not None:
            self.met[fate] += 1
        if fate == "kill_before":
            raise ProcessKilled(name)
        if fate == "down":
            raise Retryable("no_answer", name)
        answer = super().cross(name, call)
        if fate == "kill_after":
            raise ProcessKilled(name)
        if fate == "answer_lost":
            raise Retryable("no_answer", name)
        return answer

    def chance(self, rate: float) -> bool:
        """Returns True with this probability. Always returns False once the trouble is over."""
        return not self.over and self.rng.random() < rate


class Bridge:
    """Stands for EventBridge's PutEvents, which accepts or refuses each entry separately. `taken` has every event
    that arrived on the bus.
    """

    def __init__(self, trouble: Boundaries) -> None:
        self.taken: list[dict[str, Any]] = []
        self._trouble = trouble

    def put_events(self, Entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 AWS calls it so
        size = sum(
            14 + len(each["Source"]) + len(each["DetailType"]) + len(each["Detail"].encode()) for each in Entries
        )
        assert len(Entries) <= MAX_ENTRIES, f"{len(Entries)} entries in one request"
        assert len(Entries) == 1 or size <= MAX_REQUEST_BYTES, f"{size} bytes in one request"
        assert all((each["EventBusName"], each["Source"]) == (BUS, SOURCE) for each in Entries)
        try:
            return dict(self._trouble.cross("bus.put_events", lambda: {"Entries": [*map(self._take, Entries)]}))
        except Retryable as error:
            raise EndpointConnectionError(endpoint_url="https://events") from error

    def _take(self, entry: Mapping[str, Any]) -> dict[str, str]:
        detail = json.loads(entry["Detail"])
        trouble = self._trouble
        if isinstance(trouble, Trouble):
            if not trouble.over and random.Random(f"for good {detail['id']}").random() < 0.02:
                trouble.met["refused for good"] += 1
                return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
            if trouble.chance(0.1):
                trouble.met["entry refused"] += 1
                return {"ErrorCode": trouble.rng.choice(TRANSIENT), "ErrorMessage": "Try again."}
        self.taken.append({**detail, "detailType": entry["DetailType"]})
        return {"EventId": str(len(self.taken))}


class _Crossing:
    """A port whose calls cross the boundaries."""

    def __init__(self, name: str, port: Any, boundaries: Boundaries) -> None:
        self._name, self._port, self._boundaries = name, port, boundaries

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *given: self._boundaries.cross(f"{self._name}.{name}", lambda: method(*given))


class Outside(CountedPorts):
    """`Ports` as the worker has them: stores in memory, and the real bus, feed and queue, all behind boundaries."""

    def __init__(self, ports: Ports, boundaries: Boundaries, unpublished_url: str) -> None:
        super().__init__(ports, boundaries)
        self.clock = FakeClock(0)
        self.bridge = Bridge(boundaries)
        self.bus = EventBridgeBus(BUS, self.clock)
        vars(self.bus)["_client"] = self.bridge
        self.feed = TableChanges(self.clock)
        self.changes = _Crossing("changes", self.feed, boundaries)
        self.unpublished = _Crossing("unpublished", UnpublishedQueue(unpublished_url), boundaries)


@dataclass
class Shard:
    """One table's stream, and the position up to which its changes were published."""

    records: Sequence[Record]
    position: int = 0

    @property
    def left(self) -> Sequence[Record]:
        return self.records[self.position :]


@dataclass
class Worker:
    """Lambda, its streams and the worker's handler."""

    ports: Ports
    streams: Mapping[ObjectKind, Sequence[Record]]
    boundaries: Boundaries
    rng: random.Random
    poison: float = 0.0
    """The share of records that this release cannot read."""
    batches: int = 0
    while_waiting: Callable[[], None] = lambda: None
    """Runs other work while nothing is stored for weeks."""
    retold: set[tuple[str, str, str, int]] = field(default_factory=set)
    """Versions of objects that this release could not read, and the versions that were published instead.

    Each is the kind, the organization, the id and the version.
    """
    shards: list[Shard] = field(init=False)

    def __post_init__(self) -> None:
        self._sqs: Any = boto3.client("sqs")
        self._url = self._sqs.create_queue(QueueName=f"told-{id(self)}")["QueueUrl"]
        self.outside = Outside(self.ports, self.boundaries, self._url)
        self.shards = [Shard(records) for records in self.streams.values()]
        self.outside.clock.set(min(_written_at(records[0]) for records in self.streams.values() if records))
        trigger = BY_NAME["publish_changes"].trigger
        assert isinstance(trigger, Changes)
        self._most = trigger.batch_size
        self._read = change_reader(PREFIX)

    def tell(self, between: Callable[[], None] = lambda: None) -> None:
        """Passes all records of the streams to the worker. Calls `between` after each batch."""
        while waiting := [shard for shard in self.shards if shard.left]:
            shard = min(waiting, key=lambda each: self._earliest(each.left[0]))
            self._deliver(shard)
            between()

    def heal(self) -> int:
        """Ends the trouble, and publishes the queued changes. Returns their number."""
        if isinstance(self.boundaries, Trouble):
            self.boundaries.over = True
        self.poison = 0.0
        told = 0
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._republish(unpublished_in(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                told += 1
        return told

    def _republish(self, unpublished: UnpublishedChange) -> None:
        stored, place = still_to_publish(unpublished, PREFIX, self.outside), place_of(unpublished, PREFIX)
        if place is None:
            assert stored is None, "nothing is told of an item that is no object of POM's"
        elif unpublished.change is None:
            assert unpublished.version is not None
            self.retold.add((*place, unpublished.version + unpublished.deleted))
            if stored is not None:
                self.retold.add((*place, stored.change.version))
        problem = publish_again(stored, self.outside, DASHBOARD) if stored is not None else None
        assert problem is None, problem

    def _earliest(self, record: Record) -> float:
        return _written_at(record) + self.rng.choice((0, 0, 5, 90))

    def _deliver(self, shard: Shard) -> None:
        batch = shard.left[: self.rng.choice((1, 2, 3, 8, 40, self._most))]
        latest = _written_at(batch[-1])
        late = 13 * HOUR if self.rng.random() < 0.02 else 0
        self._time_passes(latest + late)
        with suppress(ProcessKilled):
            failures = self._invoke(batch)["batchItemFailures"]
            if not failures:
                again = self.rng.random() < 0.1
                shard.position += 0 if again else len(batch)
                return
            [first] = failures
            places = [each["dynamodb"]["SequenceNumber"] for each in batch]
            shard.position += places.index(first["itemIdentifier"])

    def _time_passes(self, until: int) -> None:
        """Advances the clock in steps. The followers of the feed read on at least once a day."""
        clock = self.outside.clock
        while clock.now() < until:
            if until - clock.now() > DAY:
                self.while_waiting()
            clock.set(min(until, clock.now() + MUST_READ_WITHIN))

    def _invoke(self, batch: Sequence[Record]) -> dict[str, Any]:
        self.batches += 1
        settings = SimpleNamespace(stripe_dashboard_base=DASHBOARD)
        with (
            patch.object(bootstrap, "ports", lambda: self.outside),
            patch.object(bootstrap, "config", lambda: settings),
            patch.object(bootstrap, "change_reader", lambda: self._read_or_fail),
        ):
            answer = app.handler_map["publish_changes"]({"Records": json.loads(json.dumps(batch))}, CONTEXT)
        return dict(answer)

    def _read_or_fail(self, record: Mapping[str, Any]) -> Any:
        unreadable = random.Random(f"poison {record['eventSourceARN']} {record['dynamodb']['SequenceNumber']}")
        if unreadable.random() < self.poison:
            raise ValueError("this release cannot read it")
        return self._read(record)


def _written_at(record: Record) -> int:
    return int(record["dynamodb"]["ApproximateCreationDateTime"])
