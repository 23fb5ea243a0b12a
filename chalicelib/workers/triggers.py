"""Registers a worker's handler with the trigger that `chalicelib.functions` declares for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint

from chalicelib.functions import BY_NAME, Messages, Schedule

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:"
"""A placeholder: the deployment's template puts the real queue in its place."""


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
            case Schedule(rate):
                return worker.schedule(rate, name=name)(handler)
        raise LookupError(f"API Gateway invokes {name}; it has no queue and no schedule")

    return register
