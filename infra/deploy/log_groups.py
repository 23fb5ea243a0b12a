"""The log groups of a stage, which outlive their stack: finds leftovers of an earlier stack, and deletes groups."""

from __future__ import annotations

from collections.abc import Iterable

from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.stacks import Stack
from infra.template.api import api_resources
from infra.template.log_groups import function_log_groups

LOG_GROUP = "AWS::Logs::LogGroup"


def names(stack: str) -> set[str]:
    """Returns the names of all log groups of a stack with this name."""
    resources = (*function_log_groups().values(), *api_resources().values())
    groups = (each["Properties"]["LogGroupName"]["Fn::Sub"] for each in resources if each["Type"] == LOG_GROUP)
    return {name.replace("${AWS::StackName}", stack) for name in groups}


def check_leftovers(stack: Stack, aws: Aws) -> str:
    """Returns that no log group of an earlier stack exists.

    CloudFormation cannot create a group whose name is taken. CloudFormation imports an existing group automatically
    only if the template has the name as a literal, and these names contain the stack's name
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html).

    Raises:
        CheckFailed: groups of an earlier stack, or of a removed function, have these names.
    """
    own = set(stack.physical_ids(LOG_GROUP).values()) if stack.exists else set()
    if leftovers := sorted((names(stack.name) - own) & _existing(stack.name, aws)):
        raise CheckFailed(
            f"log groups of an earlier stack exist: {', '.join(leftovers)}. CloudFormation cannot create a group if"
            f" its name is taken. Export the lines that are still needed (aws logs create-export-task), then delete"
            f" each group: aws logs delete-log-group --log-group-name {leftovers[0]}"
        )
    return "none of an earlier stack"


def _existing(stack: str, aws: Aws) -> set[str]:
    pages = aws.client("logs").get_paginator("describe_log_groups")
    prefixes = {name[: name.index(stack) + len(stack)] for name in names(stack)}
    pages_of_groups = (page["logGroups"] for prefix in prefixes for page in pages.paginate(logGroupNamePrefix=prefix))
    return {group["logGroupName"] for groups in pages_of_groups for group in groups}


def delete(groups: Iterable[str], aws: Aws) -> None:
    """Deletes these groups with all their lines."""
    for name in groups:
        aws.client("logs").delete_log_group(logGroupName=name)
