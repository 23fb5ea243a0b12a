"""Publishes the changes in the tables' streams, on the bus and in the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import bootstrap, correlation
from chalicelib.observability import changes_published, worker_boundary
from chalicelib.workers.triggers import triggered

worker = Blueprint(__name__)


@triggered(worker)
def publish_changes(event: DynamoDBEvent) -> dict[str, Any]:
    """Publishes one batch. Lambda repeats the batch from the record that is returned as failed."""
    with correlation.about(request_id=getattr(event.context, "aws_request_id", None)):
        repeat_from = _publish(event.to_dict()["Records"])
    return {"batchItemFailures": [] if repeat_from is None else [{"itemIdentifier": repeat_from}]}


@worker_boundary("publish_changes")
def _publish(records: Sequence[Mapping[str, Any]]) -> str | None:
    # Here, because the API's Lambda imports this module by way of `app.py`.
    from chalicelib.api.models.bus_events import bus_events
    from chalicelib.usecases.publishing.publish_changes import Record, publish_records

    base = bootstrap.config().stripe_dashboard_base
    outcome = publish_records(
        [Record.of(each) for each in records],
        bootstrap.change_reader(),
        lambda change, shown: bus_events(change, shown, base),
        bootstrap.ports(),
    )
    changes_published(
        published=outcome.published,
        reasons=list(outcome.unpublished.values()),
        repeats=outcome.repeat_from is not None,
        failure=outcome.failure,
    )
    return outcome.repeat_from
