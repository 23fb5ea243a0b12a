"""Rows about rollbacks: CodeDeploy's deployment groups, its last deployments, and the rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.deploy.findings import CheckFailed
from infra.deploy.trial.rehearsal import QUESTION, rehearse
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.releases import IN_STEPS, WATCHED

APPLICATION = "AWS::CodeDeploy::Application"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
ON_ALARM = "DEPLOYMENT_STOP_ON_ALARM"


def _groups(site: Site) -> list[dict[str, Any]]:
    """Returns CodeDeploy's deployment groups of the stage, one for each function."""
    names = sorted(site.physical_ids(GROUP).values())
    if not names:
        raise NotTried(f"the last release went without CodeDeploy ({IN_STEPS} is {site.parameters.get(IN_STEPS)})")
    [application] = site.physical_ids(APPLICATION).values()
    answer = site.client("codedeploy").batch_get_deployment_groups(
        applicationName=application, deploymentGroupNames=names
    )
    groups: list[dict[str, Any]] = answer["deploymentGroupsInfo"]
    return groups


def _roll_back_on_alarm(site: Site) -> str:
    groups = _groups(site)
    expected_alarms = {f"{site.name}-{name}" for name in WATCHED}

    def faults() -> Iterator[str]:
        for each in groups:
            name, configuration = each["deploymentGroupName"], each.get("alarmConfiguration", {})
            watched_alarms = (
                {alarm["name"] for alarm in configuration.get("alarms", ())}
                if configuration.get("enabled")
                else set()
            )
            if missing := sorted(expected_alarms - watched_alarms):
                yield f"{name} does not watch {', '.join(missing)}"
            rollback = each.get("autoRollbackConfiguration", {})
            if not rollback.get("enabled") or ON_ALARM not in rollback.get("events", ()):
                yield f"{name} does not go back when an alarm stops it"

    if wrong := list(faults()):
        raise CheckFailed("; ".join(wrong))
    return f"{len(groups)} groups, each watching {len(expected_alarms)} alarms"


def _last_deployments(site: Site) -> str:
    deployments = [each["lastAttemptedDeployment"] for each in _groups(site) if each.get("lastAttemptedDeployment")]
    if not deployments:
        raise NotTried("no release has gone through CodeDeploy yet: the second one will")
    failed_ids = [each["deploymentId"] for each in deployments if each["status"] == "Failed"]
    if failed_ids:
        answer = site.client("codedeploy").batch_get_deployments(deploymentIds=failed_ids)["deploymentsInfo"]
        raise CheckFailed("; ".join(f"{each['deploymentId']}: {each.get('errorInformation', {})}" for each in answer))
    if stopped_ids := [each["deploymentId"] for each in deployments if each["status"] == "Stopped"]:
        raise Harmless(f"{', '.join(stopped_ids)} was stopped, by an alarm or by a person")
    return f"{len(deployments)}, none failed"


ROWS = (
    Row("deployment groups", "Each function's releases are watched, and go back on an alarm.", _roll_back_on_alarm),
    Row("last deployments", "CodeDeploy could do what it was asked: its role is enough.", _last_deployments),
    Row("rollback rehearsal", "An alarm stops a release, and takes it back.", rehearse, changes=QUESTION),
)
