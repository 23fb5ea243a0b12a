"""The documents that the local stack serves, and the two clients that are generated from the API's document."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from infra.demo.http import request
from infra.local.real.fetching import Unavailable
from infra.local.stack import LocalStack
from tests.clients.npm import CLIENTS

GENERATED = CLIENTS.directory / "generated"


@pytest.fixture(scope="session")
def tools() -> None:
    """Returns the pinned tools. A test that needs them is skipped if they cannot be installed."""
    try:
        CLIENTS.install()
    except Unavailable as error:
        pytest.skip(f"the npm tools are {error}")


@pytest.fixture(scope="session")
def stack(tools: None) -> Iterator[LocalStack]:
    """Runs the whole stack on free ports, and enforces the deployed policies."""
    with LocalStack(app="infra.local.enforced_policies:app") as running:
        yield running
        assert running.ended() == []


@pytest.fixture(scope="session")
def contract(stack: LocalStack) -> Path:
    """Returns the path of the OpenAPI document that the stack returned."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    return _fetched(stack, "openapi.json")


@pytest.fixture(scope="session")
def events(stack: LocalStack, contract: Path) -> Path:
    """Returns the path of the AsyncAPI document that the stack returned."""
    return _fetched(stack, "asyncapi.json")


def _fetched(stack: LocalStack, name: str) -> Path:
    answer = request("GET", f"{stack.urls.api}/v1/{name}")
    assert answer.status == 200, answer.text
    file = GENERATED / name
    file.write_text(answer.text)
    return file


@pytest.fixture(scope="session")
def compiled(contract: Path) -> CompletedProcess[str]:
    """Returns the compiler's output for both generated clients and both programs."""
    _succeeds(CLIENTS.run_tool("openapi-typescript", str(contract), "-o", "generated/openapi-typescript/api.ts"))
    _succeeds(CLIENTS.run_tool("openapi-ts", "-i", str(contract), "-o", "generated/hey-api"))
    return CLIENTS.run_tool("tsc", "--project", ".")


def _succeeds(process: CompletedProcess[str]) -> None:
    assert process.returncode == 0, process.stdout + process.stderr
