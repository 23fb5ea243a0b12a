"""`measure` reads figures that only AWS has, and compares them with the budgets. AWS's responses are simulated."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from chalicelib.functions import FUNCTIONS, Queue
from infra.ops import measure
from infra.ops.__main__ import main

STACK = "pom-stripe-prod"
ENVIRONMENT = {
    "POM_STAGE": STACK,
    "POM_TABLE_PREFIX": f"{STACK}-",
    "STRIPE_PLATFORM_SECRET_ID": "secret",
    "STRIPE_WEBHOOK_SECRET_ID": "secret",
    "EVENT_BUS_NAME": "changes",
    "UNPUBLISHED_CHANGES_QUEUE_URL": "https://sqs.example.test/unpublished-changes",
    "PUBLIC_API_URL": "https://api.example.com",
    "POM_SETTINGS_URL": "https://pom.example.com/apps",
    **{queue.url_variable: f"https://sqs.example.com/{queue}" for queue in Queue},
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
}
ASKED = list(measure.figures_of(STACK))
QUICK = {"p50": 12, "p99": 80, "invocations": 1000, "cold": 7, "cold_p50": 900, "cold_p99": 1400, "memory": 210}


def log_rows(function: str = "api-handler", **figures: float) -> list[dict[str, str]]:
    """Returns a row of a Logs Insights result."""
    log_row = {"@log": f"123456789012:/aws/lambda/{STACK}-{function}", **QUICK, **figures}
    return [{"field": name, "value": str(value)} for name, value in log_row.items()]


class Aws:
    """CloudWatch and CloudWatch Logs with simulated responses."""

    def __init__(self) -> None:
        self._clients = {name: boto3.client(name) for name in ("cloudwatch", "logs")}  # type: ignore[call-overload]
        self._stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self._stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self._clients[name]

    def measures(self, **values: list[float]) -> None:
        """Makes CloudWatch return these values, by name with underscores, and one 5 for every other measure."""
        results = [
            {"Id": f"m{number}", "Values": values.get(each.name.replace(" ", "_"), [5.0])}
            for number, each in enumerate(ASKED)
        ]
        request = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY}
        self._stubs["cloudwatch"].add_response("get_metric_data", {"MetricDataResults": results}, request)

    def reports(self, *lines: list[dict[str, str]], status: str = "Complete", after: int = 1) -> None:
        groups = [f"/aws/lambda/{STACK}-{each.aws_name}" for each in FUNCTIONS]
        request = {"logGroupNames": groups, "startTime": ANY, "endTime": ANY, "queryString": measure.REPORTS}
        logs = self._stubs["logs"]
        logs.add_response("start_query", {"queryId": "q"}, request)
        for _ in range(after):
            logs.add_response("get_query_results", {"status": "Running", "results": []}, {"queryId": "q"})
        logs.add_response("get_query_results", {"status": status, "results": list(lines)}, {"queryId": "q"})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    new_aws = Aws()
    monkeypatch.setattr(boto3, "client", new_aws.client)
    monkeypatch.setattr(measure, "LOOK_EVERY", 0.0)
    return new_aws


def run_measure(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = main(["--json", "measure", *words])
    return status, json.loads(capsys.readouterr().out)


def rows(document: Any) -> dict[str, Any]:
    return {each["what"]: each for each in document["measured"]}


def test_cold_starts_latencies_and_units_are_shown_next_to_their_budgets(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.measures(webhook_p99=[40.0, 210.0], webhooks=[100.0, 300.0], write_units_invoices=[4000.0, 2000.0])
    aws.reports(log_rows(), log_rows("resume-stuck", cold=0, cold_p50="", cold_p99=""))  # type: ignore[arg-type]

    status, document = run_measure(capsys)

    document = rows(document)
    assert status == 0
    assert document["api_handler: cold start p99"] == {
        "what": "api_handler: cold start p99",
        "measured": 1400,
        "unit": "ms",
        "budget": measure.COLD_START,
        "within": True,
    }
    assert document["resume_stuck: cold start p99"]["measured"] is None
    assert document["webhook p99"]["measured"] == 210, "the worst hour's"
    assert document["webhooks"]["measured"] == 400, "all hours'"
    other_writes = sum(each.name.startswith("write units") for each in ASKED) - 1
    expected_units = pytest.approx((6000 + 5 * other_writes) / 400, abs=0.0005)
    assert document["write units a webhook, all else included"]["measured"] == expected_units, (
        "rounded to thousandths"
    )


def test_a_value_above_its_budget_is_named_and_sets_the_exit_status(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.measures(webhook_lag_p99=[3.0, 900.0])
    aws.reports(log_rows(cold_p99=5200))

    status, document = run_measure(capsys)

    assert status == 1
    assert document["failures"] == [
        "api_handler: cold start p99: 5200.0 ms, budget 2000",
        "webhook lag p99: 900.0 s, budget 60",
    ]


def test_a_function_without_invocations_is_not_judged(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.measures(**{each.name.replace(" ", "_"): [] for each in ASKED})
    aws.reports()

    status, document = run_measure(capsys)

    assert status == 0
    assert {each["within"] for each in document["measured"]} == {None}


@pytest.mark.parametrize(
    ("status", "after", "says"), [("Failed", 0, "says Failed"), ("Complete", 1000, "has not answered")]
)
def test_logs_that_cannot_be_read_are_not_reported_as_empty(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, status: str, after: int, says: str
) -> None:
    monkeypatch.setattr(measure, "LOOK_EVERY", 20.0)
    monkeypatch.setattr(measure.time, "sleep", lambda _: None)
    aws.measures()
    aws.reports(status=status, after=after)

    assert main(["measure"]) == 1
    assert says in capsys.readouterr().err


def test_a_dry_run_prints_the_queries_and_sends_none(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = run_measure(capsys, "--dry-run")

    assert status == 0
    assert "initDurationMs" in document["insights"]["query"]
    assert {each["what"] for each in document["metrics"]} >= {"webhook p99", "write units invoices by_status"}


def test_a_measurement_prints_the_same_queries_as_its_dry_run(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    _, would = run_measure(capsys, "--dry-run")
    aws.measures()
    aws.reports()

    _, did = run_measure(capsys)

    assert would.pop("dryRun") is True
    assert {name: did[name] for name in would} == would


def test_the_local_stack_is_not_measured_as_if_it_were_aws(
    aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:8003")
    assert main(["measure"]) == 1
    assert "make bench" in capsys.readouterr().err
