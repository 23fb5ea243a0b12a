"""A local stack with a company in it, and its operator."""

from __future__ import annotations

import json
import logging
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from infra.local.stack import LocalStack
from infra.local.summary import description, write
from infra.package import ROOT
from tests.e2e.company import Company

PATIENCE = 120
"""Seconds that a command may take."""


@dataclass(frozen=True)
class CommandResult:
    """The output of a command, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Operator:
    """An operator at the command line of the local stack that `file` describes.

    All commands run in one process, because most of a command's time is Python's start.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        driver = [sys.executable, "-m", "tests.ops.driver", str(file)]
        self._driver = subprocess.Popen(driver, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._driver.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.communicate()

    def does(self, *words: str, given: str = "") -> CommandResult:
        """Runs one command."""
        stdin, answers = self._driver.stdin, self._driver.stdout
        assert stdin is not None
        assert answers is not None
        stdin.write(json.dumps({"words": words, "input": given}) + "\n")
        stdin.flush()
        readable, _, _ = select.select([answers], [], [], PATIENCE)
        line = answers.readline() if readable else ""
        assert line, f"{words} has no answer within {PATIENCE} s; the driver's status: {self._driver.poll()}"
        return CommandResult(**json.loads(line))

    def sets(self, scene: str, *words: str) -> str:
        """Sets up a scene that the command line cannot. Returns the id of the scene's object."""
        result = self.does(scene, *words)
        assert result.status == 0, result
        return result.out.strip()

    def asks(self, *words: str) -> Any:
        """Runs one command, which must succeed, and returns its JSON."""
        result = self.does("--json", *words)
        assert result.status == 0, result
        return result.json

    def status(self) -> Any:
        """Returns the JSON of `status`, after a check that the exit status is 0 only if all is well."""
        result = self.does("--json", "status")
        status_document = result.json
        assert result.status == (0 if status_document["allWell"] else 1), result
        assert status_document["allWell"] is (status_document["troubles"] == []), result
        return status_document


@pytest.fixture(autouse=True)
def log_level_restored(caplog: pytest.LogCaptureFixture) -> None:
    """Restores the log level after each test, because the program sets it to errors only and never back."""
    caplog.set_level(logging.ERROR, logger="pom-stripe")


@contextmanager
def operator_at(stack: LocalStack, directory: Path) -> Iterator[Operator]:
    """Returns an operator of this stack. `directory` is the directory of the stack's description."""
    file = directory / "stack.json"
    write(description(stack), file)
    with Operator(file) as operator:
        yield operator


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as running:
        yield running
        assert running.ended() == []


@pytest.fixture(scope="session")
def operator(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operator_at(stack, tmp_path_factory.mktemp("ops")) as operator:
        yield operator


@pytest.fixture(scope="module")
def company(stack: LocalStack) -> Company:
    """Returns a connected company with a customer and without unfinished work."""
    new_company = Company(stack).connect()
    new_company.customer()
    stack.wait_until_idle()
    new_company.all_delivered()
    return new_company
