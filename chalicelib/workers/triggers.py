"""Registers a worker's handler with the trigger that `chalicelib.functions` declares for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint

from chalicelib import restoring  # noqa: F401 -- registers the hooks of SnapStart for every worker
from chalicelib.functions import BY_NAME, Changes, Messages, Schedule

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:"
STREAM_ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/{}/stream/latest"
"""Placeholders: the deployment's template puts the real queue or stream in their place."""


def triggered(worker: Blueprint) -> Callable[[Callable[..., Any]], Any]:
    """Returns the decorator of a worker's handler, which must have the name of its function.

    Raises:
        LookupError: `chalicelib.functions` declares no function of that name, or none that a worker serves.
    """

    def register(handler: Callable[..., Any]) -> Any:
        name = handler.__name__
        match BY_NAME[name].trigger:
            case Messages(queue, batch_size):
                return worker.on_sqs_message(queue_arn=QUEUE_ARN + queue, batch_size=batch_size, name=name)(handler)
            case Changes(tables, batch_size, window):
                # Chalice supports one stream for each function, so it gets the first. The template adds the others.
                return worker.on_dynamodb_record(
                    stream_arn=STREAM_ARN.format(next(iter(tables))),
                    batch_size=batch_size,
                    starting_position="TRIM_HORIZON",
                    maximum_batching_window_in_seconds=window,
                    name=name,
                )(handler)
            case Schedule(rate):
                return worker.schedule(rate, name=name)(handler)
        raise LookupError(f"API Gateway invokes {name}; it has no queue, no stream and no schedule")

    return register
