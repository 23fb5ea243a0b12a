"""docs/in-an-account.md: each entry is checked by a row of `make sandbox-aws`, or is listed here as checked by
hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from infra.deploy import checks
from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.deploy.trial.rows import PARTS
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK

PAGE = Path(__file__).parents[2] / "docs" / "in-an-account.md"
OF_STRIPE = "`make sandbox`"
SMOKE = {"outputs", "tables", "functions", "event sources"}
BY_HAND = {
    "a failed first deployment leaves no table, and the second succeeds",
    "the same package deploys again after an update that failed",
    "a shift causes no failures",
    "the alarm that caused a rollback does not block CloudFormation's rollback (not documented by AWS)",
    "the output has the reason of a change that an alarm rolled back",
    "`--despite-alarms` deploys, and the next release uses CodeDeploy again",
    "the last release reads the new release's data",
    "CloudWatch fills metrics that were never written, and evaluates periods of 720 and 3,600 seconds each minute",
    "`ApplyOn: None` is accepted on python3.11",
    "credentials are valid after hours in a snapshot",
    "AWS's prices for SnapStart",
    "how long DynamoDB restores",
    "tables come back from the other vault",
    "the log has each erasure, in the form that `./ops erase --again` accepts",
    "stopping and starting the functions loses no message",
    "the listed permissions are enough",
    "the old canary still reads its secret while a stage [moves to two secrets](deploying.md#moving-to-two-secrets)",
    "a failed invocation of a schedule reaches the encrypted queue",
    "the role of CloudFormation and the boundary are enough",
    "log groups stay when the stack is deleted, and `make deploy` names them",
    "a first deployment that fails leaves no group",
    "switching on the expiry of an existing table replaces nothing",
    "the address is the client's, also with the stage's domain",
    "AWS deletes traces after 30 days, and WAF's samples after three hours",
    "the owner of an account that another platform controls has to open a new account",
    "what a stage costs",
}
"""They deploy, wait for hours, need a test account of Stripe, or ask for a person's judgement."""


def _page() -> dict[str, str]:
    """Returns what tries each row: the last column by the first."""
    lines = [re.split(r"(?<!\\) \| ", line.strip().strip("|").strip()) for line in PAGE.read_text().splitlines()]
    rows = [line for line in lines if len(line) == 4 and line[0] != "claim"]
    return {row[0]: row[3] for row in rows}


def _rows() -> set[str]:
    """Returns the names of the command's rows, those of the checks of `make deploy` included."""
    settings = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})
    own = {row.name for rows in PARTS.values() for row in rows}
    return own | SMOKE | checks._checks_of_aws("dev", settings, Aws(REGION)).keys()


def test_each_row_is_tried_by_a_row_of_the_command_or_by_hand() -> None:
    names = _rows()
    for assumption, tried_by in _page().items():
        if assumption not in BY_HAND and tried_by != OF_STRIPE:
            row_names = set(re.findall(r"`([^`]+)`", tried_by))
            assert row_names, assumption
            assert row_names <= names, assumption


def test_the_rows_that_a_person_checks_are_listed_here() -> None:
    assert {assumption for assumption, tried_by in _page().items() if tried_by == "by hand"} == BY_HAND


def test_each_row_of_the_command_about_a_topic_of_the_page_is_on_the_page() -> None:
    """The other rows check promises of other pages."""
    row_names = {name for tried_by in _page().values() for name in re.findall(r"`([^`]+)`", tried_by)}
    elsewhere = {row.name for rows in PARTS.values() for row in rows} - row_names
    assert elsewhere == {
        "alarms",
        "alarms have data",
        "bus and schedules",
        "copies expire",
        "deployment groups",
        "log retention",
        "status",
        "streams",
        "unpublished changes",
        "webhook endpoint verified",
    }
