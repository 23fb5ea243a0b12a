"""One CloudFormation stack: what it is now, what it has, and what happens to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws

FRESH = "REVIEW_IN_PROGRESS"
"""A stack that only has a change set."""
DEPLOYABLE = frozenset(
    {
        FRESH,
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
BEING_CHANGED = frozenset(
    {
        "CREATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    }
)
LEFT = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
"""Of a resource that is the stack's no more."""
UNDER_WAY = BEING_CHANGED | {FRESH}
ABSENT = "does not exist"
POLL = 3
"""Seconds between two looks."""
CANCELLED = "cancelled"
"""In the reason of an event that failed only because another did."""


class Stack:
    """A stack by its name. `pause` waits for some seconds."""

    def __init__(self, aws: Aws, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._aws = aws
        self._client = aws.client("cloudformation")
        self._pause = pause

    def described(self) -> dict[str, Any] | None:
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
        found = self.described()
        return found["StackStatus"] if found else None

    @property
    def exists(self) -> bool:
        """Whether it was ever deployed."""
        return self.status not in (None, FRESH)

    def outputs(self) -> dict[str, str]:
        """What it tells."""
        return {each["OutputKey"]: each["OutputValue"] for each in (self.described() or {}).get("Outputs", ())}

    def parameters(self) -> dict[str, str]:
        """What it was told."""
        told = (self.described() or {}).get("Parameters", ())
        return {each["ParameterKey"]: each["ParameterValue"] for each in told}

    def resources(self) -> list[dict[str, Any]]:
        """All its resources, without those it had once."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        listed = (each for page in pages for each in page["StackResourceSummaries"])
        return [each for each in listed if each["ResourceStatus"] not in LEFT]

    def physical_ids(self, kind: str) -> dict[str, str]:
        """The resources of a type: their physical ids by logical ones."""
        ours = (each for each in self.resources() if each["ResourceType"] == kind)
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in ours}

    def by_id(self) -> Stack:
        """The same stack by its id, which it keeps after it was deleted."""
        return Stack(
            self._aws, self._client.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"], self._pause
        )

    def latest_event(self) -> str | None:
        """The id of the newest event: a mark for `follow`."""
        return next((event["EventId"] for event in self._newest_first()), None)

    def follow(self, since: str | None) -> Iterator[dict[str, Any]]:
        """Events after `since` as they come, the oldest first, until the stack's own says that all has ended."""
        while True:
            fresh = list(takewhile(partial(_is_not, since), self._newest_first()))
            for event in reversed(fresh):
                yield event
                if event.get("PhysicalResourceId") == event["StackId"] and event["ResourceStatus"] not in UNDER_WAY:
                    return
            since = fresh[0]["EventId"] if fresh else since
            self._pause(POLL)

    def _newest_first(self) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self.name)
        return (event for page in pages for event in page["StackEvents"])


def _is_not(event_id: str | None, event: dict[str, Any]) -> bool:
    return bool(event["EventId"] != event_id)


def first_failure(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The event that made the others fail; `events` oldest first."""
    failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    causes = [each for each in failed if CANCELLED not in each.get("ResourceStatusReason", "").lower()]
    return next(iter(causes or failed), None)


def told(event: dict[str, Any]) -> str:
    """An event as a line."""
    return f"{event['ResourceStatus']:28} {event['ResourceType']:36} {event['LogicalResourceId']}"


def why(event: dict[str, Any]) -> str:
    """What failed, and the reason that AWS gives."""
    what = f"{event['LogicalResourceId']} ({event['ResourceType']}), {event['ResourceStatus']}"
    return f"{what}: {event.get('ResourceStatusReason', 'no reason given')}"
