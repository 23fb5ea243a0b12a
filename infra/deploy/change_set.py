"""A change set of CloudFormation: created, shown, and then executed or discarded."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import WaiterError

from infra.deploy import DeploymentError
from infra.deploy.aws import Aws
from infra.deploy.stacks import ONLY_A_CHANGE_SET, Stack
from infra.ops.screen import Row, Screen

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
"""CloudFormation creates roles, and runs SAM's transform."""
NO_CHANGE_REASONS = ("didn't contain changes", "No updates are to be performed")
POLL_SECONDS = 2
"""Seconds between two polls of a change set that is being created."""
LOST_WHEN_REPLACED = {
    "AWS::DynamoDB::Table": "its data",
    "AWS::SQS::Queue": "the work that waits in it",
    "AWS::Events::EventBus": "the bus that the rules of its consumers name",
    "AWS::ApiGateway::RestApi": "the address that Stripe and POM know, unless there is a domain",
}
"""The loss when a resource of the type is replaced or removed."""


class ChangeSet:
    """A change set of a stack."""

    def __init__(self, aws: Aws, stack: Stack, as_role: Mapping[str, str] | None = None) -> None:
        self._client = aws.client("cloudformation")
        self._as_role = as_role or {}
        self._stack = stack
        self._id = ""
        self.changes: list[dict[str, Any]] = []

    def make(self, url: str, values: Mapping[str, str], tags: Mapping[str, str], rollback: Mapping[str, Any]) -> None:
        """Asks CloudFormation to compare the template at `url` with the stack.

        `rollback` names the alarms that roll the change back, in CloudFormation's form.

        Raises:
            DeploymentError: CloudFormation rejects the template.
        """
        first = not self._stack.exists
        self._id = self._client.create_change_set(
            StackName=self._stack.name,
            ChangeSetName=f"deploy-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}",
            ChangeSetType="CREATE" if first else "UPDATE",
            TemplateURL=url,
            Capabilities=CAPABILITIES,
            **self._as_role,
            RollbackConfiguration=rollback,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())],
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        )["Id"]
        try:
            polling = {"Delay": POLL_SECONDS, "MaxAttempts": 600 // POLL_SECONDS}
            self._client.get_waiter("change_set_create_complete").wait(ChangeSetName=self._id, WaiterConfig=polling)
        except WaiterError as exc:
            reason = exc.last_response.get("StatusReason") or str(exc)
            if any(nothing in reason for nothing in NO_CHANGE_REASONS):
                return
            self.discard()
            raise DeploymentError(f"CloudFormation rejects the template: {reason}") from exc
        pages = self._client.get_paginator("describe_change_set").paginate(ChangeSetName=self._id)
        self.changes = [change["ResourceChange"] for page in pages for change in page.get("Changes", ())]

    def show(self, screen: Screen) -> list[str]:
        """Shows a row for each change, and the counts. Returns a warning for each change that loses something."""
        rows = [
            {
                "action": each["Action"],
                "logical_id": each["LogicalResourceId"],
                "type": each["ResourceType"],
                "replacement": each.get("Replacement"),
            }
            for each in self.changes
        ]
        screen.table("changes", f"Changes of {self._stack.name}", rows, style=_style)
        counts = Counter(each["Action"] for each in self.changes)
        summary = ", ".join(f"{number} {action}" for action, number in sorted(counts.items()))
        screen.fact("counts", counts, f"{len(self.changes)} changes of {self._stack.name}: {summary}")
        return [warning for each in self.changes if (warning := loss(each))]

    def execute(self) -> None:
        """Changes the stack, and waits for the end.

        Raises:
            DeploymentError: the change failed and was rolled back. The message names the first failure.
        """
        outcome = "stack_update_complete" if self._stack.exists else "stack_create_complete"
        # Without RetainExceptOnCreate, the version of a failed release would stay, and Lambda publishes no equal
        # version again.
        self._client.execute_change_set(ChangeSetName=self._id, RetainExceptOnCreate=True)
        try:
            self._stack.wait(outcome)
        except WaiterError as exc:
            raise DeploymentError(f"First to fail: {self._stack.failure_reason()}") from exc

    def discard(self) -> None:
        """Deletes the change set. If the stack consists of nothing else, deletes the stack."""
        if self._stack.status == ONLY_A_CHANGE_SET:
            self._client.delete_stack(StackName=self._stack.name, **self._as_role)
        else:
            self._client.delete_change_set(ChangeSetName=self._id)


def loss(change: Mapping[str, Any]) -> str | None:
    """Returns what a change would lose; None if it loses nothing."""
    kind, name = change["ResourceType"], change["LogicalResourceId"]
    if kind not in LOST_WHEN_REPLACED:
        return None
    if change["Action"] == "Remove":
        return f"{name} would be removed from the stack: {LOST_WHEN_REPLACED[kind]}"
    if change.get("Replacement") in {"True", "Conditional"}:
        may = "would" if change["Replacement"] == "True" else "may"
        return f"{name} {may} be replaced: {LOST_WHEN_REPLACED[kind]}"
    return None


def _style(row: Row) -> str:
    change = {"Action": row["action"], "LogicalResourceId": row["logical_id"], "ResourceType": row["type"]}
    return "bold red" if loss({**change, "Replacement": row["replacement"]}) else ""
