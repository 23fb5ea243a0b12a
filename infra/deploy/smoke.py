"""What is looked at after a deployment: whether what was deployed is there, runs, and answers."""

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
from infra.deploy.findings import Bad, Finding, ToDo, look_at_all
from infra.deploy.stacks import Stack
from infra.ops.stage import Stage, deployed_environment
from infra.template.aliases import LIVE
from infra.template.intrinsics import Json

TIMEOUT = 30
"""Seconds for an answer: the first one waits for a cold start."""
TRIES = 5
BETWEEN = 3
"""Seconds between tries: a new API answers everywhere only after a moment."""

REQUESTS = {
    "the API answers": ("GET", "/v1/health", 200),
    "its contract": ("GET", "/v1/openapi.json", 200),
    "an unsigned webhook is refused": ("POST", PATH, 400),
    "no token, no answer": ("GET", "/v1/invoices", 401),
}


def look_after(
    stack: Stack, template: Json, code: Code, aws: Aws, *, first: bool, pause: Callable[[float], None]
) -> list[Finding]:
    """All checks. `first`: it was not deployed before, so Stripe cannot know it yet."""
    url = stack.parameters()["PublicApiUrl"]
    requests = {check: partial(_answers, url, *asked, pause) for check, asked in REQUESTS.items()}
    return look_at_all(
        {
            "outputs": lambda: _outputs(stack, template),
            "tables": lambda: protection.tables(stack, aws),
            "functions": lambda: _functions(stack, code, aws),
            "event sources": lambda: _event_sources(stack, aws),
            **requests,
            "webhook endpoint": lambda: _webhook_endpoint(stack, first=first),
        }
    )


def _outputs(stack: Stack, template: Json) -> str:
    wanted = {name for name, output in template["Outputs"].items() if "Condition" not in output}
    told = stack.outputs()
    if missing := sorted(name for name in wanted if not told.get(name)):
        raise Bad(f"the stack does not tell {', '.join(missing)}")
    return f"{len(told)}, among them {told['WebhookUrl']}"


def _functions(stack: Stack, code: Code, aws: Aws) -> str:
    functions = stack.physical_ids("AWS::Lambda::Function")
    faults = [fault for name in functions.values() for fault in _function_faults(aws, name, code.sha256)]
    if faults or not functions:
        raise Bad("; ".join(faults) or "there are none")
    return f"{len(functions)}, active, {LIVE} is wholly on the code that was packaged"


def _function_faults(aws: Aws, name: str, code: str) -> Iterator[str]:
    found = aws.client("lambda").get_function_configuration(FunctionName=name, Qualifier=LIVE)
    if found["State"] != "Active":
        yield f"{name} is {found['State']}: {found.get('StateReason', 'no reason given')}"
    if found.get("LastUpdateStatus", "Successful") != "Successful":
        yield f"the update of {name} is {found['LastUpdateStatus']}: {found.get('LastUpdateStatusReason')}"
    if found["CodeSha256"] != code:
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
        raise Bad("; ".join(off) or "there are none")
    return f"{len(states)}, enabled"


def _answers(base: str, method: str, path: str, wanted: int, pause: Callable[[float], None]) -> str:
    for tried in range(TRIES):
        if tried:
            pause(BETWEEN)
        began = time.monotonic()
        status = _status(method, base + path)
        if status == wanted:
            return f"{method} {path}: {status}, after {time.monotonic() - began:.1f} s"
    raise Bad(f"{method} {base}{path} is answered with {status}, not with {wanted}")


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
    stage = Stage(deployed_environment(stack.described() or {}))
    problem = problem_with(stage.ports.stripe.webhook_endpoints(), stage.webhook_url)
    if problem is None:
        return f"{stage.webhook_url}, as it has to be"
    mend = f"{problem} Now: ./ops --deployed {stack.name} webhook-endpoint"
    raise ToDo(mend) if first else Bad(mend)
