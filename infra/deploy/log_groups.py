"""The log groups of a stage, which outlive their stack: which of them stand in another stack's way, and their end."""

from __future__ import annotations

from collections.abc import Iterable

from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.stacks import Stack
from infra.template.api import api_resources
from infra.template.log_groups import function_log_groups

LOG_GROUP = "AWS::Logs::LogGroup"


def names(stack: str) -> set[str]:
    """Returns the names of all groups that a stack of this name makes."""
    resources = (*function_log_groups().values(), *api_resources().values())
    groups = (each["Properties"]["LogGroupName"]["Fn::Sub"] for each in resources if each["Type"] == LOG_GROUP)
    return {name.replace("${AWS::StackName}", stack) for name in groups}


def check_leftovers(stack: Stack, aws: Aws) -> str:
    """Looks for groups that have a name that the stack's groups are to have, and that are not the stack's.

    CloudFormation cannot make a group whose name is taken. It imports an existing one by itself only if the template
    has the name as a literal, and here it is made of the stack's name
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html).

    Raises:
        Bad: there are such groups. An earlier stack of the same name, or a function that was removed, left them.
    """
    own = set(stack.physical_ids(LOG_GROUP).values()) if stack.exists else set()
    if leftovers := sorted((names(stack.name) - own) & _existing(stack.name, aws)):
        raise CheckFailed(
            f"log groups of an earlier stack exist: {', '.join(leftovers)}. CloudFormation cannot create a group whose"
            f" name is taken. Export the lines that are still needed (aws logs create-export-task), then delete each"
            f" group: aws logs delete-log-group --log-group-name {leftovers[0]}"
        )
    return "none of an earlier stack"


def _existing(stack: str, aws: Aws) -> set[str]:
    pages = aws.client("logs").get_paginator("describe_log_groups")
    prefixes = {name[: name.index(stack) + len(stack)] for name in names(stack)}
    pages_of_groups = (page["logGroups"] for prefix in prefixes for page in pages.paginate(logGroupNamePrefix=prefix))
    return {group["logGroupName"] for groups in pages_of_groups for group in groups}


def delete(groups: Iterable[str], aws: Aws) -> None:
    """Deletes these groups with all lines in them."""
    for name in groups:
        aws.client("logs").delete_log_group(logGroupName=name)
