"""What a started stack tells: on the terminal for people, in a JSON file for scripts."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local.pom_web import ADMIN, BILLING, ORGANIZATION
from infra.local.settings import LOCAL_LOGS
from infra.local.stack import STRIPE_ACCOUNT, LocalStack

CUSTOMER = {
    "firstName": "Maria",
    "lastName": "Lopez",
    "email": "maria.lopez@example.com",
    "phone": "+15125550123",
    "address": {"street": "12 Palm Way", "city": "Austin", "state": "TX", "zipCode": "78701", "country": "US"},
}
INVOICE = {
    "customerId": "cust_456",
    "lineItems": [
        {"serviceId": "svc_001", "description": "Weekly pool cleaning", "quantity": 1, "unitPrice": "75.00"}
    ],
    "invoiceType": "stripe",
}


def curl_lines(stack: LocalStack, tokens: dict[str, str]) -> dict[str, str]:
    """Commands that work when pasted, in this order."""
    api = stack.urls.api
    return {
        "connect": _curl("POST", f"{api}/v1/stripe/connection", tokens["admin"]),
        "customer": _curl("PUT", f"{api}/v1/customers/cust_456", tokens["billing"], CUSTOMER),
        "invoice": _curl(
            "POST", f"{api}/v1/invoices", tokens["billing"], INVOICE, {"Idempotency-Key": "first-invoice"}
        ),
    }


def description(stack: LocalStack) -> dict[str, Any]:
    """All there is to know about a started stack; contains secrets of the stand-ins."""
    tokens = stack.tokens
    return {
        "urls": asdict(stack.urls),
        "ports": asdict(stack.ports),
        "settingsPage": stack.urls.settings_page,
        "reference": stack.urls.reference,
        "organizationId": ORGANIZATION,
        "users": {"admin": ADMIN, "billing": BILLING},
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
        "pomHears": {"lines": str(stack.heard), "events": str(stack.heard_events)},
        "pids": stack.pids,
    }


def write(described: dict[str, Any], path: Path) -> None:
    """Write the description as JSON, readable by this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(described, file, indent=2)


def show(described: dict[str, Any], output: Path, console: Console, *, with_api: bool) -> None:
    """Print the description for a person."""
    urls = described["urls"]
    table = Table(title="Local stack", title_justify="left", show_header=False)
    if with_api:
        table.add_row("API", f"{urls['api']}/v1")
        table.add_row("API reference", described["reference"])
    table.add_row("POM settings page", described["settingsPage"])
    table.add_row("Stripe double", f"{urls['stripe']}  (controls: {described['stripe']['controls']})")
    table.add_row("AWS", urls["aws"])
    table.add_row("workers' control", f"{urls['control']}  (GET / lists the controls)")
    table.add_row("sample organization", described["organizationId"])
    table.add_row("logs", described["logs"])
    table.add_row("what POM hears", described["pomHears"]["lines"])
    table.add_row("all of this as JSON", str(output))
    console.print(table)
    for who, token in described["tokens"].items():
        _plain(console, f"\n# {who} token, valid for 12 hours\n{token}")
    titles = {
        "connect": "connect Stripe: open the authorizeUrl that it answers",
        "customer": "save a customer",
        "invoice": "create and send an invoice (once connected)",
    }
    for name, line in described["curl"].items():
        _plain(console, f"\n# {titles[name]}\n{line}")
    if not with_api:
        _plain(console, "\n# start the API yourself\nchalice local --stage local --port 8000")
    _plain(console, "\nCtrl-C stops everything. Below is what POM hears.")


def _plain(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _curl(method: str, url: str, token: str, body: Any = None, headers: dict[str, str] | None = None) -> str:
    named = {"Authorization": f"Bearer {token}", **(headers or {})}
    words = ["curl", "-sS", "-X", method, url]
    if body is not None:
        named["Content-Type"] = "application/json"
    for name, value in named.items():
        words += ["-H", f"{name}: {value}"]
    if body is not None:
        words += ["-d", json.dumps(body)]
    return shlex.join(words)
