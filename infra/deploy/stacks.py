"""A CloudFormation stack: its status, its contents, and the reason of its latest failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.deploy import DeploymentError
from infra.deploy.aws import Aws

ONLY_A_CHANGE_SET = "REVIEW_IN_PROGRESS"
"""The status of a stack that only has a change set."""
ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
"""The status of a stack whose rollback failed. It accepts no change until the rollback is completed."""
FIRST_DEPLOYMENT_FAILED = "ROLLBACK_COMPLETE"
"""The status of a stack whose first deployment failed. It has no resources, and can only be deleted."""
DEPLOYABLE = frozenset(
    {
        ONLY_A_CHANGE_SET,
        FIRST_DEPLOYMENT_FAILED,
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
CHANGE_STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
"""Statuses of the stack's own event at the start of a change. A rollback belongs to the change that failed."""
REMOVED = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""Statuses of a resource that no longer belongs to the stack."""
ABSENT = "does not exist"
CANCELLED = "cancelled"
"""The word in the reason of an event that failed only because another event failed."""
POLL_SECONDS = 3
"""Seconds between two polls of a stack that is changing."""
MAX_WAIT_SECONDS = 2 * 3600
"""Seconds. A release in prod shifts for ten minutes, is watched for ten more, and may roll back the same way."""


class Stack:
    """A stack by its name."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._aws = aws

    @property
    def _client(self) -> Any:
        """Returns the client. It is created on first use, so that the checks can report a region that is not filled
        in.
        """
        return self._aws.client("cloudformation")

    def describe(self) -> dict[str, Any] | None:
        """Returns CloudFormation's description; None if the stack does not exist."""
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as exc:
            if ABSENT in str(exc):
                return None
            raise
        return found

    @property
    def status(self) -> str | None:
        """Returns the status; None if the stack does not exist."""
        description = self.describe()
        return description["StackStatus"] if description else None

    @property
    def exists(self) -> bool:
        """Returns True if the stack was ever deployed."""
        return self.status not in (None, ONLY_A_CHANGE_SET, FIRST_DEPLOYMENT_FAILED)

    def outputs(self) -> dict[str, str]:
        """Returns the outputs by name."""
        return {each["OutputKey"]: each["OutputValue"] for each in (self.describe() or {}).get("Outputs", ())}

    def parameters(self) -> dict[str, str]:
        """Returns the parameters by name."""
        listed_parameters = (self.describe() or {}).get("Parameters", ())
        return {each["ParameterKey"]: each["ParameterValue"] for each in listed_parameters}

    def resources(self) -> list[dict[str, Any]]:
        """Returns all current resources."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        summaries = (each for page in pages for each in page["StackResourceSummaries"])
        return [each for each in summaries if each["ResourceStatus"] not in REMOVED]

    def physical_ids(self, kind: str) -> dict[str, str]:
        """Returns the physical ids of the resources of a type, by logical id."""
        matching = (each for each in self.resources() if each["ResourceType"] == kind)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in matching}

    def wait(self, outcome: str) -> None:
        """Waits for `stack_create_complete`, `stack_update_complete` or `stack_delete_complete`, at most two hours.

        Raises:
            WaiterError: the stack ended in another status, or not in time.
        """
        polling = {"Delay": POLL_SECONDS, "MaxAttempts": MAX_WAIT_SECONDS // POLL_SECONDS}
        self._client.get_waiter(outcome).wait(StackName=self.name, WaiterConfig=polling)

    def delete(self, as_role: Mapping[str, str]) -> None:
        """Deletes the stack, and waits for the end. `as_role` names CloudFormation's role, if the stage has one.

        Raises:
            DeploymentError: the stack could not be deleted. The message names the first failure.
        """
        self._client.delete_stack(StackName=self.name, **as_role)
        try:
            self.wait("stack_delete_complete")
        except WaiterError as exc:
            raise DeploymentError(f"It was not deleted: {self.failure_reason()}") from exc

    def failure_reason(self) -> str:
        """Returns the event that caused the latest change to fail, with AWS's reason."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        newest_first = (event for page in pages for event in page["StackEvents"])
        latest = list(takewhile(lambda event: not _starts_a_change(event), newest_first))
        event = first_failure(latest[::-1])
        return event_text(event) if event else "CloudFormation lists no failed event"


def _starts_a_change(event: dict[str, Any]) -> bool:
    of_the_stack = event.get("PhysicalResourceId") == event["StackId"]
    return of_the_stack and event["ResourceStatus"] in CHANGE_STARTS


def first_failure(events: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the event that caused the others to fail, or the rollback's event if none failed. `events`: oldest
    first.
    """
    failures = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    causes = [each for each in failures if CANCELLED not in each.get("ResourceStatusReason", "").lower()]
    # If an alarm or a person rolls a change back, no resource fails: the stack's own event has the reason.
    rollbacks = [each for each in events if each["ResourceStatus"].endswith("ROLLBACK_IN_PROGRESS")]
    return next(iter(causes or failures or rollbacks), None)


def event_text(event: dict[str, Any]) -> str:
    """Returns the resource, its status, and AWS's reason."""
    resource = f"{event['LogicalResourceId']} ({event['ResourceType']}), {event['ResourceStatus']}"
    return f"{resource}: {event.get('ResourceStatusReason', 'no reason given')}"
