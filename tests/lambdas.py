"""The modules that each Lambda loads when it starts, and the modules that it must not load, for tests and
benchmarks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from chalicelib.functions import API_HANDLER, AUTHORIZER, FUNCTIONS

ROOT = Path(__file__).resolve().parents[1]

_NOT_WORKERS = {API_HANDLER: "app", AUTHORIZER: "chalicelib.api.authorizer"}
MODULES = {each.name: _NOT_WORKERS.get(each.name, f"chalicelib.workers.{each.name}") for each in FUNCTIONS}
"""Each function's module, which is the only module of POM that Lambda imports before the first invocation."""

WEBHOOK = "app, chalicelib.adapters.tables, chalicelib.adapters.stripe.events, chalicelib.adapters.secrets"
"""The modules that the first webhook imports."""

HEAVY = frozenset({"boto3", "botocore.client", "cryptography", "jwt", "pydantic", "pynamodb", "requests", "stripe"})
"""Modules that no Lambda imports before its work needs them. No client can be created without one of them."""

NOT_FOR_WEBHOOKS = frozenset({"boto3", "cryptography", "jwt", "pydantic", "requests", "stripe"})
"""Packages that no webhook loads, not even the first one of a Lambda."""

FIRST_USE = "tests.first_use"
"""The program that counts the clients, requests and sockets of an import, a first and a second webhook."""


def not_for(function: str) -> frozenset[str]:
    """Returns the modules that this function must not have imported when it is ready: heavy ones, and other Lambdas'
    code.
    """
    other_modules = frozenset(MODULES.values()) - {MODULES[function]}
    if function == API_HANDLER:
        # `app.py` registers every handler for Chalice; a module that only workers use is imported when a worker runs.
        return HEAVY | {
            "aws_lambda_powertools.utilities.batch",
            "asyncio",
            "chalicelib.api.openapi_document",
            "chalicelib.api.openapi_responses",
            "chalicelib.api.openapi_schemas",
        }
    api = frozenset({"chalicelib.api.blueprints", "chalicelib.api.http.routing", "chalicelib.api.models"})
    return HEAVY | other_modules | api | {"chalicelib.workers.registry"}


def first_use() -> tuple[dict[str, dict[str, list[str]]], frozenset[str]]:
    """Returns the counts by step (`import`, `first` and `second` webhook) and kind, and the packages loaded at the
    end.
    """
    report = json.loads(_output("-m", FIRST_USE))
    return report["steps"], frozenset(report["packages"])


def loaded_by(modules: str) -> frozenset[str]:
    """Returns the names of all modules that a fresh interpreter has loaded after importing these."""
    return frozenset(_output("-c", f"import {modules}, sys; print(*sys.modules)").split())


def _output(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
