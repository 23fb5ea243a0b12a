"""What a rehearsal of a rollback leaves at the stage until it has put it back, found by its marks in AWS itself.

There is no journal that could be lost: the mark is in the description of the function, of the version and of the
deployment, and in the reason of the alarm's state. It names the version that `live` was on. So a run finds what an
earlier one left that was killed, wherever it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from infra.deploy.findings import CheckFailed
from infra.deploy.trial.site import Site
from infra.template.aliases import LIVE
from infra.template.releases import WATCHED

T = TypeVar("T")

FUNCTION = "canary"
"""The function whose release is rehearsed, by its name in AWS: nobody waits for it."""
APPLICATION = "AWS::CodeDeploy::Application"
GROUP_ID = "CanaryDeploymentGroup"
"""The logical id that SAM gives the function's deployment group."""
ALARM = WATCHED[0]
RUNNING = ["Created", "Queued", "InProgress", "Baking", "Ready"]
"""CodeDeploy's words for a deployment that has not ended."""
POLL_SECONDS = 10.0
"""Seconds between two looks."""
MAX_WAIT_SECONDS = 300.0
"""Seconds for which one step is waited for."""

_MARK = "make sandbox-aws rehearses a rollback"
_MARKED = re.compile(rf"{_MARK}; before: (\w+)")


def mark(before: str) -> str:
    """Returns the mark of a thing that was changed, with what it was before."""
    return f"{_MARK}; before: {before}"


def _before(text: str | None) -> str | None:
    """Returns what a thing was before, by its mark; None if it has no mark."""
    match = _MARKED.match(text or "")
    return match[1] if match else None


@dataclass(frozen=True)
class RehearsedFunction:
    """The function whose release is rehearsed, with its deployment group."""

    site: Site
    application: str
    group: str

    @property
    def function(self) -> str:
        """The function's name."""
        return f"{self.site.name}-{FUNCTION}"

    @property
    def alarm(self) -> str:
        """The name of the alarm that stops the release."""
        return f"{self.site.name}-{ALARM}"

    def alias(self) -> dict[str, Any]:
        """Returns the alias `live` as Lambda shows it."""
        found: dict[str, Any] = self.site.client("lambda").get_alias(FunctionName=self.function, Name=LIVE)
        return found

    def is_wholly_on(self, version: str) -> bool:
        """Returns whether all calls go to `version`."""
        alias = self.alias()
        return bool(alias["FunctionVersion"] == version and not weights(alias))

    def running(self) -> list[str]:
        """Returns the ids of the group's deployments that have not ended, rollbacks included."""
        ids: list[str] = self.site.client("codedeploy").list_deployments(
            applicationName=self.application, deploymentGroupName=self.group, includeOnlyStatuses=RUNNING
        )["deployments"]
        return ids

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """Returns a deployment as CodeDeploy shows it."""
        answer = self.site.client("codedeploy").get_deployment(deploymentId=deployment_id)
        info: dict[str, Any] = answer["deploymentInfo"]
        return info

    def until(self, read: Callable[[], T | None], before_each: Callable[[], object] = lambda: None) -> T | None:
        """Returns the first thing that `look` returns within `LONGEST` seconds; None if it returns none."""
        for _ in range(int(MAX_WAIT_SECONDS / POLL_SECONDS)):
            before_each()
            if (result := read()) is not None:
                return result
            self.site.pause(POLL_SECONDS)
        return read()


def weights(alias: dict[str, Any]) -> dict[str, float]:
    """Returns the shares of other versions than the alias's own."""
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def function_to_rehearse(site: Site) -> RehearsedFunction | None:
    """Returns the function whose release can be rehearsed; None if CodeDeploy does not move its alias."""
    groups = site.physical_ids("AWS::CodeDeploy::DeploymentGroup")
    if GROUP_ID not in groups:
        return None
    [application] = site.physical_ids(APPLICATION).values()
    return RehearsedFunction(site, application, groups[GROUP_ID])


