"""docs/in-an-account.md: a row of `make sandbox-aws` tries each entry, or it is in the list of those by hand."""

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
    "nothing fails half-way",
    "CloudFormation's way back is not held up by the alarm that caused it, which AWS does not document",
    "the reason is told of a change that an alarm took back",
    "`--despite-alarms` gets through, and the next release brings CodeDeploy back",
    "the last release reads what the new one wrote",
    "CloudWatch fills metrics that were never written, and judges periods of 720 and 3,600 seconds each minute",
    "`ApplyOn: None` is accepted on python3.11",
    "credentials are good after a restore of hours",
    "the price",
    "how long DynamoDB restores",
    "tables come back from the other vault",
    "the log has each erasure, in the form that `./ops erase --again` takes",
    "stopping and starting the functions loses no message",
    "the listed permissions are enough",
    "the old canary reads on while a stage [moves to two secrets](deploying.md#moving-to-two-secrets)",
    "a failed tick reaches the encrypted queue",
    "the role of CloudFormation and the boundary are enough",
    "log groups stay when the stack goes, and `make deploy` names them",
    "a first deployment that fails leaves no group",
    "the switch to an expiry on a table that runs replaces nothing",
    "the address is the client's, also with the stage's domain",
    "AWS deletes traces after 30 days, and WAF's samples after three hours",
    "the owner of an account that another platform controls is made to open a new one",
    "what a stage costs",
}
"""They deploy, wait for hours, need a test account of Stripe, or ask for a person's judgement."""


def _page() -> dict[str, str]:
    """Returns what tries each row: the last column by the first."""
    lines = [re.split(r"(?<!\\) \| ", line.strip().strip("|").strip()) for line in PAGE.read_text().splitlines()]
    rows = [line for line in lines if len(line) == 4 and line[0] != "what"]
    return {row[0]: row[3] for row in rows}


def _rows() -> set[str]:
    """Returns the names of the command's rows, those of the checks of `make deploy` included."""
    settings = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {})
    own = {row.name for rows in PARTS.values() for row in rows}
    return own | SMOKE | checks._checks_of_aws("dev", settings, Aws(REGION)).keys()


def test_each_row_is_tried_by_a_row_of_the_command_or_by_hand() -> None:
    names = _rows()
    for what, tried_by in _page().items():
        if what not in BY_HAND and tried_by != OF_STRIPE:
            named = set(re.findall(r"`([^`]+)`", tried_by))
            assert named, what
            assert named <= names, what


def test_no_row_becomes_by_hand_unnoticed() -> None:
    assert {what for what, tried_by in _page().items() if tried_by == "by hand"} == BY_HAND


def test_each_row_of_the_command_about_something_on_the_page_is_on_the_page() -> None:
    """Those that are not look at what other pages promise."""
    named = {name for tried_by in _page().values() for name in re.findall(r"`([^`]+)`", tried_by)}
    elsewhere = {row.name for rows in PARTS.values() for row in rows} - named
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
