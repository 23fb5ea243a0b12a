"""Queues and schedules invoke the handlers as AWS does, and failed messages stay where AWS leaves them."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from typing import Any

import pytest

from infra.local.event_sources import EventSourceMapping, Outcome, UnknownHandlerError, mappings
from infra.local.schedules import run, scheduled_event, schedules
from infra.local.workers import working
from tests.local.sample_app import sample_app

NOTHING = Outcome(0, 0)


class Recorder:
    """A handler that stores its events, and returns or raises a prepared result."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.fails: set[str] = set()
        self.answer: Any = None
        self.called = threading.Event()

    def __call__(self, event: Any) -> Any:
        shape = event.to_dict()
        self.events.append(shape)
        self.called.set()
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        bad = [record["messageId"] for record in shape["Records"] if record["body"] in self.fails]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in bad]}

    @property
    def batches(self) -> list[list[str]]:
        return [[record["body"] for record in event["Records"]] for event in self.events]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def dead(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"])


@pytest.fixture
def url(sqs: Any, dead: str) -> str:
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return str(
        sqs.create_queue(
            QueueName="jobs.fifo",
            Attributes={
                "FifoQueue": "true",
                "VisibilityTimeout": "0",
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"}),
            },
        )["QueueUrl"]
    )


@pytest.fixture
def mapping(url: str, recorder: Recorder) -> EventSourceMapping:
    [mapping] = mappings(sample_app(on_messages=recorder), {"work": url})
    return mapping


def send(sqs: Any, url: str, body: str, group: str = "g") -> None:
    sqs.send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=body,
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "job"}},
    )


def remaining_messages(sqs: Any, url: str) -> list[str]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_records_have_the_shape_lambda_gives_them(
    sqs: Any, url: str, mapping: EventSourceMapping, recorder: Recorder
) -> None:
    send(sqs, url, "one")
    send(sqs, url, "two")

    assert mapping.poll() == Outcome(2, 0)
    first, second = recorder.events[0]["Records"]
    assert first["messageId"] != second["messageId"]
    assert first["attributes"]["MessageGroupId"] == "g"
    assert first["attributes"]["ApproximateReceiveCount"] == "1"
    assert first["attributes"]["MessageDeduplicationId"] == "one"
    assert first["messageAttributes"]["kind"]["stringValue"] == "job"
    assert first["eventSource"] == "aws:sqs"
    assert first["eventSourceARN"].endswith(":jobs.fifo")
    assert remaining_messages(sqs, url) == []


def test_batches_are_of_the_registered_size_and_in_group_order(
    sqs: Any, url: str, mapping: EventSourceMapping, recorder: Recorder
) -> None:
    for number in range(5):
        send(sqs, url, str(number))

    outcomes = [mapping.poll() for _ in range(3)]

    assert outcomes == [Outcome(3, 0), Outcome(2, 0), NOTHING]
    assert recorder.batches == [["0", "1", "2"], ["3", "4"]]


def test_only_what_the_handler_did_not_report_is_deleted(
    sqs: Any, url: str, mapping: EventSourceMapping, recorder: Recorder
) -> None:
    for body, group in (("good", "a"), ("bad", "b"), ("fine", "c")):
        send(sqs, url, body, group)
    recorder.fails = {"bad"}

    assert mapping.poll() == Outcome(2, 1)
    recorder.fails = set()
    assert mapping.poll() == Outcome(1, 0)
    assert recorder.batches == [["good", "bad", "fine"], ["bad"]]
    assert recorder.events[1]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("boom"), {"batchItemFailures": [{"itemIdentifier": "nobody"}]}, {"batchItemFailures": [{}]}],
)
def test_a_handler_that_raises_or_reports_an_unknown_id_deletes_no_message(
    sqs: Any, url: str, mapping: EventSourceMapping, recorder: Recorder, answer: Any
) -> None:
    send(sqs, url, "one", "a")
    send(sqs, url, "two", "b")
    recorder.answer = answer

    assert mapping.poll() == Outcome(0, 2)
    assert sorted(remaining_messages(sqs, url)) == ["one", "two"]


def test_a_message_that_keeps_failing_goes_to_the_dead_letter_queue(
    sqs: Any, url: str, dead: str, mapping: EventSourceMapping, recorder: Recorder
) -> None:
    send(sqs, url, "bad")
    recorder.fails = {"bad"}

    outcomes = [mapping.poll() for _ in range(4)]

    assert outcomes == [Outcome(0, 1)] * 3 + [NOTHING]
    assert remaining_messages(sqs, dead) == ["bad"]


def test_a_handler_without_a_queue_is_refused() -> None:
    with pytest.raises(UnknownHandlerError, match="work"):
        mappings(sample_app(), {})


def test_schedules_come_from_the_application_and_intervals_can_be_chosen() -> None:
    app = sample_app()

    [own], [chosen] = schedules(app), schedules(app, {"tick": 2.5})

    assert (own.name, own.interval, chosen.interval) == ("tick", 600.0, 2.5)
    event = own.fire()
    assert event["detail-type"] == "Scheduled Event"
    assert set(event) == set(scheduled_event("tick"))


def test_schedules_fire_each_interval_and_survive_a_failing_handler() -> None:
    stop, times_fired = threading.Event(), []

    def handler(event: Any, context: Any) -> None:
        times_fired.append(context.function_name)
        if len(times_fired) == 3:
            stop.set()
        raise RuntimeError("boom")

    [schedule] = schedules(sample_app(), {"tick": 0.001})
    run([type(schedule)(schedule.name, handler, schedule.interval)], stop)

    assert times_fired == ["tick"] * 3


