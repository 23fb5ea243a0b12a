"""The description of a started stack: on the terminal for people, and in a JSON file for scripts."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.sample_company.companies import CLEANING, MARIA
from infra.local.sample_people import ALICE, BOB
from infra.local.settings import LOCAL_LOGS
from infra.local.stack import LocalStack

INVOICE: dict[str, Any] = {"customerId": MARIA.id, "lineItems": [CLEANING.line], "invoiceType": "stripe"}


def curl_lines(stack: LocalStack, tokens: dict[str, str]) -> dict[str, str]:
    """Returns commands that work when pasted, in this order."""
    api = stack.urls.api
    return {
        "connect": _curl("POST", f"{api}/v1/stripe/connection", tokens["admin"]),
        "customer": _curl("PUT", f"{api}/v1/customers/{MARIA.id}", tokens["billing"], MARIA.body),
        "invoice": _curl(
            "POST", f"{api}/v1/invoices", tokens["billing"], INVOICE, {"Idempotency-Key": "first-invoice"}
        ),
    }


def description(stack: LocalStack) -> dict[str, Any]:
    """Returns the description of a started stack. It contains secrets of the stand-ins."""
    tokens = stack.tokens
    return {
        "urls": asdict(stack.urls),
        "ports": asdict(stack.ports),
        "office": stack.urls.pom,
        "dashboard": f"{stack.urls.stripe}/dashboard",
        "settingsPage": stack.urls.settings_page,
        "reference": stack.urls.reference,
        "organizationId": ALICE.organization,
        "users": {"admin": ALICE.user_id, "billing": BOB.user_id},
        "tokens": tokens,
        "stripe": {
            "apiKey": stack.secret.api_key,
            "clientId": stack.secret.client_id,
            "webhookSecrets": list(stack.secret.webhook_secrets),
            "accountId": STRIPE_ACCOUNT["account_id"],
            "controls": f"{stack.urls.stripe}/_double/",
        },
        "environment": {**stack.environment, LOCAL_LOGS: str(stack.state_dir / "logs")},
        "curl": curl_lines(stack, tokens),
        "logs": str(stack.state_dir / "logs"),
        "pomHears": {"lines": str(stack.pom_log), "events": str(stack.pom_events)},
        "pids": stack.pids,
    }


def write(stack_description: dict[str, Any], path: Path) -> None:
    """Writes the description as JSON that only this user can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(stack_description, file, indent=2)


def show(stack_description: dict[str, Any], output: Path, console: Console, *, with_api: bool) -> None:
    """Prints the description for a person."""
    urls, stripe = stack_description["urls"], stack_description["stripe"]
    addresses = f"Open {stack_description['office']} (the office). Stripe's side: {stack_description['dashboard']}"
    if with_api:
        console.print(f"\n{addresses}\n", style="bold", highlight=False, soft_wrap=True)
    table = Table(title="Local stack", title_justify="left", show_header=False)
    if with_api:
        table.add_row("API", f"{urls['api']}/v1")
        table.add_row("API reference", stack_description["reference"])
    table.add_row("Stripe double", f"{urls['stripe']}  (controls: {stripe['controls']})")
    table.add_row("AWS", urls["aws"])
    table.add_row("workers' control", f"{urls['control']}  (GET / lists the controls)")
    table.add_row("sample organization", stack_description["organizationId"])
    table.add_row("logs", stack_description["logs"])
    table.add_row("events that POM received", stack_description["pomHears"]["lines"])
    table.add_row("all of this, and tokens, as JSON", str(output))
    console.print(table)
    titles = {
        "connect": "connect Stripe: open the authorizeUrl in the response",
        "customer": "save a customer",
        "invoice": "create and send an invoice (once connected)",
    }
    for name, line in stack_description["curl"].items():
        _plain(console, f"\n# {titles[name]}\n{line}")
    if with_api:
        _plain(console, f"\n{addresses}")  # once more, because the commands above are long
    else:
        _plain(console, "\n# start the API yourself\nchalice local --stage local --port 8000")
    _plain(console, "\nCtrl-C stops everything. The lines below are the events that POM received.")


def _plain(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _curl(method: str, url: str, token: str, body: Any = None, headers: dict[str, str] | None = None) -> str:
    all_headers = {"Authorization": f"Bearer {token}", **(headers or {})}
    words = ["curl", "-sS", "-X", method, url]
    if body is not None:
        all_headers["Content-Type"] = "application/json"
    for name, value in all_headers.items():
        words += ["-H", f"{name}: {value}"]
    if body is not None:
        words += ["-d", json.dumps(body)]
    return shlex.join(words)
