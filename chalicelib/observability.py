"""Structured logs and EMF metrics, set up once for the API and the workers.

Every line carries the ids of its unit of work (`correlation`), and X-Ray's trace id if there is one.

Never logged are bodies, tokens, names, whole addresses, the ids of users as their issuer chose them, and the messages
of exceptions, because libraries put request data into them. An exception is logged by its type, POM's error code if
it has one, the place in the code, and the same for each of its causes.

`metrics` lists what is measured, and the dimensions of each metric.
"""

from __future__ import annotations

import functools
import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ParamSpec, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from chalicelib import correlation, metrics
from chalicelib.domain.caller import Caller
from chalicelib.domain.erasure import Erasure
from chalicelib.domain.errors import DeploymentFault, IntegrationError, Retryable
from chalicelib.domain.sweep import PayoutsSwept
from chalicelib.functions import API_HANDLER, Secret
from chalicelib.metrics import (
    FAILED,
    NAMESPACE,
    OK,
    OTHER,
    REFUSED,
    RETRY,
    SERVICE,
    STRIPE,
    THROTTLED,
    UNKNOWN,
    Metric,
)

MAX_FRAMES = 12
MAX_CAUSES = 5

P = ParamSpec("P")
R = TypeVar("R")


def _without_messages(record: logging.LogRecord) -> bool:
    """Replaces an exception by its description, also if Chalice logs it because the API's boundary itself failed."""
    if record.exc_info and record.exc_info[1] is not None:
        record.error = described(record.exc_info[1])
        record.exc_info = None
    return True


def _with_ids(record: logging.LogRecord) -> bool:
    """Adds the ids of the unit of work to the log record."""
    for name, value in correlation.ids().items():
        if getattr(record, name, None) is None:
            setattr(record, name, value)
    return True


logger = Logger(service=SERVICE)
logger.addFilter(_without_messages)
logger.addFilter(_with_ids)


def emit(metric: Metric, value: float, **dimensions: str) -> None:
    """Writes one metric by each of its sets of dimensions (`metrics.written_by`).

    The value of a dimension that is in none of these sets is written as metadata, for log queries. Each call has its
    own emitter, because the local stack serves requests from several threads.
    """
    dimension_values = {}
    for name, raw_value in dimensions.items():
        allowed_values = metrics.VALUES.get((metric.name, name))
        dimension_values[name] = raw_value if allowed_values is None or raw_value in allowed_values else OTHER
    dimension_sets = metrics.written_by(metric, dimension_values)
    if not dimension_sets:
        return
    emitter = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    emitter.add_metric(name=metric.name, unit=metric.unit, value=value)
    first, *others = dimension_sets
    for name in metric.dimensions:
        if name in first:
            emitter.add_dimension(name, dimension_values[name])
        elif not any(name in each for each in others):
            emitter.add_metadata(name, dimension_values[name])
    for each in others:
        emitter.add_dimensions(service=SERVICE, **{name: dimension_values[name] for name in each})
    emitter.flush_metrics()


_cold = True


def started(function: str) -> None:
    """Counts a cold start if this is the first work of the process."""
    global _cold
    if _cold:
        _cold = False
        emit(metrics.COLD_START, 1, function=function)


def restored() -> None:
    """Lets the next work of this process count as its first, because its state was copied from another process."""
    global _cold
    _cold = True


def request_served(
    route: str, status: int, seconds: float, request_id: str, caller: Caller, error: Exception | None
) -> None:
    """Writes one log line and one metric for an API request. The line has the caller and the network, also if
    refused.
    """
    code = getattr(error, "code", None)
    if status < 400:
        outcome = OK
    elif status < 500:
        outcome = REFUSED
    elif code in metrics.STRIPE_CODES:
        outcome = STRIPE
    else:
        outcome = RETRY if status in {502, 503} else FAILED
    latency = round(seconds * 1000, 2)
    emit(metrics.REQUEST_LATENCY, latency, route=route, outcome=outcome)
    if code in metrics.SECURITY_CODES:
        emit(metrics.SECURITY_REFUSED, 1, code=code)
    started(API_HANDLER)
    fields: dict[str, object] = {
        "route": route,
        "status": status,
        "outcome": outcome,
        "latency_ms": latency,
        "request_id": request_id,
        **caller._asdict(),
    }
    if error is not None:
        fields["error"] = described(error)
    (logger.error if outcome == FAILED else logger.info)("request", extra=fields)


