"""One CloudFormation stack: what it is now, what it has, and what made its latest change fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.deploy import DeploymentError
from infra.deploy.aws import Aws

ONLY_A_CHANGE_SET = "REVIEW_IN_PROGRESS"
"""A stack that only has a change set."""
ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
"""A stack that runs, and whose way back from a failed change failed: it takes no change before that has ended."""
FIRST_DEPLOYMENT_FAILED = "ROLLBACK_COMPLETE"
"""A stack whose first deployment failed: it has nothing left, and takes no change, only its deletion."""
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
"""What the stack's own event says when a change begins; a rollback is part of the change that failed."""
REMOVED = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""Of a resource that is the stack's no more."""
ABSENT = "does not exist"
CANCELLED = "cancelled"
"""In the reason of an event that failed only because another did."""
POLL_SECONDS = 3
"""Seconds between two looks at a stack that is changing."""
MAX_WAIT_SECONDS = 2 * 3600
"""Seconds. A release in prod shifts for ten minutes, is watched for ten more, and may go back the same way."""


class Stack:
    """A stack by its name."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._aws = aws

    @property
    def _client(self) -> Any:
        """Made when it is first used, so that the checks tell of a region that is still to be filled in."""
        return self._aws.client("cloudformation")

    def describe(self) -> dict[str, Any] | None:
        """As CloudFormation shows it; None if there is none."""
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as exc:
            if ABSENT in str(exc):
                return None
            raise
        return found

    @property
    def status(self) -> str | None:
        """Its status; None if there is none."""
        description = self.describe()
        return description["StackStatus"] if description else None

    @property
    def exists(self) -> bool:
        """Whether it was ever deployed."""
        return self.status not in (None, ONLY_A_CHANGE_SET, FIRST_DEPLOYMENT_FAILED)

    def outputs(self) -> dict[str, str]:
        """What it tells."""
        return {each["OutputKey"]: each["OutputValue"] for each in (self.describe() or {}).get("Outputs", ())}

    def parameters(self) -> dict[str, str]:
        """What it was told."""
        listed_parameters = (self.describe() or {}).get("Parameters", ())
        return {each["ParameterKey"]: each["ParameterValue"] for each in listed_parameters}

    def resources(self) -> list[dict[str, Any]]:
        """All its resources, without those it had once."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        summaries = (each for page in pages for each in page["StackResourceSummaries"])
        return [each for each in summaries if each["ResourceStatus"] not in REMOVED]

    def physical_ids(self, kind: str) -> dict[str, str]:
        """The resources of a type: their physical ids by logical ones."""
        matching = (each for each in self.resources() if each["ResourceType"] == kind)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in matching}

    def wait(self, outcome: str) -> None:
        """Wait for `stack_create_complete`, `stack_update_complete` or `stack_delete_complete`, at most two hours.

        Raises:
            WaiterError: it came out otherwise, or not in that time.
        """
        polling = {"Delay": POLL_SECONDS, "MaxAttempts": MAX_WAIT_SECONDS // POLL_SECONDS}
        self._client.get_waiter(outcome).wait(StackName=self.name, WaiterConfig=polling)

    def delete(self, as_role: Mapping[str, str]) -> None:
        """Delete it, as the role of CloudFormation's that is named, if any, and wait until it is gone.

        Raises:
            DeploymentError: it could not be deleted; the message names the first failure.
        """
        self._client.delete_stack(StackName=self.name, **as_role)
        try:
            self.wait("stack_delete_complete")
        except WaiterError as exc:
            raise DeploymentError(f"It was not deleted: {self.failure_reason()}") from exc

    def failure_reason(self) -> str:
        """The event that made the others of the latest change fail, and the reason that AWS gives."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        newest_first = (event for page in pages for event in page["StackEvents"])
        latest = list(takewhile(lambda event: not _starts_a_change(event), newest_first))
        event = first_failure(latest[::-1])
        return event_text(event) if event else "CloudFormation tells no event that failed"


def _starts_a_change(event: dict[str, Any]) -> bool:
    of_the_stack = event.get("PhysicalResourceId") == event["StackId"]
    return of_the_stack and event["ResourceStatus"] in CHANGE_STARTS


def first_failure(events: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the event that made the others fail, or else that of going back; `events` oldest first."""
    failures = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    causes = [each for each in failures if CANCELLED not in each.get("ResourceStatusReason", "").lower()]
    # No resource fails if an alarm or a person takes a change back: the stack's own event has the reason.
    rollbacks = [each for each in events if each["ResourceStatus"].endswith("ROLLBACK_IN_PROGRESS")]
    return next(iter(causes or failures or rollbacks), None)


def event_text(event: dict[str, Any]) -> str:
    """What failed, and the reason that AWS gives."""
    resource = f"{event['LogicalResourceId']} ({event['ResourceType']}), {event['ResourceStatus']}"
    return f"{resource}: {event.get('ResourceStatusReason', 'no reason given')}"
