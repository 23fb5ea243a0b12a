"""The list of metrics matches what the code emits, and every dimension has a closed set of values."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from chalicelib import metrics, observability
from chalicelib.adapters.stripe.client import ObservedClient
from chalicelib.adapters.tokens import _REASONS
from chalicelib.api.http import error_codes
from chalicelib.domain.caller import Caller
from chalicelib.domain.errors import Forbidden
from chalicelib.functions import API_HANDLER, AUTHORIZER, FUNCTIONS
from chalicelib.usecases.events.event_outcome import EventOutcome
from infra.package import ROOT
from tests.api.client import ApiClient

SOURCE = (ROOT / "chalicelib" / "observability.py").read_text()


def constants() -> dict[str, str]:
    """Returns the names of the metrics by the names of their constants."""
    return {name: value.name for name, value in vars(metrics).items() if isinstance(value, metrics.Metric)}


def test_every_metric_is_on_the_list_and_the_code_emits_it() -> None:
    used_constants = {node.attr for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Attribute)}
    assert set(constants().values()) == metrics.METRICS.keys()
    assert set(constants()) <= used_constants, "listed, but emitted nowhere"


def test_nothing_else_emits_metrics() -> None:
    for file in (ROOT / "chalicelib").rglob("*.py"):
        if file.name != "observability.py":
            assert "EphemeralMetrics" not in file.read_text(), file


def test_every_dimension_but_the_route_is_a_closed_set() -> None:
    open_ones = {
        (metric.name, dimension)
        for metric in metrics.METRICS.values()
        for dimension in metric.dimensions
        if (metric.name, dimension) not in metrics.VALUES
    }
    assert open_ones == {("RequestLatency", "route")}
    assert all(
        set(rollup) < set(metric.dimensions) for metric in metrics.METRICS.values() for rollup in metric.rollups
    )


def test_the_sets_are_those_of_the_code() -> None:
    assert {outcome.value for outcome in EventOutcome} == metrics.EVENT_OUTCOMES - {metrics.OTHER}
    assert {reason for _, reason in _REASONS} <= metrics.TOKEN_REASONS
    workers = {function.name for function in FUNCTIONS} - {API_HANDLER, AUTHORIZER}
    assert workers <= metrics.WORKERS
    assert metrics.VALUES["ColdStart", "function"] >= {function.name for function in FUNCTIONS}
    codes = {code for of_status in error_codes.ERROR_CODES.values() for code in of_status}
    assert codes >= metrics.SECURITY_CODES


def test_a_value_outside_its_set_is_counted_as_other(emitted_metrics: Any) -> None:
    observability.token_refused("invented by a library")
    observability.event_received("made.up", "unheard of", 3)
    refusal, lag = emitted_metrics()
    assert refusal["reason"] == "other"
    assert (lag["family"], lag["outcome"]) == ("other", "other")


@pytest.mark.parametrize(
    ("method", "path", "status", "resource", "outcome"),
    [
        ("post", "/v1/invoices/in_1/send", 200, "invoices", "ok"),
        ("get", "/v1/events", 429, "events", "throttled"),
        ("post", "/v1/customers", 402, "customers", "refused"),
        ("get", "/v1/refunds", 500, "refunds", "failed"),
        ("get", "/v1/refunds", None, "refunds", "failed"),
        ("post", "/v1/invoices", 503, "invoices", "unknown"),
        ("delete", "/v1/invoices/in_1", None, "invoices", "unknown"),
        ("post", "/oauth/token", 200, "oauth", "ok"),
        ("get", "/v1/nothing_we_ask_for", 404, "other", "refused"),
    ],
)
def test_a_call_to_stripe_is_counted_by_resource_and_outcome(
    emitted_metrics: Any, method: str, path: str, status: int | None, resource: str, outcome: str
) -> None:
    observability.stripe_called(method, path, status, 0.25)
    [metric] = emitted_metrics()
    assert (metric["resource"], metric["outcome"], metric["StripeLatency"]) == (resource, outcome, [250.0])


def test_a_rate_limited_call_is_counted_without_its_resource_which_the_log_has(
    emitted_metrics: Any,
) -> None:
    observability.stripe_called("get", "/v1/events", 429, 0.25)
    [metric] = emitted_metrics()
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["outcome", "service"]]
    assert metric["resource"] == "events"


def test_published_changes_are_counted_even_if_there_were_none(emitted_metrics: Any) -> None:
    for count in (3, 0):
        observability.changes_published(published=count, reasons=[], repeats=False)
    assert [metric["ChangesPublished"] for metric in emitted_metrics()] == [[3.0], [0.0]]


def test_each_attempt_of_a_call_is_reported_to_the_observer(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[tuple[str, str, int | None]] = []
    client = ObservedClient(lambda method, path, status, _: attempts.append((method, path, status)))
    with pytest.raises(Exception, match="communicating with Stripe"):
        client.request("get", "http://127.0.0.1:1/v1/events?limit=100", {})
    assert attempts == [("get", "/v1/events", None)]


def test_a_refused_oauth_state_counts_as_probing_for_access(emitted_metrics: Any) -> None:
    error = Forbidden("state_foreign", "Somebody else began this connection.")
    observability.request_served("POST /v1/stripe/connection/complete", 403, 0.01, "req", Caller("org_1"), error)
    assert [metric["code"] for metric in emitted_metrics() if "SecurityRefused" in metric] == ["state_foreign"]


def test_a_cold_start_is_counted_once(emitted_metrics: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observability, "_cold", True)
    for _ in range(3):
        observability.started("resume_stuck")
    assert [metric["function"] for metric in emitted_metrics()] == ["resume_stuck"]


def test_a_canary_is_counted_by_its_outcome(emitted_metrics: Any) -> None:
    observability.canary_finished("refused", 140, passed=False)
    observability.canary_finished("passed", 90, passed=True)
    failure, how, success, _ = emitted_metrics()
    assert (failure["CanaryPassed"], success["CanaryPassed"]) == ([0.0], [1.0])
    assert (how["verdict"], how["CanaryRoundTrip"]) == ("refused", [140.0])


def test_a_problem_of_the_webhook_endpoint_is_counted_and_an_outage_of_stripe_is_not(emitted_metrics: Any) -> None:
    for was_answered, problem in ((True, "It is disabled."), (True, None), (False, None)):
        observability.webhooks_checked(answered=was_answered, problem=problem)
    assert [metric["WebhookEndpointProblems"] for metric in emitted_metrics()] == [[1.0], [0.0]]


def test_stripe_events_are_counted_in_total_too(emitted_metrics: Any) -> None:
    observability.event_received("invoice.paid", "applied", 3)
    [lag] = emitted_metrics()
    assert ["service"] in [sorted(each) for each in lag["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]


def test_results_of_scheduled_work_are_counted(emitted_metrics: Any) -> None:
    observability.reconciliations_planned(7)
    observability.work_taken_up(invoice=2, customer=0, batch=1)
    plan, *taken_up = emitted_metrics()
    assert plan["ReconciliationsPlanned"] == [7.0]
    assert {metric["kind"]: metric["WorkTakenUp"] for metric in taken_up} == {
        "invoice": [2.0],
        "customer": [0.0],
        "batch": [1.0],
    }


def test_each_kind_of_refusal_has_its_metric(emitted_metrics: Any) -> None:
    observability.token_refused("expired")
    observability.invoice_refused("org_1", "inv_1", "customer_email_missing")
    error = Forbidden("role_missing", "Only an admin may do this.")
    observability.request_served("POST /v1/stripe/connection", 403, 0.01, "req", Caller("org_1"), error)
    metrics = emitted_metrics()
    refusal_names = {"TokenRefused", "InvoiceTakenBack", "SecurityRefused"}
    assert [sorted(refusal_names & metric.keys()) for metric in metrics if refusal_names & metric.keys()] == [
        ["TokenRefused"],
        ["InvoiceTakenBack"],
        ["SecurityRefused"],
    ]


def test_the_authorizers_cold_start_is_counted_once(
    api: ApiClient, emitted_metrics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observability, "_cold", True)
    for _ in range(2):
        api.get("/apps")
    [start] = [metric for metric in emitted_metrics() if "ColdStart" in metric]
    assert (start["function"], start["ColdStart"]) == ("token_authorizer", [1.0])
