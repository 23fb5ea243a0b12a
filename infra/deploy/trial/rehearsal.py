"""Rehearses a rollback: releases a version without changes, sets an alarm, and measures the rollback.

What AWS documents:

- A deployment names the function, its alias and two versions
  (https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html).
- A deployment may shift in another way than its group
  (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html). Here it is the canary,
  because dev's own way ends before an alarm could be set.
- An alarm of the group stops the deployment. The group then returns to its last successful revision, by another
  deployment (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html).
- Lambda publishes no version of an unchanged function
  (https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html), so its description is changed first.
- A state that is set lasts until CloudWatch evaluates the alarm again, often within seconds
  (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html). So the state is set again
  with each poll. The alarm's topic gets a message for each change of the state.
- An alias between two versions makes later deployments fail
  (https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html). So it is put
    back.

Three assumptions are guesses: how often CodeDeploy checks alarms; that its error is then `ALARM_ACTIVE`; and that the
rollback of a group without earlier releases returns the alias to the deployment's current version.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from infra.deploy.findings import CheckFailed
from infra.deploy.stacks import DEPLOYABLE
from infra.deploy.trial.leftovers import (
    FUNCTION,
    MAX_WAIT_SECONDS,
    RehearsedFunction,
    function_to_rehearse,
    mark,
    put_back,
    wait_for_update,
    weights,
)
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried
from infra.template.aliases import LIVE
from infra.template.releases import CANARY, IN_STEPS, WATCHED

QUESTION = (
    f"publishes a version of the function {FUNCTION}, shifts a tenth of its calls to it for some minutes, and sets"
    f" the alarm {WATCHED[0]}, whose topic gets messages; puts all of it back"
)
BY_AN_ALARM = "ALARM_ACTIVE"
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})


def rehearse(site: Site) -> str:
    """Returns the seconds until the alarm stopped the release, and until the release was rolled back.

    Raises:
        CheckFailed: the alarm did not stop the release, or `live` was not put back.
        Harmless: the release was stopped and rolled back for another reason than the alarm.
        NotTried: the stage cannot run the rehearsal now.
    """
    target = function_to_rehearse(site)
    if target is None:
        raise NotTried(f"CodeDeploy moves no alias here ({IN_STEPS} is {site.parameters.get(IN_STEPS)})")
    before = _live_version(target)
    try:
        return _release_and_roll_back(target, before)
    finally:
        for sentence in put_back(target):
            site.step(f"  {sentence}")


def _live_version(target: RehearsedFunction) -> str:
    """Returns the version that gets all calls of `live`.

    Raises:
        NotTried: a deployment is running, or an alarm that would stop a release fires.
    """
    site = target.site
    if (status := site.stack.status) not in DEPLOYABLE:
        raise NotTried(f"the stack is {status}")
    if running := target.running():
        raise NotTried(f"CodeDeploy is at work: {', '.join(running)}")
    names = [f"{site.name}-{name}" for name in WATCHED]
    alarms = site.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    if firing := [each["AlarmName"] for each in alarms if each["StateValue"] == "ALARM"]:
        raise NotTried(f"{', '.join(firing)} fires, so CodeDeploy would not start")
    alias = target.alias()
    if weights(alias):
        raise NotTried(f"{LIVE} of {target.function} is between two versions")
    return str(alias["FunctionVersion"])


def _release_and_roll_back(target: RehearsedFunction, before: str) -> str:
    site = target.site
    version = _publish_version(target, before)
    site.step(f"  version {version} of {target.function} is released")
    deployment = _start_deployment(target, before, version)
    began_at = site.now()
    site.step(f"  {deployment} shifts a tenth of the calls; now {target.alarm} is set to ALARM")
    info = _fire_alarm_until_stopped(target, deployment)
    stopped_after = site.now() - began_at
    if target.until(lambda: target.is_wholly_on(before) or None) is None:
        alias = target.alias()
        raise CheckFailed(
            f"the alarm stopped {deployment}, and {LIVE} was left on version {alias['FunctionVersion']} with"
            f" {weights(alias)}: a release that an alarm stops is not taken back"
        )
    back_after = site.now() - began_at
    text = f"stopped {stopped_after:.0f} s after the alarm, {LIVE} back on version {before} after {back_after:.0f} s"
    code = info.get("errorInformation", {}).get("code")
    if code != BY_AN_ALARM:
        raise Harmless(f"{text}; CodeDeploy gives {code} as the reason, not {BY_AN_ALARM}")
    return text


def _publish_version(target: RehearsedFunction, before: str) -> str:
    """Publishes a version that differs from the former one only by its description. Returns the version."""
    client = target.site.client("lambda")
    client.update_function_configuration(FunctionName=target.function, Description=mark(before))
    wait_for_update(target)
    version: str = client.publish_version(FunctionName=target.function)["Version"]
    wait_for_update(target, version)
    return version


def _start_deployment(target: RehearsedFunction, before: str, version: str) -> str:
    """Starts a deployment, and returns its id when it has begun to shift.

    Raises:
        CheckFailed: the deployment ended early, or did not begin in time.
    """
    content = json.dumps(_app_spec(target.function, before, version))
    deployment: str = target.site.client("codedeploy").create_deployment(
        applicationName=target.application,
        deploymentGroupName=target.group,
        deploymentConfigName=CANARY,
        description=mark(before),
        revision={
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()},
        },
    )["deploymentId"]

    def read_progress() -> dict[str, Any] | None:
        info = target.deployment(deployment)
        return info if info["status"] in ENDED or version in weights(target.alias()) else None

    info = target.until(read_progress)
    if info is None:
        raise CheckFailed(f"{deployment} has not shifted anything in {MAX_WAIT_SECONDS:.0f} s")
    if info["status"] in ENDED:
        raise CheckFailed(f"{deployment} is {info['status']} before any alarm fired: {info.get('errorInformation')}")
    return deployment


def _app_spec(function: str, before: str, version: str) -> dict[str, Any]:
    properties = {"Name": function, "Alias": LIVE, "CurrentVersion": before, "TargetVersion": version}
    return {"version": 0.0, "Resources": [{"function": {"Type": "AWS::Lambda::Function", "Properties": properties}}]}


def _fire_alarm_until_stopped(target: RehearsedFunction, deployment: str) -> dict[str, Any]:
    """Sets the alarm repeatedly until the deployment ends. Returns the deployment.

    Raises:
        CheckFailed: the deployment continued or succeeded.
    """
    cloudwatch = target.site.client("cloudwatch")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[target.alarm])["MetricAlarms"]
    reason = mark(alarm["StateValue"])

    def read_ended() -> dict[str, Any] | None:
        info = target.deployment(deployment)
        return info if info["status"] in ENDED else None

    info = target.until(
        read_ended,
        before_each=lambda: cloudwatch.set_alarm_state(
            AlarmName=target.alarm, StateValue="ALARM", StateReason=reason
        ),
    )
    if info is None:
        raise CheckFailed(
            f"{target.alarm} does not stop the deployment: {deployment} runs {MAX_WAIT_SECONDS:.0f} s after the alarm"
        )
    if info["status"] == "Succeeded":
        raise CheckFailed(f"{target.alarm} does not stop the deployment: {deployment} has succeeded")
    return info
