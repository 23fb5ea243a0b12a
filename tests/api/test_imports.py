"""The modules that each Lambda loads at a cold start, checked in fresh interpreters, and the clients it opens
later.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lambdas import MODULES, NOT_FOR_WEBHOOKS, ROOT, first_use, loaded_by, not_for


@pytest.mark.parametrize("function", MODULES)
def test_each_lambda_starts_without_modules_that_it_may_not_need(function: str) -> None:
    loaded_modules = loaded_by(MODULES[function])
    assert loaded_modules & not_for(function) == set()
    assert {name for name in loaded_modules if name.startswith("chalicelib.adapters.")} == {
        "chalicelib.adapters.clock"
    }


def test_the_authorizer_loads_only_its_own_module() -> None:
    ours = {name for name in loaded_by(MODULES["token_authorizer"]) if name.startswith("chalicelib.api.")}
    assert ours == {"chalicelib.api.authorizer"}


def test_clients_and_secrets_are_opened_by_the_first_webhook_and_reused_by_the_second() -> None:
    steps, packages = first_use()
    assert steps["import"] == {}
    assert steps["first"] == {
        "clients": ["secretsmanager", "dynamodb"],
        "requests": ["GetSecretValue", "GetItem", "BatchGetItem"],
    }
    assert steps["second"] == {"requests": ["GetItem", "BatchGetItem"]}
    assert packages & NOT_FOR_WEBHOOKS == set()


def test_modules_packaged_without_bytecode_are_never_loaded() -> None:
    from infra.package.bytecode import NEVER_LOADED

    loaded_modules = loaded_by(
        ", ".join([*MODULES.values(), "chalicelib.adapters.tables", "chalicelib.adapters.tokens"])
        + ", chalicelib.adapters.stripe.gateway, chalicelib.adapters.stripe.client, chalicelib.api.openapi_document"
    )
    assert {"stripe", "cryptography", "pynamodb"} <= loaded_modules
    unused_modules = tuple(name.rstrip("/").replace("/", ".") for name in NEVER_LOADED)
    assert {
        name
        for name in loaded_modules
        if name in unused_modules or name.startswith(tuple(f"{each}." for each in unused_modules))
    } == set()


@pytest.mark.parametrize("module", [*MODULES.values(), "chalicelib.observability"])
def test_importing_needs_no_environment(module: str) -> None:
    command = [sys.executable, "-c", f"import {module}"]
    process = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={"PATH": ""}, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout == ""