def event_received(event_type: str, outcome: str, lag_seconds: int) -> None:
    """Counts a Stripe event by its outcome, with its delay in seconds."""
    emit(metrics.EVENT_LAG, max(lag_seconds, 0), family=event_type.partition(".")[0], outcome=outcome)


def event_parked(error: BaseException) -> None:
    """Logs why an event could not be applied: the error's class and the place where it was raised."""
    logger.warning("event_parked", extra={"error": described(error)})


def invoice_refused(organization_id: str, invoice_id: str, code: str) -> None:
    """Logs and counts a resumed invoice that was refused and removed."""
    emit(metrics.INVOICE_TAKEN_BACK, 1)
    logger.warning(
        "invoice_taken_back", extra={"organization_id": organization_id, "invoice_id": invoice_id, "code": code}
    )


def account_reconciled(
    organization_id: str,
    *,
    events_seen: int,
    recovered: int,
    unheard: int,
    corrected: int,
    parked: int,
    given_up: int,
) -> None:
    """Logs and counts the result of one reconciliation. `recovered`, `unheard`, `corrected` and `given_up` should be
    0.

    `parked` counts events that arrived within a day, so that an old event does not keep the alarm in alarm and hide
    others.
    """
    counts = {
        metrics.EVENTS_SWEPT: events_seen,
        metrics.EVENTS_RECOVERED: recovered,
        metrics.EVENTS_UNHEARD: unheard,
        metrics.INVOICES_CORRECTED: corrected,
        metrics.EVENTS_PARKED: parked,
        metrics.EVENTS_GIVEN_UP: given_up,
    }
    for metric, count in counts.items():
        emit(metric, count)
    found = {
        "events_seen": events_seen,
        "recovered": recovered,
        "unheard": unheard,
        "corrected": corrected,
        "parked": parked,
        "given_up": given_up,
    }
    logger.info("account_reconciled", extra={"organization_id": organization_id, **found})


def tied_out(organization_id: str, *, differences: int, billed_twice: int, copied: int) -> None:
    """Logs and counts the result of one organization's tie-out. All counts should be 0."""
    emit(metrics.TIE_OUTS, 1)
    emit(metrics.TIE_OUT_DIFFERENCES, differences)
    emit(metrics.INVOICES_BILLED_TWICE, billed_twice)
    emit(metrics.INVOICES_COPIED, copied)
    counts = {"differences": differences, "billed_twice": billed_twice, "copied": copied}
    fields = {"organization_id": organization_id, **counts}
    (logger.error if any(counts.values()) else logger.info)("tied_out", extra=fields)


def payouts_swept(organization_id: str, swept: PayoutsSwept) -> None:
    """Logs and counts the result of one organization's sweep of payouts. `missed` and `not_tied_out` should be 0."""
    emit(metrics.PAYOUTS_MISSED, swept.missed)
    emit(metrics.FEES_FOUND, swept.fees)
    emit(metrics.PAYOUTS_NOT_TIED_OUT, swept.not_tied_out)
    fields = {"organization_id": organization_id, **asdict(swept)}
    (logger.error if swept.not_tied_out else logger.info)("payouts_swept", extra=fields)


def payout_itemized(organization_id: str, payout_id: str, *, lines: int, repaired: int, unexplained: int) -> None:
    """Logs and counts the lines of a payout that were stored or compared. `repaired` counts the lines that were
    wrong.

    `unexplained` is in minor units, and should be 0.
    """
    emit(metrics.PAYOUT_LINES, lines)
    emit(metrics.PAYOUT_LINES_REPAIRED, repaired)
    emit(metrics.PAYOUTS_NOT_TIED_OUT, 1 if unexplained else 0)
    counts = {"lines": lines, "repaired": repaired, "unexplained": unexplained}
    fields = {"organization_id": organization_id, "payout_id": payout_id, **counts}
    (logger.error if unexplained else logger.info)("payout_itemized", extra=fields)


def balance_refused(organization_id: str, stripe_id: str, task: str, code: str) -> None:
    """Logs that Stripe refused to return a fee or a payout, and would refuse again."""
    fields = {"organization_id": organization_id, "stripe_id": stripe_id, "task": task, "code": code}
    logger.warning("balance_refused", extra=fields)


def erasure_gone_on(organization_id: str, customer_id: str, erasure: Erasure | None) -> None:
    """Logs the status of a customer's erasure, or a warning if no erasure was requested. Both ids are POM's own.

    If the tables are lost, these lines say which erasures a restored copy lacks: `./ops erase --again` reads them.
    """
    fields = {"organization_id": organization_id, "customer_id": customer_id}
    known = {"status": erasure.status.value, "in_stripe": erasure.in_stripe.value} if erasure is not None else {}
    (logger.info if erasure is not None else logger.warning)("erasure", extra={**fields, **known})


