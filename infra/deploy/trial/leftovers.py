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

from infra.deploy.findings import Bad
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
LOOK_EVERY = 10.0
"""Seconds between two looks."""
LONGEST = 300.0
"""Seconds for which one step is waited for."""

_MARK = "make sandbox-aws rehearses a rollback"
_OF = re.compile(rf"{_MARK}; before: (\w+)")


def mark(before: str) -> str:
    """Returns the mark of a thing that was changed, with what it was before."""
    return f"{_MARK}; before: {before}"


def _before(text: str | None) -> str | None:
    """Returns what a thing was before, by its mark; None if it has no mark."""
    found = _OF.match(text or "")
    return found[1] if found else None


@dataclass(frozen=True)
class Rehearsed:
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
        found: list[str] = self.site.client("codedeploy").list_deployments(
            applicationName=self.application, deploymentGroupName=self.group, includeOnlyStatuses=RUNNING
        )["deployments"]
        return found

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """Returns a deployment as CodeDeploy shows it."""
        answer = self.site.client("codedeploy").get_deployment(deploymentId=deployment_id)
        found: dict[str, Any] = answer["deploymentInfo"]
        return found

    def until(self, look: Callable[[], T | None], before_each: Callable[[], object] = lambda: None) -> T | None:
        """Returns the first thing that `look` returns within `LONGEST` seconds; None if it returns none."""
        for _ in range(int(LONGEST / LOOK_EVERY)):
            before_each()
            if (found := look()) is not None:
                return found
            self.site.pause(LOOK_EVERY)
        return look()


def weights(alias: dict[str, Any]) -> dict[str, float]:
    """Returns the shares of other versions than the alias's own."""
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def rehearsed(site: Site) -> Rehearsed | None:
    """Returns the function whose release can be rehearsed; None if CodeDeploy does not move its alias."""
    groups = site.physical_ids("AWS::CodeDeploy::DeploymentGroup")
    if GROUP_ID not in groups:
        return None
    [application] = site.physical_ids(APPLICATION).values()
    return Rehearsed(site, application, groups[GROUP_ID])


def put_back(of: Rehearsed) -> list[str]:
    """Puts back whatever has the mark of a rehearsal; returns a sentence for each thing that was put back.

    Raises:
        Bad: a deployment of CodeDeploy's did not end, so that the alias is not safe to touch.
    """
    return [*_stopped(of), *_alarm(of), *_nothing_runs(of), *_alias_and_versions(of)]


def _stopped(of: Rehearsed) -> Iterator[str]:
    for each in of.running():
        if _before(of.deployment(each).get("description")):
            of.site.client("codedeploy").stop_deployment(deploymentId=each, autoRollbackEnabled=True)
            yield f"the deployment {each} was stopped"


def _alarm(of: Rehearsed) -> Iterator[str]:
    cloudwatch = of.site.client("cloudwatch")
    for each in cloudwatch.describe_alarms(AlarmNames=[of.alarm])["MetricAlarms"]:
        before = _before(each.get("StateReason"))
        if before and each["StateValue"] == "ALARM":
            reason = "make sandbox-aws has ended its rehearsal"
            cloudwatch.set_alarm_state(AlarmName=of.alarm, StateValue=before, StateReason=reason)
            yield f"{of.alarm} is {before} again"


def _nothing_runs(of: Rehearsed) -> Iterator[str]:
    """Waits, if anything of ours is left, until CodeDeploy has ended: it moves the alias, too."""
    if _marked_versions(of) and of.until(lambda: None if of.running() else True) is None:
        raise Bad(
            f"CodeDeploy still works on {of.function}: {', '.join(of.running())}. Try again when that has ended"
        )
    yield from ()


def _marked_versions(of: Rehearsed) -> dict[str, str]:
    """Returns the versions that rehearsals published, each with the version that `live` was on before."""
    pages = of.site.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=of.function)
    marks = {each["Version"]: _before(each.get("Description")) for page in pages for each in page["Versions"]}
    return {version: before for version, before in marks.items() if before}


def _alias_and_versions(of: Rehearsed) -> Iterator[str]:
    client = of.site.client("lambda")
    marked = _marked_versions(of)
    alias = of.alias()
    used = marked.keys() & {alias["FunctionVersion"], *weights(alias)}
    if used:
        before = marked[min(used)]
        none: dict[str, Any] = {"AdditionalVersionWeights": {}}
        client.update_alias(FunctionName=of.function, Name=LIVE, FunctionVersion=before, RoutingConfig=none)
        yield f"{LIVE} of {of.function} is wholly on version {before} again"
    if before_latest := marked.pop("$LATEST", None):
        described = client.get_function_configuration(FunctionName=of.function, Qualifier=before_latest)
        client.update_function_configuration(FunctionName=of.function, Description=described["Description"])
        settled(of)
        yield f"the description of {of.function} is that of version {before_latest} again"
    for version in sorted(marked, key=int):
        client.delete_function(FunctionName=of.function, Qualifier=version)
        yield f"version {version} of {of.function} was deleted"


def settled(of: Rehearsed, version: str | None = None) -> None:
    """Waits until Lambda has made an update of the function, or a version of it.

    Raises:
        Bad: it has not in time, or it failed.
    """
    client = of.site.client("lambda")
    which = {"Qualifier": version} if version else {}

    def look() -> str | None:
        found = client.get_function_configuration(FunctionName=of.function, **which)
        states = {found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")}
        return None if states & {"Pending", "InProgress"} else ", ".join(sorted(states))

    if (state := of.until(look)) != "Active, Successful":
        raise Bad(f"{of.function} {version or ''} is {state or 'still being made'}")
