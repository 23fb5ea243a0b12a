"""Clients are generated from the document with the generators' defaults, compile, and complete the users' guide."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from chalicelib.domain.changes import ChangeType
from infra.local.stack import LocalStack
from tests.clients.conftest import GENERATED
from tests.clients.npm import CLIENTS
from tests.e2e.company import Company

pytestmark = pytest.mark.client
Json = dict[str, Any]

WALK = """\
Apps: Stripe not_connected
Connection: connected
Settings: net_15 card 3
Customer: synced
Invoice: draft 140.00 usd
Billed again: lineItems[0].serviceId is billed already
Requested again: 304
Edited: draft 215.00
Edited with an old tag: another user has saved
Preview: Ann Lee 215.00 0
Sent: pending
Declined: failed insufficient_funds
Paid: paid balance 0.00
Payment: succeeded 215.00 refundable 215.00
Refund by the office: ask an administrator
Refund: succeeded 20.00
History: created edited paid payment_failed refunded sent
Batch drafts: 1
Corrected: draft 150.00 void
Money out: refund -20.00
Customer found: cust_walk
Latest invoice: Ann Lee draft
Drafts: 1 150.00
Overdue: 0 false
Summary: usd refunded 20.00
"""


PROGRAMS = ["walk-openapi-typescript", "walk-hey-api"]


def test_both_programs_compile_strictly_and_the_types_refuse_every_mistake(
    compiled: CompletedProcess[str],
) -> None:
    # `mistakes.ts` compiles only if the compiler reports each of its mistakes.
    assert (compiled.stdout, compiled.returncode) == ("", 0)


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_program_bypasses_the_generated_types(program: str) -> None:
    source = (CLIENTS.directory / f"{program}.ts").read_text()
    assert re.findall(r"\bany\b|\bunknown\b|\bas [A-Za-z]+;?|@ts-|\w!\.", source) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_written_with_the_generated_types_completes_the_guide(
    program: str, compiled: CompletedProcess[str], stack: LocalStack
) -> None:
    company = Company(stack)
    variables = {
        "POM_API": stack.urls.api,
        "POM_ADMIN_TOKEN": company.token("user_admin", "admin"),
        "POM_BILLING_TOKEN": company.token("user_office", "billing"),
        "STRIPE_ACCOUNT": company.account_id,
    }
    process = CLIENTS.run_program(GENERATED / "compiled" / f"{program}.js", variables)
    assert (process.stdout, process.stderr, process.returncode) == (WALK, "", 0)


def test_redocly_reports_nothing_about_the_document(contract: Path) -> None:
    # `.redocly.lint-ignore.yaml` has the one exception.
    output = CLIENTS.run_tool("redocly", "lint", "--format=json", "--max-problems=1000", str(contract))
    problems = json.loads(output.stdout)["problems"]
    assert [_redocly_line(each) for each in problems] == [], output.stderr


def test_spectral_reports_nothing_about_the_document(contract: Path) -> None:
    output = CLIENTS.run_tool("spectral", "lint", "--format=json", "--quiet", str(contract))
    problems = json.loads(output.stdout)
    assert [f"{each['code']} {'.'.join(map(str, each['path']))}" for each in problems] == [], output.stderr


def test_javascript_compiles_every_pattern_of_the_document(contract: Path) -> None:
    process = CLIENTS.run_program(CLIENTS.directory / "patterns.mjs", {"CONTRACT": str(contract)})
    assert (process.stdout, process.stderr, process.returncode) == ("", "", 0)


def test_the_asyncapi_parser_reports_nothing_about_the_events_document(events: Path) -> None:
    process = CLIENTS.run_program(CLIENTS.directory / "asyncapi.mjs", {"EVENTS": str(events)})
    count = len(ChangeType)
    assert (process.stdout, process.stderr) == (f"{count} messages, {count} with an example\n", "")


def _shout(document: Json) -> None:
    document["operations"]["publishChanges"]["action"] = "shout"


def _misspell(document: Json) -> None:
    document["components"]["messages"]["invoice.paid"]["payload"]["allOf"][0]["$ref"] = "#/components/schemas/Nothing"


def _mistype(document: Json) -> None:
    document["components"]["schemas"]["InvoiceChange"]["properties"]["version"]["type"] = "number of times"


@pytest.mark.parametrize("spoil", [_shout, _misspell, _mistype])
def test_the_asyncapi_parser_reports_the_error_of_an_invalid_document(
    spoil: Callable[[Json], None], events: Path, tmp_path: Path
) -> None:
    document = json.loads(events.read_text())
    spoil(document)
    spoilt = tmp_path / "asyncapi.json"
    spoilt.write_text(json.dumps(document))
    process = CLIENTS.run_program(CLIENTS.directory / "asyncapi.mjs", {"EVENTS": str(spoilt)})
    assert len(process.stdout.splitlines()) > 1, "a line for each problem, and the count"


def _redocly_line(problem: dict[str, object]) -> str:
    return f"{problem['severity']} {problem['ruleId']}: {problem['message']}"
