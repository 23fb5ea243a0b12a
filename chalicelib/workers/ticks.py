"""A tick of a schedule as a unit of work: what it queues goes back to it, as to a request."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from chalice.app import CloudWatchEvent

from chalicelib import correlation


def tick(event: CloudWatchEvent) -> AbstractContextManager[Any]:
    """The block in which the tick's work is done."""
    return correlation.about(request_id=getattr(event.context, "aws_request_id", None))
