"""The locks that make moto's DynamoDB and SQS safe for calls from several threads.

Without the locks, two conditional writers could both succeed, a transaction could fail with "dictionary changed size
during iteration", and an SQS delete could drop a message that is being sent.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext

DYNAMODB = threading.RLock()
"""Held during every call of DynamoDB and of its streams, so that no reader gets a record that is rolled back."""

SQS = threading.Condition(threading.RLock())
"""Held during every SQS call, except while a long poll waits. Notified when a message arrives."""


def lock_for(service: str) -> AbstractContextManager[object]:
    """Returns the lock that a call to `service`, a moto service name such as "dynamodb", must hold."""
    if service.startswith("dynamodb"):
        return DYNAMODB
    if service in ("sqs", "events"):  # a rule's target gets its message within the call that puts the event
        return SQS
    return nullcontext()
