"""The locks that make moto's DynamoDB and SQS safe to call from several threads.

Without them two conditional writers can both win, a transaction can fail with "dictionary changed size during
iteration", and an SQS delete can drop a message that is being sent.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext

DYNAMODB = threading.RLock()
"""Held for the whole of every call of DynamoDB and of its streams: no reader sees a record that is taken back."""

SQS = threading.Condition(threading.RLock())
"""Held for the whole of every SQS call, except while a long poll waits; notified when a message arrives."""


def lock_for(service: str) -> AbstractContextManager[object]:
    """The lock a call to `service` (a moto service name such as "dynamodb") must hold."""
    if service.startswith("dynamodb"):
        return DYNAMODB
    if service in ("sqs", "events"):  # a rule's target gets its message within the call that puts the event
        return SQS
    return nullcontext()
