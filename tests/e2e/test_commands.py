"""The commands of the Makefile and the README, run as a developer runs them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.demo.http import request
from infra.demo.people import Owner, query_of
from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.processes import child, wait_until_answers
from infra.local.stack import ROOT, LocalStack
from tests.e2e.company import eventually


@contextmanager
def command(tmp_path: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any], str]]:
    """Runs `python -m infra.local` on free ports. Yields the process, its description and its output."""
    output = tmp_path / "stack.json"
    places = ["--ephemeral", "--state-dir", str(tmp_path / "state"), "--output", str(output)]
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local", *places, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as running:
        try:
            assert running.stdout is not None
            description = []
            for line in running.stdout:
                description.append(line)
                if line.startswith("Ctrl-C stops everything"):
                    break
            else:
                raise AssertionError("".join(description))
            yield running, json.loads(output.read_text()), "".join(description)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=20)


def run(line: str) -> Any:
    """Runs a printed command in a shell, and returns the JSON that it prints."""
    process = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=True)
    return json.loads(process.stdout)


def grant(url: str, stripe: str) -> str:
    """Does in the browser the steps of the summary, and returns the state."""
    back = Owner(stripe, STRIPE_ACCOUNT["account_id"]).decides(url, "grant").headers["Location"]
    return query_of(request("GET", back).headers["Location"])["state"]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_printed_commands_work_when_pasted_and_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    with command(tmp_path) as (running, described, description):
        lines = [line for line in description.splitlines() if line.startswith("curl ")]
        assert lines == list(described["curl"].values())
        first = next(line for line in description.splitlines() if line)
        assert first == f"Open {described['office']} (the office). Stripe's side: {described['dashboard']}"
        connect, customer, invoice = lines

        begun = run(connect)
        state = grant(begun["authorizeUrl"], described["urls"]["stripe"])
        completing = request(
            "POST",
            f"{described['urls']['api']}/v1/stripe/connection/complete",
            json_body={"state": state},
            headers={"Authorization": f"Bearer {described['tokens']['admin']}"},
        )
        saved = run(customer)
        first, again = run(invoice), run(invoice)

        assert completing.json["status"] == "connected"
        assert saved["email"] == "maria.lopez@example.com"
        assert (first["status"], first["total"]) == ("pending", "75.00")
        assert again["id"] == first["id"]
        assert request("GET", described["office"]).status == 200
        assert request("GET", described["settingsPage"]).status == 200
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 0
        eventually(
            lambda: [pid for pid in described["pids"].values() if alive(pid)], lambda left: left == [], "the end"
        )
    words = shlex.split(connect)
    assert words[:4] == ["curl", "-sS", "-X", "POST"]


def test_chalice_local_serves_the_api_with_the_stack(tmp_path: Path) -> None:
    with LocalStack(with_api=False) as stack, chalice_local(stack, tmp_path):
        token = {"Authorization": f"Bearer {stack.tokens['admin']}"}
        api = f"{stack.urls.api}/v1"

        begun = request("POST", f"{api}/stripe/connection", headers=token, json_body={})
        state = grant(begun.json["authorizeUrl"], stack.urls.stripe)
        process = request("POST", f"{api}/stripe/connection/complete", headers=token, json_body={"state": state})
        customer = request("PUT", f"{api}/customers/cust_1", headers=token, json_body={"email": "ann@example.com"})
        line = {"serviceId": "svc_1", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
        order = {"customerId": "cust_1", "invoiceType": "stripe", "lineItems": [line]}
        invoice = request("POST", f"{api}/invoices", headers=token, json_body=order)
        without_token = request("GET", f"{api}/apps")

        assert process.json["status"] == "connected"
        assert customer.status == 200
        assert (invoice.status, invoice.json["status"]) == (201, "pending")
        assert without_token.status in (401, 403)
        request("POST", invoice.json["paymentUrl"], form={
            "method": "card", "number": "4242 4242 4242 4242", "exp": "12/34", "cvc": "123",
        })  # fmt: skip
        eventually(
            lambda: request("GET", f"{api}/invoices/{invoice.json['id']}", headers=token).json["status"],
            lambda status: status == "paid",
            "the payment by webhook",
        )


@contextmanager
def chalice_local(stack: LocalStack, tmp_path: Path) -> Iterator[None]:
    """Runs `chalice local --stage local`, in a copy of the project with this stack's ports."""
    project = tmp_path / "project"
    (project / ".chalice").mkdir(parents=True)
    for name in ("app.py", "chalicelib", "requirements.txt"):
        (project / name).symlink_to(ROOT / name)
    config = (ROOT / ".chalice" / "config.json").read_text()
    usual = {"8000": "api", "8001": "pom", "8002": "stripe", "8003": "aws"}
    for port, part in usual.items():
        config = config.replace(f"http://127.0.0.1:{port}", f"http://127.0.0.1:<{part}>")
    for part in usual.values():
        config = config.replace(f"<{part}>", str(getattr(stack.ports, part)))
    (project / ".chalice" / "config.json").write_text(config)
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    log = tmp_path / "chalice.log"
    # With its reloader, Chalice restarts when Python writes the compiled `app.py` into the project. That may happen
    # during a request. When the watching process is stopped, it also leaves the serving process behind.
    chalice = [str(Path(sys.executable).with_name("chalice")), "local", "--no-autoreload", "--stage", "local"]
    with child([*chalice, "--port", str(stack.ports.api)], log=log, environment=own, directory=project) as process:
        wait_until_answers(process, f"{stack.urls.api}/v1/health", log)
        yield


def test_the_stack_listens_on_the_configured_ports() -> None:
    """The copy above changes only the ports, so the stack's defaults are those of the file."""
    from infra.local.settings import Ports, Urls, environment

    configured = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["local"]

    assert configured["environment_variables"] == environment(Urls.of(Ports()))
