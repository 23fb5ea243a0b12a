"""The queues, each with a dead-letter queue, and two queues that feed no function."""

from __future__ import annotations

from chalicelib.domain.retention import RETENTION
from chalicelib.domain.retention_types import Expires, Place, Store
from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, WORKERS, Messages, Queue
from infra.template.intrinsics import Json, get_att, physical, queue_id, sub

ATTEMPTS = 5
"""How often SQS delivers a message before it moves the message to the dead-letter queue."""
PATIENCE = 6
"""SQS hides a message for this many timeouts of its function. AWS advises this value, because batches may be
throttled.
"""


def queues() -> Json:
    """Returns all queues, by logical id."""
    resources: Json = {}
    for function in WORKERS:
        match function.trigger:
            case Messages(queue):
                resources[queue_id(queue)] = _queue(queue, function.timeout)
                resources[queue_id(queue.dead_letter)] = _dead_letter_queue(queue)
    for name in (SCHEDULE_FAILURES, UNPUBLISHED_CHANGES):
        resources[queue_id(name)] = _resource(name, {})
    return resources


def _queue(queue: Queue, timeout: int) -> Json:
    redrive = {"deadLetterTargetArn": get_att(queue_id(queue.dead_letter)), "maxReceiveCount": ATTEMPTS}
    return _resource(
        queue,
        {
            "VisibilityTimeout": PATIENCE * timeout,
            "RedrivePolicy": redrive,
        },
    )


def _dead_letter_queue(queue: Queue) -> Json:
    # The source is given by its name and not by GetAtt, because the queue already refers to this dead-letter queue.
    source = sub(f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:${{AWS::StackName}}-{queue}")
    redrive = {"redrivePermission": "byQueue", "sourceQueueArns": [source]}
    return _resource(queue.dead_letter, {"RedriveAllowPolicy": redrive})


def retention_of(name: str) -> int:
    """Returns the seconds for which a queue retains a message."""
    period = RETENTION[Place(Store.QUEUE, name)]
    if not isinstance(period, Expires):
        raise TypeError(f"SQS retains no message for good, but {name} has no end of retention")
    return period.seconds


def _resource(name: str, settings: Json) -> Json:
    properties = {"QueueName": physical(name), "MessageRetentionPeriod": retention_of(name), **settings}
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
        if not name.endswith("-dlq.fifo"):
            # Order and deduplication hold within a group only. Different groups are processed in parallel.
            properties |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    return {"Type": "AWS::SQS::Queue", "Properties": properties}
