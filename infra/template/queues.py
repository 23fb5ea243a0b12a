"""The queues, each with one for messages that failed again and again, and one for schedules that did."""

from __future__ import annotations

from infra.template.functions import FUNCTIONS, Function
from infra.template.intrinsics import Json, get_att, physical, queue_id, ref, sub

ATTEMPTS = 5
"""How often a message is received before it goes to the dead-letter queue."""
RETENTION = 4 * 24 * 3600
DEAD_LETTER_RETENTION = 14 * 24 * 3600
"""Seconds; the longest SQS allows."""
PATIENCE = 6
"""A message is hidden for so many timeouts of its function: AWS's advice, for batches that are throttled."""
SCHEDULE_FAILURES = "schedule-failures"


def dead_letter(queue: str) -> str:
    """The name of a queue's dead-letter queue."""
    return f"{queue.removesuffix('.fifo')}-dlq{'.fifo' if queue.endswith('.fifo') else ''}"


def url_variable(queue: str) -> str:
    """The environment variable that tells a queue's URL."""
    return queue.removesuffix(".fifo").replace("-", "_").upper() + "_QUEUE_URL"


def queues() -> Json:
    """All queues, and who may send to that of failed schedules."""
    resources: Json = {}
    for function in FUNCTIONS:
        if function.queue is not None:
            resources[queue_id(function.queue)] = _queue(function, function.queue)
            resources[queue_id(dead_letter(function.queue))] = _dead_letter_queue(function.queue)
    resources[queue_id(SCHEDULE_FAILURES)] = _resource(
        SCHEDULE_FAILURES, {"MessageRetentionPeriod": DEAD_LETTER_RETENTION}
    )
    resources["ScheduleFailuresQueuePolicy"] = _rules_may_send()
    return resources


def _queue(function: Function, name: str) -> Json:
    redrive = {"deadLetterTargetArn": get_att(queue_id(dead_letter(name))), "maxReceiveCount": ATTEMPTS}
    return _resource(
        name,
        {
            "VisibilityTimeout": PATIENCE * function.timeout,
            "MessageRetentionPeriod": RETENTION,
            "RedrivePolicy": redrive,
        },
    )


def _dead_letter_queue(name: str) -> Json:
    # By its name, not by GetAtt: the queue already refers to this one.
    source = sub(f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:${{AWS::StackName}}-{name}")
    redrive = {"redrivePermission": "byQueue", "sourceQueueArns": [source]}
    return _resource(
        dead_letter(name), {"MessageRetentionPeriod": DEAD_LETTER_RETENTION, "RedriveAllowPolicy": redrive}
    )


def _resource(name: str, settings: Json) -> Json:
    properties = {"QueueName": physical(name), "SqsManagedSseEnabled": True, **settings}
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
        if not name.endswith("-dlq.fifo"):
            # Order and deduplication within a group only: groups are worked on side by side.
            properties |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _rules_may_send() -> Json:
    rules = sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${AWS::StackName}-*")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": get_att(queue_id(SCHEDULE_FAILURES)),
        "Condition": {"ArnLike": {"aws:SourceArn": rules}},
    }
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [ref(queue_id(SCHEDULE_FAILURES))],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
