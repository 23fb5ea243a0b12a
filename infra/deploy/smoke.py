"""The checks after a deployment: the deployed resources exist, run, and respond."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial

from chalicelib.domain.webhook import PATH, problem_with
from infra.deploy import protection
from infra.deploy.artifacts import Code
from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed, Finding, run_checks
from infra.deploy.stacks import Stack
from infra.ops.stage import Stage, deployed_environment
from infra.template.aliases import LIVE
from infra.template.intrinsics import Json

TIMEOUT = 30
"""Seconds for a response, because the first request waits for a cold start."""
ATTEMPTS = 5
SECONDS_BETWEEN = 3
"""Seconds between attempts, because a new API needs a moment until it responds everywhere."""

REQUESTS = {
    "the API responds": ("GET", "/v1/health", 200),
    "the API's contract": ("GET", "/v1/openapi.json", 200),
    "an unsigned webhook is refused": ("POST", PATH, 400),
    "no token, no access": ("GET", "/v1/invoices", 401),
}


def check_after_release(
    stack: Stack, template: Json, code: Code, aws: Aws, *, first: bool, pause: Callable[[float], None]
) -> list[Finding]:
    """Runs all checks. `first` is True for a first deployment, after which Stripe has no webhook endpoint for it
    yet.
    """
    url = stack.parameters()["PublicApiUrl"]
    requests = {check: partial(_responds, url, *expectation, pause) for check, expectation in REQUESTS.items()}
    return run_checks(
        {
            "outputs": lambda: _outputs(stack, template),
            "tables": lambda: protection.check_tables(stack, aws),
            "functions": lambda: _functions(stack, code, aws),
            "event sources": lambda: _event_sources(stack, aws),
            **requests,
            "webhook endpoint": lambda: _webhook_endpoint(stack, first=first),
        }
    )


def _outputs(stack: Stack, template: Json) -> str:
    expected = {name for name, output in template["Outputs"].items() if "Condition" not in output}
    outputs = stack.outputs()
    if missing := sorted(name for name in expected if not outputs.get(name)):
        raise CheckFailed(f"the stack lacks the outputs {', '.join(missing)}")
    return f"{len(outputs)}, among them {outputs['WebhookUrl']}"


def _functions(stack: Stack, code: Code, aws: Aws) -> str:
    functions = stack.physical_ids("AWS::Lambda::Function")
    faults = [fault for name in functions.values() for fault in _function_faults(aws, name, code.sha256)]
    if faults or not functions:
        raise CheckFailed("; ".join(faults) or "there are none")
    return f"{len(functions)}, active, {LIVE} is wholly on the code that was packaged"


def _function_faults(aws: Aws, name: str, code: str) -> Iterator[str]:
    configuration = aws.client("lambda").get_function_configuration(FunctionName=name, Qualifier=LIVE)
    if configuration["State"] != "Active":
        yield f"{name} is {configuration['State']}: {configuration.get('StateReason', 'no reason given')}"
    if configuration.get("LastUpdateStatus", "Successful") != "Successful":
        reason = configuration.get("LastUpdateStatusReason")
        yield f"the update of {name} is {configuration['LastUpdateStatus']}: {reason}"
    if configuration["CodeSha256"] != code:
        yield f"{name} runs other code than was packaged"
    alias = aws.client("lambda").get_alias(FunctionName=name, Name=LIVE)
    if weights := alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
        yield f"{name} is still between versions {alias['FunctionVersion']} and {', '.join(weights)}: see CodeDeploy"


def _event_sources(stack: Stack, aws: Aws) -> str:
    sources = stack.physical_ids("AWS::Lambda::EventSourceMapping")
    states = {
        name: aws.client("lambda").get_event_source_mapping(UUID=uuid)["State"] for name, uuid in sources.items()
    }
    off = sorted(f"{name} is {state}" for name, state in states.items() if state != "Enabled")
    if off or not states:
        raise CheckFailed("; ".join(off) or "there are none")
    return f"{len(states)}, enabled"


def _responds(base: str, method: str, path: str, expected_status: int, pause: Callable[[float], None]) -> str:
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(SECONDS_BETWEEN)
        began = time.monotonic()
        status = _status(method, base + path)
        if status == expected_status:
            return f"{method} {path}: {status}, after {time.monotonic() - began:.1f} s"
    raise CheckFailed(f"{method} {base}{path} responds with {status} instead of {expected_status}")


def _status(method: str, url: str) -> int | str:
    request = urllib.request.Request(
        url, b"{}" if method == "POST" else None, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return f"{type(error).__name__} ({error})"


def _webhook_endpoint(stack: Stack, *, first: bool) -> str:
    stage = Stage(deployed_environment(stack.describe() or {}))
    problem = problem_with(stage.ports.stripe.webhook_endpoints(), stage.webhook_url)
    if problem is None:
        return f"{stage.webhook_url}, as it has to be"
    advice = f"{problem} Now: ./ops --deployed {stack.name} webhook-endpoint"
    raise ActionNeeded(advice) if first else CheckFailed(advice)
