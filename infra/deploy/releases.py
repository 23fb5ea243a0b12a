"""What watches a release, and by which steps it goes: by stage, and for the release that mends a ringing alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.deploy.aws import Aws
from infra.deploy.findings import Bad
from infra.deploy.settings import PROD
from infra.template.alarm_list import BY_NAME
from infra.template.alarms import RUN_BOOKS
from infra.template.releases import ALL_AT_ONCE, CANARY, IN_STEPS, SHIFT, WATCHED

SHIFTS = {PROD: CANARY}
"""How CodeDeploy shifts traffic, by stage."""
MONITORED = {PROD: 10}
"""Minutes for which CloudFormation goes on watching the alarms once all is changed. A tenth of a schedule's ticks is
none in most canaries, so a tick that fails is seen only then: twice the period of the alarm on functions."""


def release_values(stage: str, told: Mapping[str, str], *, despite_alarms: bool) -> dict[str, str]:
    """Returns the template's parameters about the release; the stage's file, `told`, may say others.

    Despite alarms, CodeDeploy is left out: it lets no deployment through while one of its alarms rings.
    https://github.com/aws/serverless-application-model/issues/716
    """
    usual = {SHIFT: SHIFTS.get(stage, ALL_AT_ONCE), IN_STEPS: "true"}
    said = {name: told.get(name, value) for name, value in usual.items()}
    return said | {IN_STEPS: "false"} if despite_alarms else said


def rollback_configuration(stage: str, stack: str, aws: Aws, *, despite_alarms: bool) -> dict[str, Any]:
    """Returns the alarms by which CloudFormation takes a change back, and for how long it watches them after it.

    Only those that are there: CloudFormation fails a change whose alarms are missing, so the first one has none.
    It is always said, because CloudFormation keeps a stack's alarms from one change to the next.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
    """
    there = [] if despite_alarms else _alarms(stack, aws)
    triggers = [{"Arn": each["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"} for each in there]
    return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": MONITORED.get(stage, 0) if triggers else 0}


def quiet(stack: str, aws: Aws, *, despite_alarms: bool) -> str:
    """Returns what the release's alarms say.

    Raises:
        Bad: one of them rings, so that the release would be stopped at once.
    """
    there = _alarms(stack, aws)
    ringing = sorted(each["AlarmName"] for each in there if each["StateValue"] == "ALARM")
    if ringing and despite_alarms:
        return f"{', '.join(ringing)}: released all the same, at once, and no alarm takes it back"
    if ringing:
        books = ", ".join(f"{RUN_BOOKS}/{BY_NAME[name.removeprefix(f'{stack}-')].run_book}" for name in ringing)
        mends = 'If this release mends it: ARGS="--despite-alarms"'
        raise Bad(f"{', '.join(ringing)} rings, and a release would be taken back: see {books}. {mends}")
    return f"{len(there)}, none rings" if there else "none yet: the first deployment makes them"


def _alarms(stack: str, aws: Aws) -> list[dict[str, Any]]:
    names = [f"{stack}-{name}" for name in WATCHED]
    found: list[dict[str, Any]] = aws.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return found
