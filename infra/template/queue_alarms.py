"""The alarms on queues: work that waits, work that nobody takes up, and work that was given up.

One organization can make work wait, by saving very many customers one by one. It can make work be given up, by using
up Stripe's limit for its own account for an hour. Both are tickets. A page also takes a fault of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib import metrics
from chalicelib.functions import BY_NAME, QUEUE_TRIGGERS, SCHEDULE_FAILURES, Queue
from infra.template.alarms import Alarm, Grade
from infra.template.intrinsics import camel
from infra.template.measures import LAMBDA, SQS, STACK, Measure, aws_metric, pom_metric

DEAD_LETTER_QUEUES = (*(queue.dead_letter for queue in Queue), SCHEDULE_FAILURES)
HOUR = 3600
"""Longer than a message is hidden after its last attempt, so a failure and the dead letter are seen together."""


def oldest(queue: str) -> Measure:
    """For how long the message that waits longest has done so."""
    return aws_metric(SQS, "ApproximateAgeOfOldestMessage", f"{STACK}-{queue}", "Maximum", queue)


def waiting(queue: str) -> Measure:
    """How many messages nobody has taken up."""
    return aws_metric(SQS, "ApproximateNumberOfMessagesVisible", f"{STACK}-{queue}", "Maximum", queue)


def _dead_letters() -> Iterator[Alarm]:
    for queue in DEAD_LETTER_QUEUES:
        yield Alarm(
            f"DeadLetter{camel(queue.removesuffix('.fifo').removesuffix('-dlq'))}",
            f"Work was given up: there are messages in {queue}.",
            Grade.PAGE if queue == SCHEDULE_FAILURES else Grade.TICKET,
            "dead-letters.md",
            {"waiting": waiting(queue)},
            threshold=0,
            period=60,
        )


def _of_queue(queue: Queue, worker: str) -> Iterator[Alarm]:
    name, function = camel(queue), f"{STACK}-{BY_NAME[worker].aws_name}"
    crashes = aws_metric(LAMBDA, "Errors", function, "Sum", "crashes")
    yield Alarm(
        f"Backlog{name}",
        f"Work in {queue} waits for more than 5 minutes.",
        Grade.TICKET,
        "backlog.md",
        {"age": oldest(queue)},
        threshold=300,
        period=60,
        periods=3,
    )
    yield Alarm(
        f"Stalled{name}",
        f"Work in {queue} waits for more than an hour, and for an hour nobody has taken up any.",
        Grade.PAGE,
        "backlog.md",
        {
            "age": oldest(queue),
            "batches": aws_metric(LAMBDA, "Invocations", function, "Sum", "batches"),
            "crashes": crashes,
        },
        threshold=HOUR,
        period=HOUR,
        expression="IF(FILL(batches, 0) - FILL(crashes, 0) < 1, FILL(age, 0), 0)",
    )
    yield Alarm(
        f"WorkFailed{name}",
        f"Work in {queue} was given up, and within an hour such work failed for no reason that passes by itself.",
        Grade.PAGE,
        "dead-letters.md",
        {
            "waiting": waiting(queue.dead_letter),
            "failed": pom_metric(metrics.WORK_LATENCY, "SampleCount", worker=worker, outcome=metrics.FAILED),
            "crashes": crashes,
        },
        threshold=0,
        period=HOUR,
        expression="IF(FILL(failed, 0) + FILL(crashes, 0) > 0, FILL(waiting, 0), 0)",
    )


QUEUE_ALARMS: tuple[Alarm, ...] = (
    *_dead_letters(),
    *(alarm for worker, trigger in QUEUE_TRIGGERS.items() for alarm in _of_queue(trigger.queue, worker)),
)
