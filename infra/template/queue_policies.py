"""The policies of the queues: which services may send to them, and that every caller must use TLS."""

from __future__ import annotations

from chalicelib.functions import SCHEDULE_FAILURES
from infra.template.intrinsics import Json, get_att, queue_id, ref, sub

QUEUE = "AWS::SQS::Queue"


def queue_policies(resources: Json) -> Json:
    """Returns a policy for each queue in `resources`, by logical id. SQS stores one policy for each queue."""
    return {f"{name}Policy": _policy(name) for name, each in resources.items() if each["Type"] == QUEUE}


def _policy(queue: str) -> Json:
    statements = [_only_with_tls(queue)]
    if queue == queue_id(SCHEDULE_FAILURES):
        statements.append(_rules_may_send(queue))
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [ref(queue)],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    }


def _only_with_tls(queue: str) -> Json:
    """Returns a statement that denies unencrypted HTTP, which SQS accepts and no part of POM uses.

    docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
    """
    return {
        "Sid": "OnlyWithTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": get_att(queue),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _rules_may_send(queue: str) -> Json:
    rules = sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${AWS::StackName}-*")
    return {
        "Sid": "TicksThatFailed",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": get_att(queue),
        "Condition": {"ArnLike": {"aws:SourceArn": rules}},
    }
