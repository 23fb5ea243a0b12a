"""How a release shifts traffic and which alarms watch it: by stage, and for a release that fixes an alarm's cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.settings import PROD
from infra.template.alarm_list import BY_NAME
from infra.template.alarms import RUN_BOOKS
from infra.template.releases import ALL_AT_ONCE, CANARY, IN_STEPS, SHIFT, WATCHED

SHIFTS = {PROD: CANARY}
"""CodeDeploy's way of shifting traffic, by stage."""
WATCH_MINUTES = {PROD: 10}
"""Minutes for which CloudFormation watches the alarms after the change: twice the period of the alarm on functions. A
tenth of a schedule's invocations is none in most canaries, so a failing schedule shows only in this time.
"""


def release_values(stage: str, values: Mapping[str, str], *, despite_alarms: bool) -> dict[str, str]:
    """Returns the template's parameters for the release. `values`, from the stage's file, may override them.

    With `despite_alarms`, CodeDeploy is left out, because it starts no deployment while one of its alarms fires
    (https://github.com/aws/serverless-application-model/issues/716).
    """
    usual = {SHIFT: SHIFTS.get(stage, ALL_AT_ONCE), IN_STEPS: "true"}
    chosen = {name: values.get(name, value) for name, value in usual.items()}
    return chosen | {IN_STEPS: "false"} if despite_alarms else chosen


def rollback_configuration(stage: str, stack: str, aws: Aws, *, despite_alarms: bool) -> dict[str, Any]:
    """Returns the alarms that make CloudFormation roll a change back, and for how long they are watched after the
    change.

    Contains only alarms that exist, because CloudFormation fails a change with a missing alarm. So the first change
    has none. The configuration is always passed, because CloudFormation keeps a stack's alarms from one change to the
    next (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html).
    """
    alarms = [] if despite_alarms else _alarms(stack, aws)
    triggers = [{"Arn": each["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"} for each in alarms]
    return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": WATCH_MINUTES.get(stage, 0) if triggers else 0}


def check_release_alarms(stack: str, aws: Aws, *, despite_alarms: bool) -> str:
    """Returns the state of the release's alarms.

    Raises:
        CheckFailed: an alarm is firing, so CloudWatch would stop the release at once.
    """
    alarms = _alarms(stack, aws)
    firing = sorted(each["AlarmName"] for each in alarms if each["StateValue"] == "ALARM")
    if firing and despite_alarms:
        return f"{', '.join(firing)}: released nevertheless, all at once, without rollback by alarms"
    if firing:
        books = ", ".join(f"{RUN_BOOKS}/{BY_NAME[name.removeprefix(f'{stack}-')].run_book}" for name in firing)
        advice = 'If this release fixes the cause: ARGS="--despite-alarms"'
        raise CheckFailed(f"{', '.join(firing)} fires, so a release would be rolled back: see {books}. {advice}")
    return f"{len(alarms)}, none fires" if alarms else "none yet: the first deployment creates them"


def _alarms(stack: str, aws: Aws) -> list[dict[str, Any]]:
    names = [f"{stack}-{name}" for name in WATCHED]
    alarms: list[dict[str, Any]] = aws.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return alarms
