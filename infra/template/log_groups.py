"""The log groups. They outlive the stack, so that logs can be read for the whole promised time."""

from __future__ import annotations

from chalicelib.functions import FUNCTIONS, Function
from infra.template.intrinsics import Json, log_group_id, physical, sub


def function_log_groups() -> Json:
    """Returns the log groups of all functions, by logical id. Chalice sets their retention in days, by stage.

    Chalice names the API's group after a resource that does not exist. Here each group is named after its function.
    """
    return {log_group_id(each.name): log_group(f"/aws/lambda/{_physical_name(each)}") for each in FUNCTIONS}


def log_group(name: str, days: int | None = None) -> Json:
    """Returns a group that stays when its stack is deleted, and is deleted when its creation is rolled back.

    A group that stays keeps its retention. If the group were deleted with its stack, lines that arrive late would
    create it again without a retention.
    """
    retention = {} if days is None else {"RetentionInDays": days}
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": sub(name), **retention},
    }


def _physical_name(function: Function) -> str:
    name: str = physical(function.aws_name)["Fn::Sub"]
    return name
