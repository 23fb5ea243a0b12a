"""Every command of every run book, typed into a shell at the top of a clone, as it is printed there.

Nothing is left out or added: what freezes does freeze, and what repairs does repair, on a local stack of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.stack import LocalStack
from infra.local.summary import description, write
from infra.package import ROOT
from tests.e2e.company import Company
from tests.ops.conftest import PATIENCE, Operator, operator_at
from tests.ops.run_books import BOOKS, commands

CLONED = ("app.py", "ops", "Makefile", "chalicelib", "infra", "docs", *map(str, ROOT.glob("requirements*")))
"""The files of a clone that the commands need."""

REFUSED = {
    "./ops rotate-secret drop --oldest",
    "./ops restore-items --dry-run",
    "./ops restore-items",
    "./ops erase $ORGANIZATION --in-stripe keep --dry-run",
}
"""Commands that end with status 1 here, because a line before has taken away the other secret, no table was restored,
or the organization is connected.

`tests/ops/test_restoring.py` and `tests/ops/test_erase.py` type them where they are not refused.
"""


MENDS = {
    "./ops redrive invoice-jobs.fifo --max 1": "Sent to invoice-jobs.fifo again: 1. Left: 1.",
    "./ops redrive invoice-jobs.fifo --rate 5": "Sent to invoice-jobs.fifo again: 1. Left: 0.",
    "./ops replay $ORGANIZATION --parked": "  outcome     no_change",
    "./ops republish --max 1": "Published: 1. Left in the queue: 1.",
    "./ops republish": "Published: 1. Left in the queue: 0.",
}
"""The last output of each repairing command. Each run book is typed while something needs repair."""


@dataclass(frozen=True)
class Shell:
    """A terminal at the top of a clone, next to a running local stack."""

    top: Path
    variables: dict[str, str]

    def types(self, line: str) -> subprocess.CompletedProcess[str]:
        """Types a line. The shell has what any login has, and the variables that run books tell people to fill in."""
        login = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **login, **self.variables}
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.top,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="module")
def shell(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Yields a shell next to a stack whose company has billed an invoice."""
    top = tmp_path_factory.mktemp("clone")
    for name in CLONED:
        source, target = ROOT / name, top / Path(name).name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    (top / ".venv").symlink_to(ROOT / ".venv")
    write(description(company.stack), top / ".local/stack.json")
    erasure_line = {"message": "erasure", "organization_id": company.organization_id, "customer_id": "cust_gone"}
    (top / "erased.txt").write_text(json.dumps({**erasure_line, "in_stripe": "keep"}) + "\n")
    (top / "new-secret.txt").write_text("whsec_of_a_rotation_under_way\n")
    new_invoice = company.bill("svc_book").json
    customer = new_invoice["customerId"]
    return Shell(top, {"ORGANIZATION": company.organization_id, "INVOICE": new_invoice["id"], "CUSTOMER": customer})


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as running:
        yield running
        assert running.ended() == []


@pytest.fixture(scope="module")
def operator(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with operator_at(stack, tmp_path_factory.mktemp("ops")) as operator:
        yield operator


@pytest.mark.demo
def test_every_command_of_the_run_books_works_as_it_is_printed(
    shell: Shell, company: Company, operator: Operator
) -> None:
    completed_by_line: dict[str, subprocess.CompletedProcess[str]] = {}
    for book in BOOKS:
        _break(book.stem, shell.variables, operator)
        for line in commands(book.read_text()):
            if line not in completed_by_line:  # typed twice it proves no more, and takes a second
                completed_by_line[line] = shell.types(line)

    unlike = [
        (line, completed.returncode, completed.stdout[-1500:], completed.stderr[-1500:])
        for line, completed in completed_by_line.items()
        if completed.returncode != _expected_status(line, completed.stdout)
    ]
    assert unlike == []
    assert len(completed_by_line) > 45
    assert {line: completed_by_line[line].stdout.strip().splitlines()[-1] for line in MENDS} == MENDS


def _break(book: str, variables: dict[str, str], operator: Operator) -> None:
    """Creates the cause of a run book: a dead letter, a parked event or a change that was not published."""
    organization, invoice = variables["ORGANIZATION"], variables["INVOICE"]
    match book:
        case "dead-letters":
            work = {"organizationId": organization, "invoiceId": invoice, "task": "resume"}
            for attempt in range(2):
                operator.sets("bury", "invoice-jobs-dlq.fifo", json.dumps(work) + " " * attempt)
        case "parked-events":
            variables["EVENT"] = operator.sets("park", organization, "for the run books")
        case "unpublished-changes":
            for _ in range(2):
                operator.sets("leave_unpublished", organization, invoice)


def _expected_status(line: str, completed: str) -> int:
    """Returns the exit status that a line ends with. That of `status` agrees with its last line."""
    if line == "./ops status":
        return int(completed.rstrip().splitlines()[-1] != "All is well.")
    return int(line in REFUSED)