def canary_finished(verdict: str, milliseconds: int, *, passed: bool) -> None:
    """Logs and counts the result of a canary."""
    emit(metrics.CANARY_PASSED, 1 if passed else 0)
    emit(metrics.CANARY_ROUND_TRIP, milliseconds, verdict=verdict)
    fields = {"verdict": verdict, "latency_ms": milliseconds}
    (logger.info if passed else logger.error)("canary", extra=fields)


def changes_published(
    *, published: int, reasons: Sequence[str], repeats: bool, failure: Exception | None = None
) -> None:
    """Logs the result of a batch of changes, and counts the published ones.

    `reasons` says why the unpublished changes were queued. `failure` is why Lambda repeats the batch, if it does. The
    log line has the code of the failure.
    """
    emit(metrics.CHANGES_PUBLISHED, published)
    fields: dict[str, object] = {
        "published": published,
        "unpublished": len(reasons),
        "repeats": repeats,
        "reasons": sorted(set(reasons)),
    }
    if failure is not None:
        fields["error"] = described(failure)
    (logger.error if reasons or failure else logger.info)("changes_published", extra=fields)


def webhooks_checked(*, answered: bool, problem: str | None) -> None:
    """Logs and counts a check of Stripe's webhook endpoint for POM. It is not counted if Stripe did not respond."""
    if answered:
        emit(metrics.WEBHOOK_ENDPOINT_PROBLEMS, 1 if problem else 0)
    if problem:
        logger.error("webhook_endpoint", extra={"problem": problem})


def secrets_aged(days: Mapping[Secret, int | None]) -> None:
    """Writes the age of each secret in days, and the number of secrets whose age is None, which means unknown."""
    for secret, age in days.items():
        if age is not None:
            emit(metrics.SECRET_AGE, age, secret=secret)
    emit(metrics.SECRET_AGES_UNKNOWN, sum(age is None for age in days.values()))


def signature_refused() -> None:
    """Counts a webhook with an invalid signature. Nothing else is written about it."""
    emit(metrics.SIGNATURE_INVALID, 1)


def token_refused(reason: str) -> None:
    """Counts a refused access token."""
    emit(metrics.TOKEN_REFUSED, 1, reason=reason)


def reconciliations_planned(count: int) -> None:
    """Counts the organizations that are to be reconciled."""
    emit(metrics.RECONCILIATIONS_PLANNED, count)


def work_taken_up(**counts: int) -> None:
    """Counts the interrupted work that was found, by kind: unfinished invoices, customers, batches."""
    for kind, count in counts.items():
        emit(metrics.WORK_TAKEN_UP, count, kind=kind)


def stripe_called(method: str, path: str, status: int | None, seconds: float) -> None:
    """Writes the duration of one attempt of a call of Stripe. `status` is None if Stripe did not respond."""
    words = path.removeprefix("/v1").strip("/").split("/")
    emit(
        metrics.STRIPE_LATENCY,
        round(seconds * 1000, 2),
        resource=words[0],
        outcome=_outcome_of_stripe(status, write=method.upper() != "GET"),
    )


def _outcome_of_stripe(status: int | None, *, write: bool) -> str:
    if status is None or status >= 500:
        return UNKNOWN if write else FAILED
    if status == 429:
        return THROTTLED
    return OK if status < 400 else REFUSED


def message_unreadable(worker: str, error: Exception) -> None:
    """Logs a message that POM cannot read. It goes to the dead-letter queue, and counts as failed work of the
    worker.
    """
    emit(metrics.WORK_LATENCY, 0, worker=worker, outcome=FAILED)
    logger.error("message_unreadable", extra={"error": described(error)})


def worker_boundary(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates one unit of a worker's work: writes one log line and one metric, and raises any error again."""

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
    emit(metrics.WORK_LATENCY, latency, worker=name, outcome=outcome)
    started(name)
    fields: dict[str, object] = {"worker": name, "outcome": outcome, "latency_ms": latency}
    if error is not None:
        fields["error"] = described(error)
    (logger.error if outcome == FAILED else logger.info)("work", extra=fields)


def described(error: BaseException) -> dict[str, object]:
    """Returns the loggable description of an error and its causes: types, codes and places, no messages."""
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
    if isinstance(error, DeploymentFault):
        description["code"] = error.code
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        # All AWS services raise botocore errors of one class, and only their code says what failed.
        description["code"] = response["Error"].get("Code")
    return description
