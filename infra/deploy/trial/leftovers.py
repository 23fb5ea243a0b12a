"""Undoes the changes of a rollback rehearsal, which carry marks in AWS itself.

No journal is needed. The mark is in the description of the function, of the version and of the deployment, and in the
reason of the alarm's state. It names the version to which `live` pointed before. So a run finds the changes of an
earlier run, wherever that run was killed.
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
"""The function whose release is rehearsed, by its name in AWS. No user waits for it."""
APPLICATION = "AWS::CodeDeploy::Application"
GROUP_ID = "CanaryDeploymentGroup"
"""SAM's logical id of the function's deployment group."""
ALARM = WATCHED[0]
RUNNING = ["Created", "Queued", "InProgress", "Baking", "Ready"]
"""CodeDeploy's statuses of a deployment that has not ended."""
POLL_SECONDS = 10.0
"""Seconds between two polls."""
MAX_WAIT_SECONDS = 300.0
"""The most seconds for one step."""

_MARK = "make sandbox-aws rehearses a rollback"
_MARKED = re.compile(rf"{_MARK}; before: (\w+)")


def mark(before: str) -> str:
    """Returns the mark of a changed thing. `before` is its former value."""
    return f"{_MARK}; before: {before}"


def _before(text: str | None) -> str | None:
    """Returns the former value in a mark; None if the text is no mark."""
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
        """Returns the function's name."""
        return f"{self.site.name}-{FUNCTION}"

    @property
    def alarm(self) -> str:
        """Returns the name of the alarm that stops the release."""
        return f"{self.site.name}-{ALARM}"

    def alias(self) -> dict[str, Any]:
        """Returns the alias `live` in Lambda."""
        found: dict[str, Any] = self.site.client("lambda").get_alias(FunctionName=self.function, Name=LIVE)
        return found

    def is_wholly_on(self, version: str) -> bool:
        """Returns True if all calls go to `version`."""
        alias = self.alias()
        return bool(alias["FunctionVersion"] == version and not weights(alias))

    def running(self) -> list[str]:
        """Returns the ids of the group's deployments that have not ended, including rollbacks."""
        ids: list[str] = self.site.client("codedeploy").list_deployments(
            applicationName=self.application, deploymentGroupName=self.group, includeOnlyStatuses=RUNNING
        )["deployments"]
        return ids

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """Returns a deployment in CodeDeploy."""
        answer = self.site.client("codedeploy").get_deployment(deploymentId=deployment_id)
        info: dict[str, Any] = answer["deploymentInfo"]
        return info

    def until(self, read: Callable[[], T | None], before_each: Callable[[], object] = lambda: None) -> T | None:
        """Polls with `read` until it returns a value, at most `MAX_WAIT_SECONDS`. Returns None after that."""
        for _ in range(int(MAX_WAIT_SECONDS / POLL_SECONDS)):
            before_each()
            if (result := read()) is not None:
                return result
            self.site.pause(POLL_SECONDS)
        return read()


def weights(alias: dict[str, Any]) -> dict[str, float]:
    """Returns the shares of the other versions that the alias routes to."""
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def function_to_rehearse(site: Site) -> RehearsedFunction | None:
    """Returns the function whose release can be rehearsed; None if CodeDeploy does not shift its alias."""
    groups = site.physical_ids("AWS::CodeDeploy::DeploymentGroup")
    if GROUP_ID not in groups:
        return None
    [application] = site.physical_ids(APPLICATION).values()
    return RehearsedFunction(site, application, groups[GROUP_ID])


def put_back(target: RehearsedFunction) -> list[str]:
    """Undoes all marked changes. Returns a sentence for each.

    Raises:
        CheckFailed: a deployment of CodeDeploy did not end, so the alias cannot be changed safely.
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
    """If marked versions exist, waits until CodeDeploy has ended, because it shifts the alias, too."""
    if _marked_versions(target) and target.until(lambda: None if target.running() else True) is None:
        raise CheckFailed(
            f"CodeDeploy still deploys {target.function}: {', '.join(target.running())}. Run the trial again later"
        )
    yield from ()


def _marked_versions(target: RehearsedFunction) -> dict[str, str]:
    """Returns the versions that rehearsals published, each with the former version of `live`."""
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
    """Waits until Lambda has finished an update of the function, or the publication of a version.

    Raises:
        CheckFailed: the update failed, or did not finish in time.
    """
    client = target.site.client("lambda")
    qualifier = {"Qualifier": version} if version else {}

    def read_state() -> str | None:
        configuration = client.get_function_configuration(FunctionName=target.function, **qualifier)
        states = {configuration.get("State", "Active"), configuration.get("LastUpdateStatus", "Successful")}
        return None if states & {"Pending", "InProgress"} else ", ".join(sorted(states))

    if (state := target.until(read_state)) != "Active, Successful":
        raise CheckFailed(f"{target.function} {version or ''} is {state or 'still being made'}")