def put_back(target: RehearsedFunction) -> list[str]:
    """Puts back whatever has the mark of a rehearsal; returns a sentence for each thing that was put back.

    Raises:
        Bad: a deployment of CodeDeploy's did not end, so that the alias is not safe to touch.
    """
    return [
        *_stop_deployments(target),
        *_reset_alarm(target),
        *_wait_for_codedeploy(target),
        *_restore_alias_and_versions(target),
    ]


def _stop_deployments(target: RehearsedFunction) -> Iterator[str]:
    for each in target.running():
        if _before(target.deployment(each).get("description")):
            target.site.client("codedeploy").stop_deployment(deploymentId=each, autoRollbackEnabled=True)
            yield f"the deployment {each} was stopped"


def _reset_alarm(target: RehearsedFunction) -> Iterator[str]:
    cloudwatch = target.site.client("cloudwatch")
    for each in cloudwatch.describe_alarms(AlarmNames=[target.alarm])["MetricAlarms"]:
        before = _before(each.get("StateReason"))
        if before and each["StateValue"] == "ALARM":
            reason = "make sandbox-aws has ended its rehearsal"
            cloudwatch.set_alarm_state(AlarmName=target.alarm, StateValue=before, StateReason=reason)
            yield f"{target.alarm} is {before} again"


def _wait_for_codedeploy(target: RehearsedFunction) -> Iterator[str]:
    """Waits, if anything of ours is left, until CodeDeploy has ended: it moves the alias, too."""
    if _marked_versions(target) and target.until(lambda: None if target.running() else True) is None:
        raise CheckFailed(
            f"CodeDeploy still deploys {target.function}: {', '.join(target.running())}. Run the trial again after that"
        )
    yield from ()


def _marked_versions(target: RehearsedFunction) -> dict[str, str]:
    """Returns the versions that rehearsals published, each with the version that `live` was on before."""
    pages = (
        target.site.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=target.function)
    )
    marks = {each["Version"]: _before(each.get("Description")) for page in pages for each in page["Versions"]}
    return {version: before for version, before in marks.items() if before}


def _restore_alias_and_versions(target: RehearsedFunction) -> Iterator[str]:
    client = target.site.client("lambda")
    marked_versions = _marked_versions(target)
    alias = target.alias()
    used_versions = marked_versions.keys() & {alias["FunctionVersion"], *weights(alias)}
    if used_versions:
        before = marked_versions[min(used_versions)]
        none: dict[str, Any] = {"AdditionalVersionWeights": {}}
        client.update_alias(FunctionName=target.function, Name=LIVE, FunctionVersion=before, RoutingConfig=none)
        yield f"{LIVE} of {target.function} is wholly on version {before} again"
    if before_latest := marked_versions.pop("$LATEST", None):
        configuration = client.get_function_configuration(FunctionName=target.function, Qualifier=before_latest)
        client.update_function_configuration(FunctionName=target.function, Description=configuration["Description"])
        wait_for_update(target)
        yield f"the description of {target.function} is that of version {before_latest} again"
    for version in sorted(marked_versions, key=int):
        client.delete_function(FunctionName=target.function, Qualifier=version)
        yield f"version {version} of {target.function} was deleted"


def wait_for_update(target: RehearsedFunction, version: str | None = None) -> None:
    """Waits until Lambda has made an update of the function, or a version of it.

    Raises:
        Bad: it has not in time, or it failed.
    """
    client = target.site.client("lambda")
    qualifier = {"Qualifier": version} if version else {}

    def read_state() -> str | None:
        configuration = client.get_function_configuration(FunctionName=target.function, **qualifier)
        states = {configuration.get("State", "Active"), configuration.get("LastUpdateStatus", "Successful")}
        return None if states & {"Pending", "InProgress"} else ", ".join(sorted(states))

    if (state := target.until(read_state)) != "Active, Successful":
        raise CheckFailed(f"{target.function} {version or ''} is {state or 'still being made'}")
