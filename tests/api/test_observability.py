"""Each unit of work writes one log line and one metric, with closed dimensions and without personal data."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from chalicelib import observability
from chalicelib.domain.caller import Caller
from chalicelib.domain.errors import StaleWrite
from chalicelib.observability import described, event_received, request_served, worker_boundary


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    lines: list[tuple[str, str, dict[str, Any]]] = []
    for level in ("info", "error"):
        monkeypatch.setattr(
            observability.logger, level, lambda text, extra, level=level: lines.append((level, text, extra))
        )
    return lines


def dimensions(metric: dict[str, Any]) -> list[set[str]]:
    return [set(names) for names in metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]


def test_a_request_is_one_metric_by_route_and_one_by_outcome(emitted_metrics: Any, log_lines: Any) -> None:
    request_served("GET /v1/apps", 200, 0.0125, "req", Caller("org_1"), None)
    [metric] = emitted_metrics()
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "PomStripe"
    assert metric["RequestLatency"] == [12.5]
    assert (metric["service"], metric["route"], metric["outcome"]) == ("pom-stripe", "GET /v1/apps", "ok")
    assert dimensions(metric) == [{"service", "route", "outcome"}, {"service", "outcome"}]
    assert len(log_lines) == 1


@pytest.mark.parametrize(
    ("status", "outcome", "level"),
    [
        (201, "ok", "info"),
        (302, "ok", "info"),
        (404, "refused", "info"),
        (503, "retry", "info"),
        (500, "failed", "error"),
    ],
)
def test_an_outcome_names_whose_fault_the_error_was(
    emitted_metrics: Any, log_lines: Any, status: int, outcome: str, level: str
) -> None:
    request_served("GET /v1/apps", status, 0.01, "req", Caller(), None)
    assert emitted_metrics()[0]["outcome"] == outcome
    assert log_lines[0][0] == level


@pytest.mark.parametrize(
    ("event_type", "family"), [("invoice.paid", "invoice"), ("charge.dispute.closed", "charge"), ("made.up", "other")]
)
def test_families_of_events_are_a_closed_set(emitted_metrics: Any, event_type: str, family: str) -> None:
    event_received(event_type, "applied", 7)
    [metric] = emitted_metrics()
    assert (metric["family"], metric["outcome"], metric["EventLag"]) == (family, "applied", [7.0])


def test_a_worker_reports_its_outcome_and_keeps_results_and_exceptions(emitted_metrics: Any, log_lines: Any) -> None:
    @worker_boundary("customer_sync")
    def work(divisor: int) -> int:
        """Divides one by a number."""
        if divisor < 0:
            raise StaleWrite("The customer")
        return 6 // divisor

    assert work.__name__ == "work"
    assert work(divisor=2) == 3
    with pytest.raises(ZeroDivisionError):
        work(0)
    with pytest.raises(StaleWrite):
        work(-1)
    assert [(metric["worker"], metric["outcome"]) for metric in emitted_metrics()] == [
        ("customer_sync", "ok"),
        ("customer_sync", "failed"),
    ], "work that is retried is only logged"
    assert [line[2]["outcome"] for line in log_lines] == ["ok", "failed", "retry"]
    assert [line[0] for line in log_lines] == ["info", "error", "info"]
    assert log_lines[2][2]["error"] == {"type": "chalicelib.domain.errors.StaleWrite", "code": "concurrent_change"}


def test_metrics_can_be_silenced(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    observability.signature_refused()
    assert capsys.readouterr().out == ""


def test_an_exception_that_chalice_logs_is_written_without_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(observability.logger.handlers[0], "stream", stream)
    try:
        raise ValueError("dana@example.test")
    except ValueError:
        logging.getLogger(observability.SERVICE).error("Caught exception for path %s", "/v1/apps", exc_info=True)
    line = json.loads(stream.getvalue())
    assert line["error"]["type"] == "builtins.ValueError"
    assert "dana" not in stream.getvalue()


def test_circular_causes_are_logged_once() -> None:
    value_error, key_error = ValueError("a"), KeyError("b")
    value_error.__cause__, key_error.__cause__ = key_error, value_error
    assert [cause["type"] for cause in described(value_error)["causes"]] == [
        "builtins.KeyError",
        "builtins.ValueError",
    ]  # type: ignore[attr-defined]
