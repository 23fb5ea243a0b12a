"""A tick of a schedule as a unit of work, so that the messages that it queues carry its request id."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from chalice.app import CloudWatchEvent

from chalicelib import correlation


def tick(event: CloudWatchEvent) -> AbstractContextManager[Any]:
    """Returns the context in which the tick's work is done."""
    return correlation.about(request_id=getattr(event.context, "aws_request_id", None))
