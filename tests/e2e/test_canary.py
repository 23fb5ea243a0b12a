"""The canary on the whole stack: it is accepted while webhooks can arrive, and reports every fault in between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chalicelib.functions import Secret
from infra.local.cloudwatch.alarms import MetricAlarm, from_template
from infra.local.stack import LocalStack
from infra.template import merge_template
from tests.e2e.company import Company
from tests.e2e.webhook_secrets import as_stored, store_secret


@pytest.fixture(scope="module")
def canary_stack() -> Iterator[LocalStack]:
    """Yields a stack for this module only, because its tests kill parts of the stack and exchange its secret."""
    with LocalStack(app="infra.local.enforced_policies:app") as running:
        yield running


def send_canary(stack: LocalStack) -> tuple[str, int]:
    """Sends one canary, and returns its verdict and the value of its metric."""
    verdict = str(stack.fire("canary")["verdict"])
    passed = [each["CanaryPassed"] for each in metrics(stack, "workers") if "CanaryPassed" in each]
    return verdict, int(passed[-1][0])


def metrics(stack: LocalStack, part: str) -> list[dict[str, Any]]:
    lines = (stack.state_dir / "logs" / f"{part}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def test_a_canary_is_accepted_and_not_counted_as_an_event(canary_stack: LocalStack) -> None:
    assert send_canary(canary_stack) == ("passed", 1)
    assert send_canary(canary_stack) == ("passed", 1)
    events = [each for each in metrics(canary_stack, "api") if "EventLag" in each]
    assert events == []
    company = Company(canary_stack).connect()
    company.customer()
    company.bill("svc_after_canaries")
    company.all_delivered()
    assert [each for each in metrics(canary_stack, "api") if "EventLag" in each], "Stripe's own are counted"


def test_a_canary_signed_with_a_secret_that_the_handler_lacks_is_refused(canary_stack: LocalStack) -> None:
    [secret] = canary_stack.secret.webhook_secrets
    try:
        store_secret(canary_stack, as_stored("whsec_new", secret))
        assert send_canary(canary_stack) == ("passed_by_older_secret", 1)
        store_secret(canary_stack, as_stored("whsec_new"))
        assert send_canary(canary_stack) == ("refused", 0)
    finally:
        store_secret(canary_stack, canary_stack.secret.text(Secret.WEBHOOK))
    assert send_canary(canary_stack) == ("passed", 1)


@pytest.mark.parametrize("text", ["{}", "not even JSON", '{"webhookSecrets": []}'])
def test_a_canary_without_a_usable_secret_is_reported_as_no_secret(canary_stack: LocalStack, text: str) -> None:
    try:
        store_secret(canary_stack, text)
        assert send_canary(canary_stack) == ("no_secret", 0)
    finally:
        store_secret(canary_stack, canary_stack.secret.text(Secret.WEBHOOK))


def test_the_hourly_plan_can_read_the_age_of_both_secrets(
    canary_stack: LocalStack,
) -> None:
    canary_stack.fire("plan_day")
    ages = {each["secret"]: each["SecretAge"] for each in metrics(canary_stack, "workers") if "SecretAge" in each}
    assert ages == {"platform": [0.0], "webhook": [0.0]}
    assert [
        each["SecretAgesUnknown"] for each in metrics(canary_stack, "workers") if "SecretAgesUnknown" in each
    ] == [[0.0]]


def test_the_alarm_fires_at_the_second_canary_that_an_unreachable_api_fails(canary_stack: LocalStack) -> None:
    flights = [send_canary(canary_stack)]
    canary_stack.kill("api")
    try:
        flights += [send_canary(canary_stack), send_canary(canary_stack)]
    finally:
        canary_stack.restart("api")
    flights += [send_canary(canary_stack)]
    assert flights == [("passed", 1), ("no_answer", 0), ("no_answer", 0), ("passed", 1)]
    assert in_alarm([passed for _, passed in flights]) == [False, False, True, False]
    assert in_alarm([1, None, None]) == [False, False, True], "silence rings as well"


def in_alarm(passed: Sequence[int | None]) -> list[bool]:
    """Returns True if the deployed alarm fires after each of these canary runs, one in each period."""
    alarm = from_template(merge_template()["Resources"], {"AWS::StackName": "pom", "RunBookUrl": ""})["CanaryFailing"]
    assert isinstance(alarm, MetricAlarm)
    points = alarm.values_from_series({"passed": passed, "sent": [None if each is None else 1 for each in passed]})
    return [alarm.fires(points[: number + 1]) for number in range(len(points))]
