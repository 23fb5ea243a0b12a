"""`webhook-endpoint --verify` reports webhooks that arrive, that are refused, and that cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from infra.demo.http import request
from infra.local.settings import REGION
from infra.local.stack import LocalStack
from infra.local.summary import description, write
from infra.ops import refused_webhooks
from tests.e2e.company import Company
from tests.e2e.webhook_secrets import as_stored, store_secret
from tests.ops.conftest import Operator
from tests.ops.test_commands import pays

NOBODY = "organizations that no webhook reaches"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalStack, Operator]]:
    """Runs a separate stack with an operator, because these tests exchange its secret."""
    with LocalStack() as stack:
        file = tmp_path_factory.mktemp("webhooks") / "stack.json"
        write(description(stack), file)
        with Operator(file) as operator:
            yield stack, operator


def verification_rows(operator: Operator, status: int) -> dict[str, Any]:
    """Returns the rows of `webhook-endpoint --verify`, by their subject."""
    result = operator.does("--json", "webhook-endpoint", "--verify")
    assert result.status == status, result
    assert "does not reveal" in result.json["note"]
    return {each["what"]: each for each in result.json["verification"]} | {"": result.json}


def keep(stack: LocalStack, *secrets: str) -> None:
    """Stores these webhook secrets, and passes them to every function."""
    store_secret(stack, as_stored(*secrets))
    for part in ("api", "workers"):
        stack.kill(part)
        stack.restart(part)
    stack.fire("canary")


def test_before_the_first_event_the_result_is_unknown_and_not_a_failure(
    quiet: tuple[LocalStack, Operator],
) -> None:
    _, operator = quiet
    rows = verification_rows(operator, 0)
    assert rows["latest event by webhook"]["is"] == "no event yet: cannot be judged"
    assert rows["canary of the schedule"]["good"] is True, "it flies when the stack starts"
    assert rows[""]["problem"] is None
    result = operator.does("webhook-endpoint", "--verify")
    assert "cannot be judged" in result.out
    assert operator.status()["refusedSignatures"] == 0


def test_a_second_endpoint_is_named_even_if_the_first_is_good(quiet: tuple[LocalStack, Operator]) -> None:
    stack, operator = quiet
    auth = {"Authorization": f"Bearer {stack.secret.api_key}"}
    form = {"url": stack.urls.webhooks, "enabled_events[]": "*", "api_version": "2024-06-20", "connect": "true"}
    second_endpoint = request("POST", f"{stack.urls.stripe}/v1/webhook_endpoints", form=form, headers=auth).json["id"]
    rows = verification_rows(operator, 1)
    assert rows[f"surplus endpoint {second_endpoint}"]["good"] is False
    assert [each["good"] for row_name, each in rows.items() if row_name.startswith("endpoint ")] == [True]
    request("DELETE", f"{stack.urls.stripe}/v1/webhook_endpoints/{second_endpoint}", headers=auth)
    verification_rows(operator, 0)


def test_an_unreachable_stripe_is_reported_together_with_the_other_results(
    quiet: tuple[LocalStack, Operator],
) -> None:
    stack, operator = quiet
    fault = {"kind": "error_before", "method": "GET", "path": "/v1/webhook_endpoints", "count": 9}
    request("POST", f"{stack.urls.stripe}/_double/faults", json_body=fault)
    try:
        rows = verification_rows(operator, 1)
    finally:
        request("DELETE", f"{stack.urls.stripe}/_double/faults")
    assert "Stripe did not respond" in rows["endpoints in Stripe"]["is"]
    assert rows["latest event by webhook"]["good"] is None
    assert operator.does("status").status == 0


def test_a_wrong_secret_is_reported_while_events_are_fetched_and_none_arrive(
    quiet: tuple[LocalStack, Operator],
) -> None:
    stack, operator = quiet
    company = Company(stack).connect()
    company.customer()
    invoice = company.bill("svc_deaf").json
    company.all_delivered()
    assert verification_rows(operator, 0)["latest event by webhook"]["good"] is True

    keep(stack, "whsec_of_another_endpoint")
    pays(company, invoice)
    company.all_delivered()
    operator.asks("reconcile", company.organization_id)
    company.becomes(invoice["id"], status="paid")
    assert verification_rows(operator, 0)[NOBODY]["good"] is True, "its webhooks may still be on their way"
    operator.sets("let_time_pass", company.organization_id, "130")
    rows = verification_rows(operator, 1)
    assert rows[NOBODY]["is"].startswith("1 of 1: ")
    assert rows["canary of the schedule"]["good"] is True, "our own door takes what our own secret signs"
    assert [each["organization"] for each in rows[""]["deaf"]] == [company.organization_id]
    webhook_status = company.member.get("/stripe/connection")["webhook"]
    assert webhook_status["healthy"] is False
    assert "have not arrived since" in webhook_status["problem"]
    assert operator.status()["refusedSignatures"] > 0

    keep(stack, *stack.secret.webhook_secrets)
    assert company.bill("svc_heard").status == 201
    company.all_delivered()
    assert verification_rows(operator, 0)[NOBODY]["good"] is True
    assert company.member.get("/stripe/connection")["webhook"]["healthy"] is True


def test_without_cloudwatch_the_figure_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("cloudwatch", region_name=REGION, aws_access_key_id="no", aws_secret_access_key="no")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(refused_webhooks.boto3, "client", lambda *_, **__: client)
    stage: Any = SimpleNamespace(ports=SimpleNamespace(clock=SimpleNamespace(now=lambda: 1_800_000_000)))
    with Stubber(client) as stub:
        stub.add_client_error("get_metric_data", "AccessDenied")
        assert refused_webhooks.refused_signatures(stage) is None
        request = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY}
        for values, figure in (([3.0, 4.0], 7), ([], 0)):
            answer = {"MetricDataResults": [{"Id": "refused", "Values": values}]}
            stub.add_response("get_metric_data", answer, request)
            assert refused_webhooks.refused_signatures(stage) == figure
