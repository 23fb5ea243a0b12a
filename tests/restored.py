"""Runs in a fresh interpreter, and simulates SnapStart: several environments start from one snapshot of a function.

Reads the scenario as JSON from standard input, and initializes the function as Lambda does: it imports the handler's
module, then runs the hooks before a snapshot, the last registered first. It prints `frozen` and waits for a line,
while the test moves time and secrets on. Then it forks once for each environment, so each has the frozen state, as
restored copies have. In each environment the clocks have moved, the hooks after a restore run in their order, and the
function is invoked. Prints the results of all environments as JSON.

The order of the hooks is that of the runtime: `run_before_snapshot` and `run_after_restore` of
https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_runtime_hooks_runner.py.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import io
import json
import os
import random
import sys
import time
from types import SimpleNamespace
from typing import Any

import snapshot_restore_py

from chalicelib.functions import API_HANDLER, AUTHORIZER
from tests.lambdas import MODULES
from tests.moved_clocks import move_clocks
from tests.signed_webhook import webhook

CONTEXT = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 10_000)


def invoke(scenario: dict[str, Any], event: Any) -> Any:
    """Invokes the function, and returns its response, or the message of the exception it raises."""
    module, name = importlib.import_module(MODULES[scenario["function"]]), scenario["function"]
    handler = module.app if name == API_HANDLER else getattr(module, name)
    try:
        return handler(event, CONTEXT)
    except Exception as raised:  # noqa: BLE001 -- the authorizer refuses by raising
        return str(raised)


def message() -> dict[str, Any]:
    """Returns a batch with one message, about a customer that the table does not have."""
    body = json.dumps({"organizationId": "o", "customerId": f"cus_{'a' * 26}", "edition": 1})
    record = {
        "messageId": "m-1",
        "receiptHandle": "h-1",
        "body": body,
        "attributes": {"MessageGroupId": "g-1", "ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def token(signed: str) -> dict[str, Any]:
    """Returns API Gateway's request to the authorizer."""
    arn = "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/v1/invoices"
    return {"type": "TOKEN", "methodArn": arn, "authorizationToken": f"Bearer {signed}"}


def event(scenario: dict[str, Any], secret_name: str) -> dict[str, Any]:
    """Returns an event for the function, signed with the secret of this name: `before` or `after` the snapshot,
    or `expired`.
    """
    if scenario["function"] == API_HANDLER:
        return webhook(scenario[secret_name])
    return token(scenario[secret_name]) if scenario["function"] == AUTHORIZER else message()


def run_environment(scenario: dict[str, Any]) -> dict[str, Any]:
    """Runs one environment, from its restore to its last invocation, and returns its results."""
    plain, plain_monotonic = time.time, time.monotonic
    move_clocks(scenario["seconds_later"], monotonic=scenario["monotonic_moves"])
    for hook, arguments, keywords in snapshot_restore_py.get_after_restore():
        hook(*arguments, **keywords)
    loaded = set(sys.modules)
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        answers = [invoke(scenario, event(scenario, secret_name)) for secret_name in scenario["works"]]
    new = sorted(set(sys.modules) - loaded)
    from chalicelib import bootstrap
    from chalicelib.adapters.clock import SystemClock

    stripe_answers = None
    if scenario["function"] != AUTHORIZER:
        stripe_answers = list(bootstrap.ports().stripe.webhook_endpoints())
    return {
        "answers": answers,
        "stripe": stripe_answers,
        "chance": random.random(),
        "nonce": SystemClock().nonce(),
        "clock_is_ahead_by": SystemClock().now() - int(plain()),
        "datetime_is_ahead_by": dt.datetime.now(dt.UTC).timestamp() - plain(),
        "monotonic_is_ahead_by": time.monotonic() - plain_monotonic(),
        "cold_starts": written.getvalue().count('"ColdStart":[1'),
        "loaded_by_work": new,
    }


def run_in_fork(scenario: dict[str, Any]) -> dict[str, Any]:
    """Runs an environment in a forked copy of this process, and returns its results."""
    reading, writing = os.pipe()
    frozen_chance = random.getstate()
    if os.fork() == 0:
        random.setstate(frozen_chance)  # Python gives a forked process another; a restore gives none
        with os.fdopen(writing, "w") as answer:
            answer.write(json.dumps(run_environment(scenario), default=str))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        output = answer.read()
    os.wait()
    result: dict[str, Any] = json.loads(output)
    return result


def main() -> None:
    scenario = json.loads(sys.stdin.readline())
    os.environ.update(scenario["environment"])
    importlib.import_module(MODULES[scenario["function"]])
    before = snapshot_restore_py.get_before_snapshot()
    while before:
        hook, arguments, keywords = before.pop()
        hook(*arguments, **keywords)
    if scenario["worked_before"]:
        with contextlib.redirect_stdout(io.StringIO()):
            invoke(scenario, event(scenario, "before"))
            if scenario["function"] != AUTHORIZER:
                importlib.import_module("chalicelib.bootstrap").ports().stripe.webhook_endpoints()
    print("frozen", flush=True)
    sys.stdin.readline()
    print(json.dumps([run_in_fork(scenario) for _ in range(scenario["environments"])]))


if __name__ == "__main__":
    main()
