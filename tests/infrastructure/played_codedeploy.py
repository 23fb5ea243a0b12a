"""CodeDeploy for one function's releases, as AWS documents it, and CloudWatch, which soon judges an alarm anew.

Each attribute whose name begins with `can_` or `does_` is a way to be wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.infrastructure.played_services import Play

LIVE = "live"
APPLICATION, GROUP = "pom-application", "pom-canary-group"
TENTH = 0.1
WHOLLY_AFTER = 600.0
"""Seconds after which a canary shifts the rest."""
RUNNING = {"Created", "Queued", "InProgress", "Baking", "Ready"}


@dataclass
class CodeDeploy:
    """Deployments of one group, which a clock of its own moves on."""

    alarm: str
    now: float = 1_800_000_000.0
    does_begin: bool = True
    does_stop_on_alarm: bool = True
    does_go_back: bool = True
    can_update_the_alias: bool = True
    reason: str = "ALARM_ACTIVE"
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    _moves: dict[str, tuple[dict[str, str], float]] = field(default_factory=dict)

    @property
    def plays(self) -> dict[str, Play]:
        """Returns the simulated response for each operation."""
        return {
            "CreateDeployment": self._create,
            "GetDeployment": lambda asked: {"deploymentInfo": self.deployments[asked["deploymentId"]]},
            "ListDeployments": self._list,
            "StopDeployment": self._stop,
            "BatchGetDeployments": lambda asked: {
                "deploymentsInfo": [self.deployments[each] for each in asked["deploymentIds"]]
            },
        }

    def pause(self, seconds: float) -> None:
        """Advances the time: CodeDeploy checks its alarm, and then CloudWatch evaluates it."""
        self.now += seconds
        for each in [each for each, info in self.deployments.items() if info["status"] == "InProgress"]:
            self._on(each)
        cloudwatch = boto3.client("cloudwatch")
        cloudwatch.set_alarm_state(AlarmName=self.alarm, StateValue="OK", StateReason="judged by its metrics")

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        assert (request["applicationName"], request["deploymentGroupName"]) == (APPLICATION, GROUP)
        assert request["deploymentConfigName"].startswith("CodeDeployDefault.LambdaCanary10Percent")
        spec = json.loads(request["revision"]["appSpecContent"]["content"])
        [[resource]] = [each.values() for each in spec["Resources"]]
        assert (spec["version"], resource["Type"]) == (0.0, "AWS::Lambda::Function")
        return {"deploymentId": self._begin(resource["Properties"], request.get("description", ""))}

    def _begin(self, move: dict[str, str], description: str, **more: Any) -> str:
        deployment_id = f"d-{len(self._moves) + 1}"
        self.deployments[deployment_id] = {
            "deploymentId": deployment_id, "status": "InProgress", "description": description, **more
        }  # fmt: skip
        self._moves[deployment_id] = (move, self.now)
        if not self.can_update_the_alias:
            error = {"code": "IAM_ROLE_PERMISSIONS", "message": "not authorized to perform lambda:UpdateAlias"}
            self.deployments[deployment_id] |= {"status": "Failed", "errorInformation": error}
        elif self.does_begin and "rollbackInfo" not in more:
            self._alias(move, move["CurrentVersion"], {move["TargetVersion"]: TENTH})
        return deployment_id

    def _on(self, deployment: str) -> None:
        info, (move, began) = self.deployments[deployment], self._moves[deployment]
        [alarm] = boto3.client("cloudwatch").describe_alarms(AlarmNames=[self.alarm])["MetricAlarms"]
        if "rollbackInfo" in info:
            self._alias(move, move["CurrentVersion"], {})
            info["status"] = "Succeeded"
        elif alarm["StateValue"] == "ALARM" and self.does_stop_on_alarm:
            self._end(deployment, self.reason)
        elif self.now - began >= WHOLLY_AFTER:
            self._alias(move, move["TargetVersion"], {})
            info["status"] = "Succeeded"

    def _end(self, deployment: str, code: str) -> None:
        error = {"code": code, "message": "stopped"}
        self.deployments[deployment] |= {"status": "Stopped", "errorInformation": error}
        if self.does_go_back:
            move, _ = self._moves[deployment]
            self._begin(move, "rollback", rollbackInfo={"rollbackTriggeringDeploymentId": deployment})

    def _alias(self, move: dict[str, str], version: str, weights: dict[str, float]) -> None:
        boto3.client("lambda").update_alias(
            FunctionName=move["Name"],
            Name=move["Alias"],
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        statuses = set(request["includeOnlyStatuses"])
        assert statuses == RUNNING
        return {"deployments": [each for each, info in self.deployments.items() if info["status"] in statuses]}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["autoRollbackEnabled"]
        self._end(request["deploymentId"], "MANUAL_STOP")
        return {"status": "Succeeded"}
