"""Records of a table's stream reach the handler as Lambda would bring them, in order, and again if they failed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodbstreams.models import dynamodbstreams_backends

from infra.local.aws import embedded_aws, streams
from infra.local.event_sources import Outcome
from infra.local.settings import ACCOUNT, REGION
from infra.local.streams import ShardReader, StreamMapping, StreamMappings

TABLE = "parcels"


class Recorder:
    """A handler that keeps the records it was given, and reports those as failed whose `sk` is in `fails`."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self.fails: set[str] = set()
        self.answer: Any = None

    def __call__(self, event: Any, context: Any) -> Any:
        self.batches.append(list(event["Records"]))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        failed = [each for each in event["Records"] if name(each) in self.fails]
        return {"batchItemFailures": [{"itemIdentifier": each["dynamodb"]["SequenceNumber"]} for each in failed]}

    @property
    def names(self) -> list[list[str]]:
        return [[name(each) for each in batch] for batch in self.batches]


def name(record: Any) -> str:
    return str(record["dynamodb"]["Keys"]["sk"]["S"])


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with embedded_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        yield client


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def mapping(dynamodb: Any, recorder: Recorder) -> StreamMapping:
    return StreamMapping("tell", recorder, ShardReader(TABLE), batch_size=3)


def put(client: Any, sk: str, **attributes: Any) -> None:
    client.put_item(TableName=TABLE, Item=item(sk) | attributes)


def item(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": sk}}


def test_a_record_has_the_shape_that_lambda_gives_it(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    put(dynamodb, "a", packed={"B": b"\x00\xff"}, inside={"M": {"list": {"L": [{"B": b"\x01"}]}}}, count={"N": "1"})
    dynamodb.delete_item(TableName=TABLE, Key=item("a"))

    assert mapping.poll() == Outcome(2, 0)
    written, deleted = recorder.batches[0]
    image = written["dynamodb"]["NewImage"]
    assert base64.b64decode(image["packed"]["B"]) == b"\x00\xff"
    assert image["inside"] == {"M": {"list": {"L": [{"B": "AQ=="}]}}}
    assert image["count"] == {"N": "1"}
    assert isinstance(written["dynamodb"]["ApproximateCreationDateTime"], float)
    assert (written["eventName"], deleted["eventName"]) == ("INSERT", "REMOVE")
    assert "OldImage" not in written["dynamodb"]
    assert deleted["dynamodb"]["OldImage"] == image
    assert f":table/{TABLE}/stream/" in written["eventSourceARN"]


def test_batches_are_of_the_registered_size_and_in_the_order_of_writing(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    for sk in "abcd":
        put(dynamodb, sk)

    assert [mapping.poll(), mapping.poll(), mapping.poll()] == [Outcome(3, 0), Outcome(1, 0), None]
    assert recorder.names == [["a", "b", "c"], ["d"]]


def test_the_next_batch_begins_with_the_first_record_that_failed(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    for sk in "abcd":
        put(dynamodb, sk)
    recorder.fails = {"b"}

    assert mapping.poll() == Outcome(1, 2)
    recorder.fails = set()
    assert mapping.poll() == Outcome(3, 0)
    assert recorder.names == [["a", "b", "c"], ["b", "c", "d"]]


@pytest.mark.parametrize("answer", [ValueError("broken"), {"batchItemFailures": [{"itemIdentifier": "unknown"}]}])
def test_a_batch_is_delivered_again_if_its_handler_raises_or_reports_an_unknown_record(
    answer: Any, dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    put(dynamodb, "a")
    put(dynamodb, "b")
    recorder.answer = answer

    assert mapping.poll() == Outcome(0, 2)
    recorder.answer = None
    assert mapping.poll() == Outcome(2, 0)
    assert recorder.names == [["a", "b"], ["a", "b"]]


def test_a_record_that_the_filter_excludes_never_reaches_the_handler(dynamodb: Any, recorder: Recorder) -> None:
    mapping = StreamMapping("tell", recorder, ShardReader(TABLE), batch_size=10, keys={"sk": "b"})
    for sk in "aba":
        put(dynamodb, sk)

    assert mapping.poll() == Outcome(1, 0)
    assert mapping.idle()
    assert recorder.names == [["b"]]


def test_a_stream_is_idle_after_the_handler_received_every_record(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    put(dynamodb, "a")
    assert not mapping.idle()
    recorder.fails = {"a"}
    mapping.poll()
    assert not mapping.idle()
    recorder.fails = set()
    mapping.poll()
    assert mapping.idle()


def test_a_paused_handler_gets_nothing_until_it_is_resumed(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    source = StreamMappings("tell", [mapping], [TABLE])
    source.pause()
    put(dynamodb, "a")

    assert mapping.poll(paused=source._paused) is None
    assert not source.idle()
    source.resume()
    assert mapping.poll(paused=source._paused) == Outcome(1, 0)


def test_a_failed_transaction_leaves_no_records_and_a_good_one_has_the_order_of_its_items(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder
) -> None:
    def transact(*names: str) -> None:
        absent = "attribute_not_exists(pk)"
        puts = [{"TableName": TABLE, "Item": item(sk), "ConditionExpression": absent} for sk in names]
        dynamodb.transact_write_items(TransactItems=[{"Put": each} for each in puts])

    transact("b", "a")
    with pytest.raises(ClientError):
        transact("c", "a")
    put(dynamodb, "d")

    mapping.poll()
    assert recorder.names == [["b", "a", "d"]]


def test_only_the_newest_iterators_and_records_are_stored(
    dynamodb: Any, mapping: StreamMapping, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "KEPT_ITERATORS", 2)
    monkeypatch.setattr(streams, "KEPT_RECORDS", 3)
    for sk in "abcdefgh":
        put(dynamodb, sk)
        mapping.poll()

    backend = dynamodbstreams_backends[ACCOUNT][REGION]
    [shard] = {each.stream_shard for each in backend.shard_iterators.values()}
    assert len(backend.shard_iterators) == 2
    assert len(shard.items) <= 3
    assert recorder.names == [[sk] for sk in "abcdefgh"]
