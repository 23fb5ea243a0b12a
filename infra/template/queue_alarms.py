"""The alarms on queues: work that waits, work that no worker takes, and work that was given up.

One organization can make work wait by saving very many customers one by one. It can also cause work to be given up,
by using up the rate limit of its own Stripe account for an hour. Alarms on such causes are tickets. An alarm pages an
operator only if POM itself is at fault too.
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
"""Seconds. This is longer than a message is hidden after its last attempt, so that one period of the alarm contains
both the failure and the dead letter.
"""


def oldest(queue: str) -> Measure:
    """Returns the age of the oldest message in a queue, in seconds."""
    return aws_metric(SQS, "ApproximateAgeOfOldestMessage", f"{STACK}-{queue}", "Maximum", queue)


def waiting(queue: str) -> Measure:
    """Returns the number of messages that no worker has taken."""
    return aws_metric(SQS, "ApproximateNumberOfMessagesVisible", f"{STACK}-{queue}", "Maximum", queue)


def _dead_letters() -> Iterator[Alarm]:
    for queue in DEAD_LETTER_QUEUES:
        yield Alarm(
            f"DeadLetter{camel(queue.removesuffix('.fifo').removesuffix('-dlq'))}",
            f"Work was given up: {queue} contains messages.",
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
        f"Work in {queue} has waited for more than 5 minutes.",
        Grade.TICKET,
        "backlog.md",
        {"age": oldest(queue)},
        threshold=300,
        period=60,
        periods=3,
    )
    yield Alarm(
        f"Stalled{name}",
        f"Work in {queue} has waited for more than an hour, and no worker has taken any of it for an hour.",
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
        f"Work in {queue} was given up, and within an hour of that a worker failed for a reason that does not pass.",
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
