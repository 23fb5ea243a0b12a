"""CloudWatch for the local stack: what lines and queues mean, metric math, statistics, and a clock that is moved."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import boto3
import pytest

from chalicelib import metrics, observability
from infra.local.aws.in_process import embedded_aws
from infra.local.aws.queue_metrics import queue_metrics
from infra.local.cloudwatch.alarms import from_template
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.cloudwatch.datapoints import Datapoint, Datapoints, Key
from infra.local.cloudwatch.expressions import NotUnderstood, evaluate
from infra.local.cloudwatch.sources import of_log_line
from infra.local.lines import Tail
from infra.template.measures import API_GATEWAY, LAMBDA

STILL = SkippingClock(real=lambda: 1_000.0)
API = {"ApiName": "pom-local"}


def test_emitted_metrics_are_stored_by_dimensions_and_by_rollups(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    observability.stripe_called("get", "/v1/events", 200, 0.25)
    found = [point for line in capsys.readouterr().out.splitlines() for point in of_log_line(line, SkippingClock())]
    whole = {"service": metrics.SERVICE, "resource": "events", "outcome": "ok"}
    rollup = {"service": metrics.SERVICE, "outcome": "ok"}
    assert {point.key for point in found} == {
        Key.of(metrics.NAMESPACE, "StripeLatency", dimensions) for dimensions in (whole, rollup)
    }
    assert {point.value for point in found} == {250.0}
    assert all(abs(point.at - time.time()) < 60 for point in found)


def _line(logger: str, text: str, *words: object) -> str:
    record = logging.LogRecord(logger, logging.INFO, "", 0, text, words, None)
    return logging.Formatter("%(asctime)s %(name)s %(message)s").format(record)


def test_each_request_counts_at_the_gateway_and_a_5xx_as_an_error() -> None:
    said = "%s %s %s %.1f ms %s"
    lines = [
        _line("infra.local.api_server", said, "POST", "/v1/stripe/webhooks", 200, 12.34, "id-1"),
        _line("infra.local.api_server", said, "GET", "/v1/invoices", 503, 1.0, "id-2"),
        _line("infra.local.api_server", "the authorizer failed"),
    ]
    points = Datapoints(point for line in lines for point in of_log_line(line, STILL))
    now = time.time()
    for metric, stat, expected in (("Count", "SampleCount", 2), ("5XXError", "Sum", 1), ("4XXError", "Sum", 0)):
        assert points.statistic(Key.of(API_GATEWAY, metric, API), stat, now - 60, now + 60) == expected


def test_work_and_its_failures_are_invocations_of_the_functions_that_do_it() -> None:
    lines = [
        _line("infra.local.event_sources", "%s: %s done, %s to try again", "customer_sync", 1, 0),
        _line("infra.local.event_sources", "%s: the handler raised; the whole batch stays", "customer_sync"),
        _line("infra.local.schedules", "%s: fired", "resume_stuck"),
    ]
    points = Datapoints(point for line in lines for point in of_log_line(line, STILL))
    now = time.time()

    def total(metric: str, function: str) -> float | None:
        return points.statistic(Key.of(LAMBDA, metric, {"FunctionName": function}), "Sum", now - 60, now + 60)

    assert (total("Invocations", "pom-local-customer-sync"), total("Errors", "pom-local-customer-sync")) == (1, 1)
    assert total("Invocations", "pom-local-resume-stuck") == 1


def test_an_incomplete_line_is_read_later(tmp_path: Path) -> None:
    file = tmp_path / "api.log"
    file.write_text("one\ntw")
    log = Tail(file)
    assert log.new_lines() == ["one"]
    file.write_text("one\ntwo\n")
    assert log.new_lines() == ["two"]
    assert log.new_lines() == []


def test_queues_report_their_number_of_messages_and_the_age_of_the_oldest() -> None:
    with embedded_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="pom-local-reconcile")["QueueUrl"]
        assert queue_metrics() == {"pom-local-reconcile": {"visible": 0, "oldest": None}}
        for body in ("one", "two"):
            sqs.send_message(QueueUrl=url, MessageBody=body)
        first = sqs.receive_message(QueueUrl=url)["Messages"][0]
        said = queue_metrics()["pom-local-reconcile"]
        assert said["visible"] == 1
        assert abs((said["oldest"] or 0) - time.time()) < 60, "one that is being worked on is there still"
        sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
        assert queue_metrics()["pom-local-reconcile"]["visible"] == 1


def test_metrics_before_a_skip_of_the_clock_stay_and_later_metrics_follow_it() -> None:
    moments = iter([100.0, 100.0, 160.0])
    skipped: list[float] = []
    clock = SkippingClock(real=lambda: next(moments), on_skip=skipped.append)
    clock.skip_to(1_300.0)
    assert (clock.at(99.0), clock.at(100.0), clock.now()) == (99.0, 1_300.0, 1_360.0)
    assert skipped == [1_200.0]


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("a + b", {"a": 1, "b": 2}, 3),
        ("a / b", {"a": 1, "b": 0}, None),
        ("a / b", {"a": 1, "b": None}, None),
        ("FILL(a, 0) / b", {"a": None, "b": 4}, 0),
        ("IF(a > 0 AND b < 1, 1, 0)", {"a": 2, "b": 0}, 1),
        ("IF(a > 0 AND b < 1, 1, 0)", {"a": 2, "b": None}, None),
        ("IF(FILL(a, 0) >= 5, a / b, 0)", {"a": None, "b": None}, 0),
    ],
)
def test_metric_math(expression: str, values: dict[str, float | None], expected: float | None) -> None:
    assert evaluate(expression, values) == expected


@pytest.mark.parametrize("expression", ["c + 1", "RATE(a)", "a ** 2", "__import__('os')", "a[0]", "-a"])
def test_unknown_metric_math_is_refused(expression: str) -> None:
    with pytest.raises(NotUnderstood):
        evaluate(expression, {"a": 1.0})


def test_statistics_are_computed_for_the_requested_period() -> None:
    key = Key.of("POM", "Latency", {})
    points = Datapoints(Datapoint(key, float(at), float(at)) for at in (119, 60, 61, 120, 59))
    for stat, expected in {
        "Sum": 240,
        "SampleCount": 3,
        "Average": 80,
        "Minimum": 60,
        "Maximum": 119,
        "p50": 61,
        "p99": 119,
    }.items():
        assert points.statistic(key, stat, 60, 120) == expected
    assert points.statistic(key, "Sum", 0, 59) is None


def test_a_composite_of_more_than_alarms_joined_by_and_is_refused() -> None:
    said = {
        "AlarmName": "s-Odd",
        "ActionsEnabled": False,
        "AlarmActions": [],
        "AlarmDescription": "x/y.md",
        "AlarmRule": 'ALARM("s-One") OR ALARM("s-Two")',
    }
    with pytest.raises(ValueError, match="joined by AND"):
        from_template(
            {"Odd": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": said}}, {"AWS::StackName": "s"}
        )
