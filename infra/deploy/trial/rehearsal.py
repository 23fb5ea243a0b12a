"""Shows that an alarm takes a release back: a release that changes nothing, an alarm that is set, and a clock.

What AWS documents:

- A deployment names the function, its alias and two versions
  (https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html).
- It may shift by another way than its group
  (https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html). Here that is the canary,
  because dev's own way is over before an alarm could be set.
- An alarm of the group stops it, and the group then goes back to the last revision that was good, by a deployment of
  its own (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html).
- Lambda publishes no version of a function that has not changed
  (https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html), so its description is changed first.
- A state that is set lasts until CloudWatch judges the alarm again, which is often within seconds
  (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html). So it is set anew with
  each look. The alarm's topic gets a message each time that the state changes.
- An alias that is left between two versions makes later deployments fail
  (https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-deployments-lambda.html): it is put back.

What is a guess: how often CodeDeploy looks at alarms; that its error is `ALARM_ACTIVE` then; that the rollback of a
group that has released nothing yet puts the alias on the version that the deployment names as the current one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from infra.deploy.findings import Bad
from infra.deploy.stacks import DEPLOYABLE
from infra.deploy.trial.leftovers import FUNCTION, LONGEST, Rehearsed, mark, put_back, rehearsed, settled, weights
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
    """Returns how long it took until the alarm had stopped the release, and until it was taken back.

    Raises:
        Bad: the alarm did not stop it, or `live` was not put back.
        Harmless: it was stopped and put back, with another reason than the alarm.
        NotTried: the stage cannot rehearse it now.
    """
    of = rehearsed(site)
    if of is None:
        raise NotTried(f"CodeDeploy moves no alias here ({IN_STEPS} is {site.parameters.get(IN_STEPS)})")
    before = _ready(of)
    try:
        return _taken_back(of, before)
    finally:
        for sentence in put_back(of):
            site.step(f"  {sentence}")


def _ready(of: Rehearsed) -> str:
    """Returns the version that `live` is wholly on.

    Raises:
        NotTried: something moves, or an alarm that would stop a release fires.
    """
    site = of.site
    if (status := site.stack.status) not in DEPLOYABLE:
        raise NotTried(f"the stack is {status}")
    if running := of.running():
        raise NotTried(f"CodeDeploy is at work: {', '.join(running)}")
    names = [f"{site.name}-{name}" for name in WATCHED]
    alarms = site.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    if firing := [each["AlarmName"] for each in alarms if each["StateValue"] == "ALARM"]:
        raise NotTried(f"{', '.join(firing)} fires, so CodeDeploy would not begin")
    alias = of.alias()
    if weights(alias):
        raise NotTried(f"{LIVE} of {of.function} is between two versions")
    return str(alias["FunctionVersion"])


def _taken_back(of: Rehearsed, before: str) -> str:
    site = of.site
    version = _published(of, before)
    site.step(f"  version {version} of {of.function} is released")
    deployment = _begun(of, before, version)
    began = site.now()
    site.step(f"  {deployment} shifts a tenth of the calls; now {of.alarm} is set to ALARM")
    info = _stopped_by_the_alarm(of, deployment)
    stopped = site.now() - began
    if of.until(lambda: of.is_wholly_on(before) or None) is None:
        alias = of.alias()
        raise Bad(
            f"the alarm stopped {deployment}, and {LIVE} was left on version {alias['FunctionVersion']} with"
            f" {weights(alias)}: a release that an alarm stops is not taken back"
        )
    says = (
        f"stopped {stopped:.0f} s after the alarm, {LIVE} back on version {before} after {site.now() - began:.0f} s"
    )
    code = info.get("errorInformation", {}).get("code")
    if code != BY_AN_ALARM:
        raise Harmless(f"{says}; CodeDeploy gives {code} as the reason, not {BY_AN_ALARM}")
    return says


def _published(of: Rehearsed, before: str) -> str:
    """Returns a version that differs from the one before by its description alone."""
    client = of.site.client("lambda")
    client.update_function_configuration(FunctionName=of.function, Description=mark(before))
    settled(of)
    version: str = client.publish_version(FunctionName=of.function)["Version"]
    settled(of, version)
    return version


def _begun(of: Rehearsed, before: str, version: str) -> str:
    """Returns the id of a deployment that has begun to shift.

    Raises:
        Bad: it ended, or did not begin in time.
    """
    content = json.dumps(_app_spec(of.function, before, version))
    deployment: str = of.site.client("codedeploy").create_deployment(
        applicationName=of.application,
        deploymentGroupName=of.group,
        deploymentConfigName=CANARY,
        description=mark(before),
        revision={
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()},
        },
    )["deploymentId"]

    def look() -> dict[str, Any] | None:
        info = of.deployment(deployment)
        return info if info["status"] in ENDED or version in weights(of.alias()) else None

    info = of.until(look)
    if info is None:
        raise Bad(f"{deployment} has not shifted anything in {LONGEST:.0f} s")
    if info["status"] in ENDED:
        raise Bad(f"{deployment} is {info['status']} before any alarm fired: {info.get('errorInformation')}")
    return deployment


def _app_spec(function: str, before: str, version: str) -> dict[str, Any]:
    moved = {"Name": function, "Alias": LIVE, "CurrentVersion": before, "TargetVersion": version}
    return {"version": 0.0, "Resources": [{"function": {"Type": "AWS::Lambda::Function", "Properties": moved}}]}


def _stopped_by_the_alarm(of: Rehearsed, deployment: str) -> dict[str, Any]:
    """Sets the alarm until the deployment ends; returns the deployment.

    Raises:
        Bad: it went on, or succeeded.
    """
    cloudwatch = of.site.client("cloudwatch")
    [alarm] = cloudwatch.describe_alarms(AlarmNames=[of.alarm])["MetricAlarms"]
    reason = mark(alarm["StateValue"])

    def ended() -> dict[str, Any] | None:
        info = of.deployment(deployment)
        return info if info["status"] in ENDED else None

    info = of.until(
        ended,
        before_each=lambda: cloudwatch.set_alarm_state(AlarmName=of.alarm, StateValue="ALARM", StateReason=reason),
    )
    if info is None:
        raise Bad(f"{of.alarm} does not stop the deployment: {LONGEST:.0f} s after it fired, {deployment} goes on")
    if info["status"] == "Succeeded":
        raise Bad(f"{of.alarm} does not stop the deployment: {deployment} has succeeded")
    return info