class Impatient(threading.Event):
    """An event whose wait returns at once, because the test's clock advances automatically."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_a_schedule_is_due_once_after_a_clock_was_moved_past_several_of_its_times() -> None:
    stop, fired = Impatient(), 0
    # It starts at 0 and is moved by a day while the first wait lasts. Then ten seconds are between two looks at it.
    moments = itertools.chain([0.0, 0.0], itertools.count(86_400.0, 10.0))
    latest = 0.0

    def clock() -> float:
        nonlocal latest
        latest = next(moments)
        return latest

    def handler(event: Any, context: Any) -> None:
        nonlocal fired
        fired += 1
        if latest > 86_400 + 3600:
            stop.set()

    [schedule] = schedules(sample_app(), {"tick": 1200.0})
    run([type(schedule)(schedule.name, handler, schedule.interval)], stop, clock)

    assert fired == 4


def test_the_control_pauses_resumes_waits_and_fires(sqs: Any, url: str, recorder: Recorder) -> None:
    with working(sample_app(on_messages=recorder), {"work": url}, {}) as control:
        handler = "work"

        def post(path: str, method: str = "POST") -> tuple[int, Any]:
            connection = http.client.HTTPConnection("127.0.0.1", control.port, timeout=20)
            connection.request(method, path)
            response = connection.getresponse()
            answer = response.status, json.loads(response.read())
            connection.close()
            return answer

        assert post(f"/queues/{handler}/pause")[1]["queues"]["work"]["paused"] is True
        send(sqs, url, "later")
        assert post("/idle")[0] == 200  # a paused queue does not count
        assert recorder.batches == []

        post(f"/queues/{handler}/resume")
        assert recorder.called.wait(timeout=10)
        assert post("/idle")[0] == 200
        assert recorder.batches == [["later"]]

        status, answer = post("/schedules/tick")
        assert (status, answer["result"]["source"]) == (200, "aws.events")
        status, refusal = post("/schedules/unknown")
        assert (status, refusal["known"]) == (404, post("/", "GET")[1]["controls"])
        assert "POST /queues/HANDLER/pause leave a handler's messages or records waiting" in refusal["known"][2]


def test_a_handler_may_be_given_several_batches_at_once_and_pausing_waits_for_all(sqs: Any) -> None:
    url = sqs.create_queue(QueueName="wide.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    together, may_finish = threading.Barrier(3), threading.Event()

    def handler(event: Any, context: Any) -> None:
        together.wait(10)  # the two batches, and the test
        may_finish.wait(10)

    wide = EventSourceMapping("wide", handler, url, 1, workers=2)
    for group in "ab":
        sqs.send_message(QueueUrl=url, MessageBody=group, MessageGroupId=group, MessageDeduplicationId=group)
    pollers = [threading.Thread(target=wide.poll) for _ in range(2)]
    for poller in pollers:
        poller.start()
    together.wait(10)
    pausing = threading.Thread(target=wide.pause)
    pausing.start()
    pausing.join(0.1)
    assert pausing.is_alive()
    may_finish.set()
    for thread in (*pollers, pausing):
        thread.join(10)
        assert not thread.is_alive()
    assert wide.idle()


class Busy:
    """A poller whose only worker is processing the first message while the second one waits in the queue."""

    def __init__(self, sqs: Any) -> None:
        url = sqs.create_queue(QueueName="narrow.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        for body in ("first", "second"):
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body, MessageDeduplicationId=body)
        self.may_finish, self.stop, self._begun = threading.Event(), threading.Event(), threading.Event()
        self.processed: list[str] = []
        self.mapping = EventSourceMapping("narrow", self._handle, url, 1)
        self._poller = threading.Thread(target=self.mapping.run, args=[self.stop])
        self._poller.start()
        assert self._begun.wait(10)

    def _handle(self, event: Any, context: Any) -> None:
        self.processed.extend(record["body"] for record in event["Records"])
        self._begun.set()
        self.may_finish.wait(10)

    def end(self) -> None:
        self.stop.set()
        self._poller.join(10)
        assert not self._poller.is_alive()


def test_a_poller_that_waited_for_its_turn_takes_nothing_once_the_queue_is_paused(sqs: Any) -> None:
    busy = Busy(sqs)
    pausing = threading.Thread(target=busy.mapping.pause)
    pausing.start()
    assert busy.mapping._paused.wait(10)
    busy.may_finish.set()
    pausing.join(10)
    busy.end()
    assert busy.processed == ["first"]


def test_a_poller_that_waited_for_its_turn_takes_nothing_once_it_is_stopped(sqs: Any) -> None:
    busy = Busy(sqs)
    busy.stop.set()
    busy.may_finish.set()
    busy.end()
    assert busy.processed == ["first"]


def test_a_queue_that_cannot_be_read_can_still_be_paused(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqs.create_queue(QueueName="odd.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    receive_called, stop = threading.Event(), threading.Event()

    def unreadable(_: int) -> list[Any]:
        receive_called.set()
        raise KeyError("Messages")

    odd = EventSourceMapping("odd", lambda event, context: None, url, 1)
    monkeypatch.setattr(odd, "_receive", unreadable)
    poller = threading.Thread(target=odd.run, args=[stop])
    poller.start()
    assert receive_called.wait(10)
    pausing = threading.Thread(target=odd.pause, daemon=True)
    pausing.start()
    pausing.join(10)
    stop.set()
    poller.join(10)
    assert not pausing.is_alive()
    assert not poller.is_alive()
