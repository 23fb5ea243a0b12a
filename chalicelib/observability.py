"""Structured logs and EMF metrics, set up once for the API and the workers.

What is never written: bodies, tokens, names, addresses, and the messages of exceptions, because libraries put
request data into them. An exception is told by its type, our stable code if it has one, the place in the code,
and the same for each of its causes.

Dimensions are closed sets, so that the number of CloudWatch metrics is known: route templates, worker names,
families of Stripe events, and outcomes.

    metric           unit          dimension sets
    RequestLatency   Milliseconds  service, route, outcome | service, outcome   (its count is the number of requests)
    WorkLatency      Milliseconds  service, worker, outcome
    EventLag         Seconds       service, family, outcome   (its count is the number of events)
    SignatureInvalid, InvoiceTakenBack, EventsSwept, EventsRecovered, InvoicesCorrected
                     Count         service
    TokenRefused     Count         service, reason
    InvoiceTakenBack, EventsSwept, EventsRecovered, InvoicesCorrected   Count   service
"""

from __future__ import annotations

import functools
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.domain.errors import IntegrationError, Retryable
from chalicelib.domain.events import SUBSCRIPTION

SERVICE = "pom-stripe"
NAMESPACE = "PomStripe"

OK = "ok"
REFUSED = "refused"
"""The caller's fault: nothing for operations to do."""
RETRY = "retry"
"""Nobody's fault, and expected to pass: Stripe or the database did not answer, or somebody else wrote first."""
FAILED = "failed"
"""Our fault."""

EVENT_FAMILIES = frozenset(event_type.partition(".")[0] for event_type in SUBSCRIPTION)
OTHER_FAMILY = "other"

MAX_FRAMES = 12
MAX_CAUSES = 5

P = ParamSpec("P")
R = TypeVar("R")


def _without_messages(record: logging.LogRecord) -> bool:
    """For whoever logs an exception through our logger, as Chalice does when the API's boundary itself fails."""
    if record.exc_info and record.exc_info[1] is not None:
        record.error = described(record.exc_info[1])
        record.exc_info = None
    return True


logger = Logger(service=SERVICE)
logger.addFilter(_without_messages)


def emit(
    name: str, value: float, unit: MetricUnit = MetricUnit.Count, *rollups: Mapping[str, str], **dimensions: str
) -> None:
    """Write one metric, by its own dimensions and by those of each of `rollups`.

    Each call has an emitter of its own: the local stack serves requests from several threads.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    metrics.add_metric(name=name, unit=unit, value=value)
    for dimension, text in dimensions.items():
        metrics.add_dimension(dimension, text)
    for rollup in rollups:
        metrics.add_dimensions(service=SERVICE, **rollup)
    metrics.flush_metrics()


def request_served(
    route: str, status: int, seconds: float, request_id: str, organization_id: str | None, error: Exception | None
) -> None:
    """One line and one metric for an API request."""
    outcome = _outcome_of_status(status)
    latency = round(seconds * 1000, 2)
    emit("RequestLatency", latency, MetricUnit.Milliseconds, {"outcome": outcome}, route=route, outcome=outcome)
    fields: dict[str, object] = {
        "route": route,
        "status": status,
        "outcome": outcome,
        "latency_ms": latency,
        "request_id": request_id,
        "organization_id": organization_id,
    }
    if error is not None:
        fields["error"] = described(error)
    (logger.error if outcome == FAILED else logger.info)("request", extra=fields)


def event_received(event_type: str, outcome: str, lag_seconds: int) -> None:
    """How long a Stripe event took to reach us, and what became of it."""
    family = event_type.partition(".")[0]
    emit(
        "EventLag",
        max(lag_seconds, 0),
        MetricUnit.Seconds,
        family=family if family in EVENT_FAMILIES else OTHER_FAMILY,
        outcome=outcome,
    )


def invoice_refused(organization_id: str, invoice_id: str, code: str) -> None:
    """An invoice that was resumed cannot be made, and has been taken back."""
    emit("InvoiceTakenBack", 1)
    logger.warning(
        "invoice_taken_back", extra={"organization_id": organization_id, "invoice_id": invoice_id, "code": code}
    )


def account_reconciled(
    organization_id: str, *, events_seen: int, recovered: int, corrected: int, parked: int
) -> None:
    """What one reconciliation run found; `recovered` and `corrected` should be 0."""
    counts = {"EventsSwept": events_seen, "EventsRecovered": recovered, "InvoicesCorrected": corrected}
    for name, count in counts.items():
        emit(name, count)
    fields = {"events_seen": events_seen, "recovered": recovered, "corrected": corrected, "parked": parked}
    logger.info("account_reconciled", extra={"organization_id": organization_id, **fields})


def signature_refused() -> None:
    """The only trace a webhook leaves that Stripe did not sign."""
    emit("SignatureInvalid", 1)


def token_refused(reason: str) -> None:
    """An access token was not taken."""
    emit("TokenRefused", 1, reason=reason)


def worker_boundary(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Wrap one unit of a worker's work: one line, one metric, and the error goes on to whoever retries."""

    def decorate(work: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(work)
        def bounded(*args: P.args, **kwargs: P.kwargs) -> R:
            began = time.perf_counter()
            try:
                result = work(*args, **kwargs)
            except Exception as error:
                _work_done(name, began, RETRY if isinstance(error, Retryable) else FAILED, error)
                raise
            _work_done(name, began, OK, None)
            return result

        return bounded

    return decorate


def _work_done(name: str, began: float, outcome: str, error: Exception | None) -> None:
    latency = round((time.perf_counter() - began) * 1000, 2)
    emit("WorkLatency", latency, MetricUnit.Milliseconds, worker=name, outcome=outcome)
    fields: dict[str, object] = {"worker": name, "outcome": outcome, "latency_ms": latency}
    if error is not None:
        fields["error"] = described(error)
    (logger.error if outcome == FAILED else logger.info)("work", extra=fields)


def described(error: BaseException) -> dict[str, object]:
    """What may be told of an error and its causes: types, codes and places, no messages."""
    causes: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and cause not in causes and len(causes) < MAX_CAUSES:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    description = _one_described(error)
    if causes:
        description["causes"] = [_one_described(each) for each in causes]
    return description


def _one_described(error: BaseException) -> dict[str, object]:
    kind = type(error)
    description: dict[str, object] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(error, IntegrationError):
        description["code"] = error.code
    else:
        walked = list(traceback.walk_tb(error.__traceback__))[-MAX_FRAMES:]
        description["at"] = [
            f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}" for frame, line in walked
        ]
    return description


def _outcome_of_status(status: int) -> str:
    if status < 400:
        return OK
    if status < 500:
        return REFUSED
    return RETRY if status in {502, 503} else FAILED
