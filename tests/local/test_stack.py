"""The stack starts, works together, is stopped without a trace, and says plainly when it cannot start."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.functions import Queue
from infra.local.__main__ import main
from infra.local.processes import DidNotStart
from infra.local.settings import Ports
from infra.local.stack import ROOT, LocalStack
from infra.local.summary import description

APP = "tests.local.stack_app:app"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(app=APP) as stack:
        yield stack
        assert stack.ended() == []
        pids = stack.pids.values()
    assert not any(runs(pid) for pid in pids)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def call(method: str, url: str, token: str | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def client(stack: LocalStack, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=stack.urls.aws,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def test_tokens_of_any_organization_work_and_others_do_not(stack: LocalStack) -> None:
    mine = stack.mint_token("org_77", "user_7", ["billing"])
    expired = stack.mint_token("org_77", "user_7", ["billing"], lifetime=-60)
    jobs = f"{stack.urls.api}/v1/jobs"

    assert call("GET", f"{stack.urls.api}/v1/health") == (200, {"stage": "local"})
    assert call("POST", jobs, mine)[1]["organization"] == "org_77"
    for token in (None, expired, stack.mint_token("org_77", "u", ["admin"], aud="somebody else")):
        status, answer = call("POST", jobs, token)
        assert (status, answer["error"]["code"]) == (401, "unauthorized")


def test_work_travels_from_the_api_through_queues_and_workers(stack: LocalStack) -> None:
    sqs = client(stack, "sqs")
    stack.wait_until_idle()
    stack.pause("reconcile_account")

    call("POST", f"{stack.urls.api}/v1/jobs", stack.tokens["admin"])
    stack.wait_until_idle()

    url = stack.environment["RECONCILE_QUEUE_URL"]
    [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert message["Body"] == "org_blue_lagoon"
    stack.resume("reconcile_account")
    stack.wait_until_idle()


def test_a_schedule_fires_when_asked(stack: LocalStack) -> None:
    assert stack.fire("plan_reconciliation") == {"detailType": "Scheduled Event"}
    with pytest.raises(RuntimeError, match="404"):
        stack.fire("no_such_schedule")


def test_a_killed_process_can_be_started_again(stack: LocalStack) -> None:
    stack.kill("api")
    assert [part.split()[0] for part in stack.ended()] == ["api"]
    with pytest.raises(urllib.error.URLError, match="refused"):
        call("GET", f"{stack.urls.api}/v1/health")

    stack.restart("api")
    assert call("GET", f"{stack.urls.api}/v1/health")[0] == 200
    assert stack.ended() == []


def test_the_stack_has_its_tables_queues_and_secrets(stack: LocalStack) -> None:
    tables = client(stack, "dynamodb").list_tables()["TableNames"]
    secret = client(stack, "secretsmanager").get_secret_value(SecretId=stack.environment["STRIPE_WEBHOOK_SECRET_ID"])

    assert {"pom-local-invoices", "pom-local-events"} <= set(tables)
    assert json.loads(secret["SecretString"]) == {"webhookSecrets": list(stack.secret.webhook_secrets)}
    alone = ("schedule-failures", "unpublished-changes", "received-by-pom")
    assert len(client(stack, "sqs").list_queues()["QueueUrls"]) == 2 * len(Queue) + len(alone)
    assert "pom-local-changes" in [bus["Name"] for bus in client(stack, "events").list_event_buses()["EventBuses"]]


def test_the_stripe_double_knows_the_platform_and_its_account(stack: LocalStack) -> None:
    settings = call("GET", f"{stack.urls.stripe}/_double/settings")[1]
    ids = [account["id"] for account in call("GET", f"{stack.urls.stripe}/_double/accounts")[1]]

    assert settings["platform_key_test"] == stack.secret.api_key
    assert settings["client_id_test"] == stack.secret.client_id
    assert settings["api_version"] == "2026-10-28.endive"
    assert description(stack)["stripe"]["accountId"] in ids


def test_the_curl_lines_are_whole_commands(stack: LocalStack) -> None:
    for line in description(stack)["curl"].values():
        words = shlex.split(line)
        assert words[:3] == ["curl", "-sS", "-X"]
        if "-d" in words:
            json.loads(words[words.index("-d") + 1])


def test_the_command_writes_its_description_and_stops_at_a_signal(tmp_path: Path) -> None:
    output = tmp_path / "stack.json"
    places = ["--state-dir", str(tmp_path), "--output", str(output)]
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local", "--ephemeral", "--without-api", "--app", APP, *places],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as command:
        assert command.stdout is not None
        shown = []
        for line in command.stdout:
            shown.append(line)
            if line.startswith("Ctrl-C stops everything"):
                break
        described = json.loads(output.read_text())
        running = [runs(pid) for pid in described["pids"].values()]
        command.send_signal(signal.SIGTERM)
        rest = command.stdout.read()

        assert command.wait(timeout=20) == 0, "".join(shown) + rest
    assert running == [True] * 4
    assert not any(runs(pid) for pid in described["pids"].values())
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert described["tokens"]["billing"] in "".join(shown)
    assert described["office"] not in "".join(shown), "without the API, its buttons would do nothing"
    assert "chalice local" in "".join(shown)


def test_a_taken_port_is_named_with_its_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status = main(["--ephemeral", "--stripe-port", str(port), "--state-dir", str(tmp_path), "--app", APP])

    assert status == 2
    assert f"Port {port} (Stripe double) is taken. Choose another with --stripe-port" in capsys.readouterr().err


def test_a_process_that_does_not_start_shows_its_log_and_stops_the_stack() -> None:
    stack = LocalStack(app=APP, stripe_settings={"no_such_setting": 1})

    with pytest.raises(DidNotStart, match=r"stripe did not start: (?s:.*)unknown settings: no_such_setting"):
        stack.start()

    assert len(stack.ended()) == len(stack.pids) == 3


def test_ports_can_be_moved_together() -> None:
    assert Ports.from_base(9000) == Ports(api=9000, pom=9001, stripe=9002, aws=9003, control=9004)
