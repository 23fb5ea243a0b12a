"""Feeds the streams of tables to a Lambda handler as event source mappings do.

A stream has one shard here. Its records reach the handler in batches, in their order and in Lambda's form. Records
that a filter excludes never reach the handler. If a part of a batch fails, the next batch begins with the first
record that failed. If the whole batch fails, the next one begins with its first record. The position is kept in
memory, so a mapping that is started again begins with the oldest record of the stream.
"""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from chalice.app import Chalice, DynamoDBEventConfig

from chalicelib.functions import Changes
from infra.local.event_sources import Handler, Outcome, UnknownHandlerError, lambda_context
from infra.local.settings import REGION

POLL_INTERVAL = 0.25
"""Seconds between two reads of a stream without new records. AWS reads each shard four times a second, too."""
RETRY_PAUSE = 1.0
"""Seconds after a batch that failed, or after a stream that could not be read."""
OLDEST = "TRIM_HORIZON"

log = logging.getLogger("infra.local.streams")


class ShardReader:
    """Reads the records of one table's stream in their order, beginning with the oldest one."""

    def __init__(self, table_name: str) -> None:
        # DynamoDB Local serves streams at the address of the tables. AWS and moto need no address.
        self._streams: Any = boto3.client("dynamodbstreams", endpoint_url=os.environ.get("AWS_ENDPOINT_URL_DYNAMODB"))
        description = boto3.client("dynamodb").describe_table(TableName=table_name)["Table"]
        self.arn: str = description["LatestStreamArn"]
        self._iterator: str | None = None
        self._last_read: str | None = None
        self._ahead: deque[dict[str, Any]] = deque()

    def peek(self, limit: int) -> list[dict[str, Any]]:
        """Returns at most `limit` records after the position, in Lambda's shape, and keeps the position."""
        if len(self._ahead) < limit:
            self._read(limit - len(self._ahead))
        return list(self._ahead)[:limit]

    def pass_by(self, count: int) -> None:
        """Moves the position past the first `count` records that `peek` returned."""
        for _ in range(count):
            self._ahead.popleft()

    def _read(self, limit: int) -> None:
        try:
            answer = self._records(limit)
        except Exception:
            self._iterator = None  # an iterator expires after 15 minutes, and with the process that created it
            raise
        self._iterator = answer.get("NextShardIterator")
        for record in answer["Records"]:
            self._last_read = record["dynamodb"]["SequenceNumber"]
            self._ahead.append(lambda_record(record, self.arn))

    def _records(self, limit: int) -> Any:
        try:
            return self._streams.get_records(ShardIterator=self._iterator or self._new_iterator(), Limit=limit)
        except self._streams.exceptions.TrimmedDataAccessException:
            # DynamoDB Local's iterators fail where a write was refused, because its sequence number has no record.
            return self._streams.get_records(ShardIterator=self._new_iterator(), Limit=limit)

    def _new_iterator(self) -> str:
        [shard] = self._streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        start = {"ShardIteratorType": OLDEST}
        if self._last_read is not None:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last_read}
        answer = self._streams.get_shard_iterator(StreamArn=self.arn, ShardId=shard["ShardId"], **start)
        return str(answer["ShardIterator"])


