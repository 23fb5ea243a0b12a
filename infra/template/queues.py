"""The queues, each with one for messages that failed again and again, and two that feed no function."""

from __future__ import annotations

from chalicelib.domain.retention import RETENTION
from chalicelib.domain.retention_types import Expires, Place, Store
from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, WORKERS, Messages, Queue
from infra.template.intrinsics import Json, get_att, physical, queue_id, sub

ATTEMPTS = 5
"""How often a message is received before it goes to the dead-letter queue."""
PATIENCE = 6
"""A message is hidden for so many timeouts of its function: AWS's advice, for batches that are throttled."""


def queues() -> Json:
    """All queues."""
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
    # By its name, not by GetAtt: the queue already refers to this one.
    source = sub(f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:${{AWS::StackName}}-{queue}")
    redrive = {"redrivePermission": "byQueue", "sourceQueueArns": [source]}
    return _resource(queue.dead_letter, {"RedriveAllowPolicy": redrive})


def retention_of(name: str) -> int:
    """Returns the seconds for which a queue keeps a message."""
    kept = RETENTION[Place(Store.QUEUE, name)]
    if not isinstance(kept, Expires):
        raise TypeError(f"SQS keeps no message for good, and {name} is said to")
    return kept.seconds


def _resource(name: str, settings: Json) -> Json:
    properties = {"QueueName": physical(name), "MessageRetentionPeriod": retention_of(name), **settings}
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
        if not name.endswith("-dlq.fifo"):
            # Order and deduplication within a group only: groups are worked on side by side.
            properties |= {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    return {"Type": "AWS::SQS::Queue", "Properties": properties}
