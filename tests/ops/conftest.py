"""A local stack with a company in it, and its operator."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import LocalStack
from infra.local.summary import description, write
from infra.package import ROOT
from tests.e2e.company import Company


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Operator:
    """Somebody at the command line, at the local stack that `file` describes."""

    file: Path

    def does(self, *words: str, given: str = "") -> Said:
        """One command."""
        [said] = self.does_all([(list(words), given)])
        return said

    def asks(self, *words: str) -> Any:
        """One command's JSON; it must go well."""
        said = self.does("--json", *words)
        assert said.status == 0, said
        return said.json

    def does_all(self, lines: Sequence[tuple[list[str], str]]) -> list[Said]:
        """Many commands in one process: most of the time of one is Python's start."""
        sent = json.dumps([{"words": words, "input": given} for words, given in lines])
        driver = [sys.executable, "-m", "tests.ops.driver", str(self.file)]
        done = subprocess.run(driver, input=sent, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return [Said(**each) for each in json.loads(done.stdout.splitlines()[-1])]


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as running:
        yield running
        assert running.ended() == []


@pytest.fixture(scope="session")
def operator(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    file = tmp_path_factory.mktemp("ops") / "stack.json"
    write(description(stack), file)
    return Operator(file)


@pytest.fixture(scope="module")
def company(stack: LocalStack) -> Company:
    """Connected, with a customer and nothing under way."""
    made = Company(stack).connect()
    made.customer()
    stack.wait_until_idle()
    made.all_delivered()
    return made