class StreamMapping:
    """Connects one stream with one handler. `keys` is its filter: the values that a record's keys must have."""

    def __init__(
        self,
        name: str,
        handler: Handler,
        reader: ShardReader,
        *,
        batch_size: int,
        window: float = 0.0,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self._handler = handler
        self._reader = reader
        self._batch_size = batch_size
        self._window = window
        self._keys = dict(keys or {})
        self._turn = threading.Lock()

    def pause(self) -> None:
        """Returns once no batch is under way."""
        with self._turn:
            pass

    def idle(self) -> bool:
        """Returns True if the handler has received every record of the stream."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            return not self._reader.peek(1)
        finally:
            self._turn.release()

    def run(self, stop: threading.Event, paused: threading.Event) -> None:
        """Reads until `stop` is set, but not while `paused` is set."""
        while not stop.is_set():
            try:
                pause = POLL_INTERVAL if paused.is_set() else self._pause_after_poll(stop, paused)
            except Exception:
                if not stop.is_set():
                    log.exception("%s: the stream could not be read", self._name)
                pause = RETRY_PAUSE
            stop.wait(pause)

    def poll(self, stop: threading.Event | None = None, paused: threading.Event | None = None) -> Outcome | None:
        """Passes the next batch to the handler. Returns None if there is no batch, or if `paused` is set by then."""
        with self._turn:
            if paused is not None and paused.is_set():
                return None
            records = self._batch(stop or threading.Event())
            if not records:
                return None
            matching = [record for record in records if self._lets_through(record)]
            first_failed = self._invoke(matching) if matching else None
            finished_count = len(records) if first_failed is None else _position(records, first_failed)
            self._reader.pass_by(finished_count)
            succeeded = sum(self._lets_through(record) for record in records[:finished_count])
            return Outcome(succeeded, len(matching) - succeeded)

    def _pause_after_poll(self, stop: threading.Event, paused: threading.Event) -> float:
        outcome = self.poll(stop, paused)
        if outcome is None:
            return POLL_INTERVAL
        return RETRY_PAUSE if outcome.failed else 0.0

    def _batch(self, stop: threading.Event) -> list[dict[str, Any]]:
        """Returns the next batch. Waits at most the window for the batch to fill."""
        records = self._reader.peek(self._batch_size)
        deadline = time.monotonic() + self._window
        while records and len(records) < self._batch_size and (seconds_left := deadline - time.monotonic()) > 0:
            if stop.wait(min(seconds_left, POLL_INTERVAL)):
                break
            records = self._reader.peek(self._batch_size)
        return records

    def _lets_through(self, record: Mapping[str, Any]) -> bool:
        keys = record["dynamodb"]["Keys"]
        return all(keys.get(name) == {"S": value} for name, value in self._keys.items())

    def _invoke(self, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Calls the handler. Returns the sequence number of the first record that failed, or None if none failed."""
        numbers = [_number(record) for record in records]
        try:
            result = self._handler({"Records": records}, lambda_context(self._name))
        except Exception:
            log.exception("%s: the handler raised; the whole batch comes again", self._name)
            return numbers[0]
        failures = (result or {}).get("batchItemFailures") or [] if isinstance(result, dict) else []
        failed_numbers = {failure.get("itemIdentifier") for failure in failures}
        if not failed_numbers <= set(
            numbers
        ):  # as in AWS: a sequence number that is not in the batch fails the batch
            log.error("%s: the handler reported unknown sequence numbers; the whole batch comes again", self._name)
            return numbers[0]
        first_failed = next((number for number in numbers if number in failed_numbers), None)
        finished_count = numbers.index(first_failed) if first_failed is not None else len(numbers)
        age = max(0, round(time.time() * 1000 - float(records[0]["dynamodb"]["ApproximateCreationDateTime"]) * 1000))
        log.info(
            "%s: %s done, %s to try again, oldest %s ms",
            self._name,
            finished_count,
            len(numbers) - finished_count,
            age,
        )
        return first_failed


class StreamMappings:
    """The mappings of one handler, one for each of its streams."""

    def __init__(self, name: str, streams: Sequence[StreamMapping], tables: Sequence[str]) -> None:
        self.name = name
        self.origin = "streams of " + ", ".join(tables)
        self._streams = streams
        self._paused = threading.Event()

    @property
    def paused(self) -> bool:
        """Returns True if records stay in the streams for now."""
        return self._paused.is_set()

    def pause(self) -> None:
        """Stops taking records. Returns when the current batches are finished."""
        self._paused.set()
        for stream in self._streams:
            stream.pause()

    def resume(self) -> None:
        """Takes records again."""
        self._paused.clear()

    def idle(self) -> bool:
        """Returns True if the handler has received every record of its streams."""
        return all(stream.idle() for stream in self._streams)

    def run(self, stop: threading.Event) -> None:
        """Polls each stream in a thread of its own until `stop` is set."""
        with ThreadPoolExecutor(len(self._streams), thread_name_prefix=self.name) as pool:
            for running in [pool.submit(stream.run, stop, self._paused) for stream in self._streams]:
                running.result()


def stream_mappings(
    app: Chalice, triggers: Mapping[str, Changes], prefix: str, longest_window: float
) -> list[StreamMappings]:
    """Returns the mappings of each stream handler that `app` registers. `prefix` is the prefix of the tables' names.

    A batch waits at most `longest_window` seconds to fill, or its trigger's window if that is shorter.

    Raises:
        UnknownHandlerError: a handler has no trigger.
    """
    found_mappings = []
    for source in app.event_sources:
        if not isinstance(source, DynamoDBEventConfig):
            continue
        if source.name not in triggers:
            raise UnknownHandlerError(f"no tables are known for the handler {source.name}")
        trigger, handler = triggers[source.name], app.handler_map[source.name]
        streams = [
            StreamMapping(
                source.name,
                handler,
                ShardReader(prefix + table),
                batch_size=trigger.batch_size,
                window=min(trigger.window, longest_window),
                keys=keys,
            )
            for table, keys in trigger.tables.items()
        ]
        found_mappings.append(StreamMappings(source.name, streams, tuple(trigger.tables)))
    return found_mappings


def lambda_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """Returns a record in Lambda's form: bytes as base64, and its time in epoch seconds UTC."""
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    for part in ("Keys", "NewImage", "OldImage"):
        if part in change:
            change[part] = {name: _value(value) for name, value in change[part].items()}
    fields = {name: value for name, value in record.items() if name not in ("dynamodb", "userIdentity")}
    if identity := record.get("userIdentity"):
        fields["userIdentity"] = {"principalId": identity["PrincipalId"], "type": identity["Type"]}
    return {"awsRegion": REGION, **fields, "dynamodb": change, "eventSourceARN": stream_arn}


def _value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an attribute's value in a form that JSON allows."""
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: [base64.b64encode(each).decode() for each in content]}
        case "M":
            return {kind: {name: _value(each) for name, each in content.items()}}
        case "L":
            return {kind: [_value(each) for each in content]}
    return {kind: content}


def _number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _position(records: Sequence[Mapping[str, Any]], number: str) -> int:
    return next(position for position, record in enumerate(records) if _number(record) == number)
