"""What each Lambda loads: import time is cold-start time. Looked at in fresh interpreters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"stripe", "cryptography", "jwt", "pydantic", "boto3", "pynamodb", "requests"}


def loaded_by(module: str) -> set[str]:
    program = f"import {module}, sys; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_api_loads_nothing_heavy() -> None:
    loaded = loaded_by("app")
    assert loaded & HEAVY == set()
    assert not {name for name in loaded if name.startswith("chalicelib.adapters.") and "clock" not in name}


def test_the_openapi_document_is_not_built_at_start() -> None:
    assert "chalicelib.api.openapi_document" not in loaded_by("app")


def test_the_authorizer_loads_itself_alone() -> None:
    loaded = loaded_by("chalicelib.api.authorizer")
    assert loaded & HEAVY == set()
    api = {name for name in loaded if name.startswith("chalicelib.api.")}
    assert api == {"chalicelib.api.authorizer"}
    assert not {name for name in loaded if name.startswith(("chalicelib.usecases", "chalicelib.workers"))}


@pytest.mark.parametrize("module", ["app", "chalicelib.api.authorizer", "chalicelib.observability"])
def test_importing_needs_no_environment(module: str) -> None:
    command = [sys.executable, "-c", f"import {module}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={"PATH": ""}, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
